"""Frames scaled down, to be searched for faces: a clip's every one, or only those that cost little."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from contextlib import closing
from itertools import islice
from queue import SimpleQueue

import cv2
import numpy as np
from numpy.typing import NDArray

from synctalkface.ahead import ahead
from synctalkface.errors import MediaError
from synctalkface.video.decode import never, small
from synctalkface.video.probe import Video
from synctalkface.video.read import here, pipe

# what no other frame is made of may keep its block edges where frames are scaled down: a tenth of the decoding
_COARSE = {"skip_loop_filter": "noref"}
STRETCH = 4  # frames that are handed over at once
Small = NDArray[np.uint8]  # (h, w, 3) RGB


class Glances:
    """Frames start..stop of `video` as RGB uint8 (h, w, 3), scaled down by area, never up, to `longest_side`.

    Otherwise as `read_frames`. Made to be searched, not shown: in frames of even size the colours are converted as
    those of BT.601 always, which costs a tenth of what ffmpeg takes for it, and half the bytes in the pipe.
    passing: whether frames that no other is made of may be passed over, from a little later on, which halves the
    decoding; None comes in their place. May be set at any time. Only plain clips, which are decoded in this process,
    are passed over.
    The next frames are decoded in a thread of its own while those that came are looked at. `passing` as it is when a
    stretch was looked at holds from the stretch after the next on, so the same settings give the same frames always.
    """

    def __init__(self, video: Video, longest_side: int, start: int = 0, stop: int | None = None) -> None:
        self.passing = False
        self._video, self._side = video, longest_side
        self._start, self._stop = start, len(video.clock) if stop is None else min(stop, len(video.clock))

    def __iter__(self) -> Iterator[Small | None]:
        orders: SimpleQueue[bool] = SimpleQueue()  # whether frames may be passed over, for each stretch to come
        for _ in range(2):
            orders.put(self.passing)
        with closing(ahead(self._stretches(orders))) as stretches:
            for stretch in stretches:
                yield from stretch
                orders.put(self.passing)

    def _stretches(self, orders: SimpleQueue[bool]) -> Iterator[list[Small | None]]:
        """All frames, STRETCH at once, each as `orders` say."""
        now, ever = False, False

        def frames() -> Generator[Small | None, None, None]:
            coming = self._start
            for number, frame in self._read(self._start, self._stop, lambda: now):
                yield from [None] * (number - coming)
                yield frame
                coming = number + 1
            if ever and coming < self._stop:
                yield from self.again(coming - self._start, self._stop - self._start)
            elif coming == self._start:
                raise MediaError(f"No frame of {self._video.named} can be decoded. Export the clip again.")

        with closing(frames()) as every:
            while True:
                now = orders.get()
                ever = ever or now
                stretch = list(islice(every, STRETCH))
                if not stretch:
                    return
                yield stretch

    def again(self, first: int, stop: int) -> list[Small]:
        """The frames first..stop, counted from the first that came: all of them, as long as they can be decoded."""
        return [frame for _, frame in self._read(self._start + first, min(self._start + stop, self._stop), never)]

    def _read(self, start: int, stop: int, passing: Callable[[], bool]) -> Iterator[tuple[int, Small]]:
        video = self._video
        scale = min(1.0, self._side / max(video.width, video.height))
        width, height = max(1, round(video.width * scale)), max(1, round(video.height * scale))
        even = width % 2 == 0 and height % 2 == 0
        plain = even and video.pixel_format == "yuv420p" and not video.colour.full_range
        decoded = here(video, start, stop, _COARSE, passing) if plain else None
        if decoded is not None:
            for number, frame in decoded:
                yield number, small(video, frame, width, height)
        elif even:
            to: dict[str, object] = {"w": width, "h": height, "flags": "area", "out_range": "tv"}
            coming = pipe(video, start, stop, "yuv420p", to, width * height * 3 // 2, _COARSE)
            for number, data in enumerate(coming, start):
                picture = cv2.cvtColor(data.reshape(height * 3 // 2, width), cv2.COLOR_YUV2RGB_I420)
                yield number, np.asarray(picture, np.uint8)
        else:
            to = {"w": width, "h": height, "flags": "area", "in_color_matrix": video.colour.matrix}
            coming = pipe(video, start, stop, "rgb24", to, width * height * 3, _COARSE)
            for number, data in enumerate(coming, start):
                yield number, data.reshape(height, width, 3)
