"""Streaming frames out of a clip in the order of a timeline: forwards, backwards, one several times.

A few frames are held in memory, whatever the clip's length; the ffmpegs end when the iterator is closed.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing

import numpy as np
from numpy.typing import NDArray

from synctalkface.errors import MediaError
from synctalkface.video.frame import Frame, frame_bytes
from synctalkface.video.probe import Video
from synctalkface.video.read import stream

_CHUNK = 48  # frames that a backward run decodes at once
_CHUNK_BYTES = 256 << 20
_SKIP = 24  # frames it is cheaper to read past than to seek over


def read_sequence(video: Video, indices: NDArray[np.int64]) -> Iterator[Frame]:
    """The frames of `video` in the order of `indices` (M,), that of a Timeline's source: M frames.

    Forward runs are one stream, backward runs are decoded in chunks and turned round, a repeated frame is copied.
    A frame that a damaged clip lacks is replaced by the one before. Raises MediaError if not one frame comes.
    """
    cursor = _Cursor(video)
    with closing(cursor):
        last: Frame | None = None  # the frame before, as it was filmed, if it is to be shown again
        known = -1  # the latest frame that came
        spare: Frame | None = None  # that frame, where the next do not come
        chunk: dict[int, Frame] = {}
        for place, index in enumerate(map(int, indices)):
            frame: Frame | None
            again = place + 1 < len(indices) and index == int(indices[place + 1])
            if last is not None:
                frame, last = last, last.copy() if again else None
                yield frame
                continue
            if index not in chunk:
                chunk = {}
                low = _backward_until(indices, place, _chunk_length(video))
                if low < index:
                    chunk = dict(zip(range(low, index + 1), stream(video, low, index + 1), strict=False))
            frame = chunk.pop(index, None) or (cursor.take(index) if not chunk else None)
            if frame is not None:
                known, spare = index, None
            else:
                spare = spare or _one(video, known)
                frame = spare.copy()
            last = frame.copy() if again else None  # the one that is given away may be painted on
            yield frame


def _one(video: Video, index: int) -> Frame:
    """Frame `index`, which has been decoded before; MediaError if there is none, or it does not come again."""
    frame = next(stream(video, index, index + 1), None) if index >= 0 else None
    if frame is None:
        raise MediaError(f"No frame of {video.named} can be decoded. Export the clip again.")
    return frame


class _Cursor:
    """An open forward stream that knows which frame comes next."""

    def __init__(self, video: Video) -> None:
        self._video = video
        self._frames: Iterator[Frame] = iter(())
        self._next = -1

    def take(self, index: int) -> Frame | None:
        """Frame `index`; None if the clip ends before it."""
        if not 0 <= self._next <= index <= self._next + _SKIP:
            self.close()
            self._frames = stream(self._video, index, None)
            self._next = index
        for frame in self._frames:
            self._next += 1
            if self._next > index:
                return frame
        return None

    def close(self) -> None:
        """End the stream."""
        if hasattr(self._frames, "close"):
            self._frames.close()


def _backward_until(indices: NDArray[np.int64], place: int, longest: int) -> int:
    """The lowest frame of the run that goes back one by one from indices[place], `longest` frames at most."""
    low = int(indices[place])
    for index in indices[place + 1 : place + longest]:
        if int(index) != low - 1:
            break
        low -= 1
    return low


def _chunk_length(video: Video) -> int:
    return max(4, min(_CHUNK, _CHUNK_BYTES // frame_bytes(video.width, video.height, video.pixel_format)))
