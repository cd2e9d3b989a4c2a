"""Streaming frames out of a clip: forward from any frame, or small for tracking.

Both hold a few frames in memory, whatever the clip's length, and close the file, or end their ffmpeg, when they are
closed. A plain clip is decoded here (video.decode), every other by an ffmpeg of its own.
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
from av.video.frame import VideoFrame
from numpy.typing import NDArray

from synctalkface import ffmpeg
from synctalkface.errors import MediaError
from synctalkface.video.decode import Lost, decoded, small, whole
from synctalkface.video.frame import Frame, bit_depth, frame_bytes, sample_type
from synctalkface.video.probe import Video

_SEEKABLE = {"mov", "matroska"}  # containers with an index; in the others a seek may miss the frame
_THREADS = max(1, (os.cpu_count() or 1) // 2)  # more of them cost time of the encoder's, and frames in memory
# what no other frame is made of may keep its block edges where frames are scaled down: a tenth of the decoding
_COARSE = {"skip_loop_filter": "noref"}


def read_frames(video: Video, start: int = 0, stop: int | None = None) -> Iterator[Frame]:
    """The frames start..stop of `video`, to its end without `stop`, each in memory of its own.

    A damaged clip may give fewer frames than its clock has, and ends where it cannot be decoded any more: count them.
    Raises MediaError if not one frame comes.
    """
    empty = True
    for frame in stream(video, start, stop):
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
    even = width % 2 == 0 and height % 2 == 0
    plain = even and video.pixel_format == "yuv420p" and not video.colour.full_range
    here = _here(video, start, stop, _COARSE) if plain else None
    if here is not None:
        for frame in here:
            empty = False
            yield small(video, frame, width, height)
    elif even:
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


def stream(video: Video, start: int, stop: int | None) -> Iterator[Frame]:
    """As `read_frames`, but nothing is raised where none comes."""
    size = frame_bytes(video.width, video.height, video.pixel_format)
    kind = sample_type(video.pixel_format)
    here = _here(video, start, stop, {})
    if here is not None:
        for frame in here:
            yield Frame(video.width, video.height, video.pixel_format, video.colour, whole(video, frame))
        return
    for data in _pipe(video, start, stop, *_as_stored(video), size):
        yield Frame(video.width, video.height, video.pixel_format, video.colour, data.view(kind))


def _here(video: Video, start: int, stop: int | None, options: Mapping[str, str]) -> Iterator[VideoFrame] | None:
    """The frames start..stop as the decoder gives them; None if something else is asked for, or they are not found."""
    if video.interlaced or video.rotation or _as_stored(video)[1] or (start and not _seekable(video)):
        return None
    frames = decoded(video, start, stop, _THREADS, options)
    try:
        first = next(frames, None)
    except Lost:
        return None
    return _again(first, frames)


def _again(first: VideoFrame | None, others: Iterator[VideoFrame]) -> Iterator[VideoFrame]:
    """`first`, unless there is none, and the `others`, which are closed with this iterator."""
    with closing(others):  # type: ignore[type-var]
        if first is not None:
            yield first
            del first
            yield from others


def _seekable(video: Video) -> bool:
    return bool(_SEEKABLE & set(video.container.split(",")))


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
    if start >= len(video.clock) or not _seekable(video):
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
