"""Streaming frames out of a clip: forward from any frame, small for tracking, or in the order of a timeline.

All three hold a few frames in memory, whatever the clip's length, and end their ffmpeg when they are closed.
"""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import closing
from types import MappingProxyType
from typing import BinaryIO, cast

import cv2
import numpy as np
from numpy.typing import NDArray

from synctalkface import ffmpeg
from synctalkface.errors import MediaError
from synctalkface.video.frame import Frame, bit_depth, frame_bytes, sample_type
from synctalkface.video.probe import Video

_SEEKABLE = {"mov", "matroska"}  # containers with an index; in the others a seek may miss the frame
_CHUNK = 48  # frames that a backward run decodes at once
_CHUNK_BYTES = 256 << 20
_THREADS = max(1, (os.cpu_count() or 1) // 2)  # more of them cost time of the encoder's, and frames in memory
# what no other frame is made of may keep its block edges where frames are scaled down: a tenth of the decoding
_COARSE = {"skip_loop_filter": "noref"}
_SKIP = 24  # frames it is cheaper to read past than to seek over


def read_frames(video: Video, start: int = 0, stop: int | None = None) -> Iterator[Frame]:
    """The frames start..stop of `video`, to its end without `stop`, each in memory of its own.

    A damaged clip may give fewer frames than its clock has, and ends where it cannot be decoded any more: count them.
    Raises MediaError if not one frame comes.
    """
    empty = True
    for frame in _stream(video, start, stop):
        empty = False
        yield frame
    if empty:
        raise MediaError(f"No frame of {video.named} can be decoded from frame {start} on. Export the clip again.")


def small_size(video: Video, longest_side: int) -> tuple[int, int]:
    """(width, height) of the frames of `read_small`: never larger than the clip."""
    scale = min(1.0, longest_side / max(video.width, video.height))
    return max(1, round(video.width * scale)), max(1, round(video.height * scale))


def read_small(video: Video, longest_side: int, start: int = 0, stop: int | None = None) -> Iterator[NDArray[np.uint8]]:
    """Frames start..stop as RGB uint8 (h, w, 3), scaled down by area to `small_size`. Otherwise as `read_frames`.

    Made to be searched, not shown: in frames of even size the colours are converted as those of BT.601 always, which
    costs a tenth of what ffmpeg takes for it, and half the bytes in the pipe.
    """
    width, height = small_size(video, longest_side)
    empty = True
    if width % 2 == 0 and height % 2 == 0:
        scale: dict[str, object] = {"w": width, "h": height, "flags": "area", "out_range": "tv"}
        for data in _pipe(video, start, stop, "yuv420p", scale, width * height * 3 // 2, _COARSE):
            empty = False
            yield np.asarray(cv2.cvtColor(data.reshape(height * 3 // 2, width), cv2.COLOR_YUV2RGB_I420), np.uint8)
    else:
        scale = {"w": width, "h": height, "flags": "area", "in_color_matrix": video.colour.matrix}
        for data in _pipe(video, start, stop, "rgb24", scale, width * height * 3, _COARSE):
            empty = False
            yield data.reshape(height, width, 3)
    if empty:
        raise MediaError(f"No frame of {video.named} can be decoded. Export the clip again.")


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
                    chunk = dict(zip(range(low, index + 1), _stream(video, low, index + 1), strict=False))
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
    frame = next(_stream(video, index, index + 1), None) if index >= 0 else None
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
            self._frames = _stream(self._video, index, None)
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


def _stream(video: Video, start: int, stop: int | None) -> Iterator[Frame]:
    size = frame_bytes(video.width, video.height, video.pixel_format)
    for data in _pipe(video, start, stop, *_as_stored(video), size):
        samples = data.view(sample_type(video.pixel_format))
        yield Frame(video.width, video.height, video.pixel_format, video.colour, samples)


def _as_stored(video: Video) -> tuple[str, dict[str, object]]:
    """Planar YUV with the matrix and the range of the clip: the format, and the scaling if it needs any."""
    name: str = video.pixel_format
    if video.colour.full_range and bit_depth(video.pixel_format) == 8:
        name = name.replace("yuv", "yuvj")  # libav's own names for full range, which exist for 8 bits alone
    if video.source_format in (name, video.pixel_format):
        return name, {}
    matrix, values = video.colour.matrix, "pc" if video.colour.full_range else "tv"
    colours = {"in_color_matrix": matrix, "out_color_matrix": matrix, "out_range": values}
    return name, {**colours, "flags": "bicubic+accurate_rnd"}


def _pipe(
    video: Video,
    start: int,
    stop: int | None,
    pixel_format: str,
    scale: dict[str, object],
    size: int,
    decoder: Mapping[str, str] = MappingProxyType({}),
) -> Iterator[NDArray[np.uint8]]:
    """The raw frames start..stop in `pixel_format`, each `size` bytes, after the filter `scale` if it is not empty.

    `decoder`: options of its own.
    """
    if stop is not None and stop <= start:
        return
    seek, skip = _seek(video, start)
    picture = ffmpeg.media_input(video.path, threads=_THREADS, **decoder, **seek)["V:0"]
    if video.interlaced:
        picture = picture.filter("bwdif", mode="send_frame", deint="interlaced")
    if scale:
        picture = picture.filter("scale", **scale).filter("format", pixel_format)
    options = ffmpeg.every_frame(ffmpeg.find_ffmpeg())
    if stop is not None:
        options["frames:v"] = str(stop - start + skip)
    output = picture.output("pipe:1", format="rawvideo", pix_fmt=pixel_format, **options)
    with tempfile.TemporaryFile() as errors:
        process = ffmpeg.start(output.get_args(), errors, stdout=subprocess.PIPE)
        try:
            source = cast(BinaryIO, process.stdout)
            while (data := _read_exactly(source, size)) is not None:
                if skip:
                    skip -= 1
                else:
                    yield data
        finally:
            ffmpeg.stop(process)


def _seek(video: Video, start: int) -> tuple[dict[str, str], int]:
    """How to come to frame `start`: the options of the input, and the frames to drop after it."""
    if start == 0:
        return {}, 0
    if start >= len(video.clock) or not _SEEKABLE & set(video.container.split(",")):
        return {}, start
    skip = 1 if video.interlaced else 0  # to be deinterlaced as in one pass, a frame needs the one before
    first = start - skip
    if first == 0:
        return {}, skip
    # half way between two frames, so that no rounding of a timestamp picks the wrong one
    before = (video.clock.starts[first - 1] + video.clock.starts[first]) / 2
    return {"ss": f"{before:.6f}"}, skip


def _read_exactly(source: BinaryIO, size: int) -> NDArray[np.uint8] | None:
    """The next `size` bytes; None at the end, where a frame may be cut off."""
    data = np.empty(size, dtype=np.uint8)
    view, done = memoryview(data.data), 0
    while done < size:
        count = source.readinto(view[done:])  # type: ignore[attr-defined]
        if not count:
            return None
        done += count
    return data
