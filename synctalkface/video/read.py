"""Streaming frames out of a clip, forward from any frame.

A few frames are held in memory, whatever the clip's length, and the file is closed, or its ffmpeg ended, when the
stream is. A plain clip is decoded here (video.decode), every other by an ffmpeg of its own.
"""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from types import MappingProxyType
from typing import BinaryIO, cast

import numpy as np
from av.video.frame import VideoFrame
from numpy.typing import NDArray

from synctalkface import ffmpeg
from synctalkface.errors import MediaError
from synctalkface.video.decode import Lost, never, numbered, whole
from synctalkface.video.frame import Frame, bit_depth, frame_bytes, sample_type
from synctalkface.video.probe import Video

_SEEKABLE = {"mov", "matroska"}  # containers with an index; in the others a seek may miss the frame
_THREADS = max(1, (os.cpu_count() or 1) // 2)  # more of them cost time of the encoder's, and frames in memory


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


def stream(video: Video, start: int, stop: int | None) -> Iterator[Frame]:
    """As `read_frames`, but nothing is raised where none comes."""
    size = frame_bytes(video.width, video.height, video.pixel_format)
    kind = sample_type(video.pixel_format)
    decoded = here(video, start, stop, {})
    if decoded is not None:
        for _, frame in decoded:
            yield Frame(video.width, video.height, video.pixel_format, video.colour, whole(video, frame))
        return
    for data in pipe(video, start, stop, *_as_stored(video), size):
        yield Frame(video.width, video.height, video.pixel_format, video.colour, data.view(kind))


def here(
    video: Video, start: int, stop: int | None, options: Mapping[str, str], passing: Callable[[], bool] = never
) -> Iterator[tuple[int, VideoFrame]] | None:
    """The frames start..stop as the decoder gives them (see decode.numbered); None if it cannot give them so.

    That is if something else than what is stored is asked for, or they are not found.
    """
    if video.interlaced or video.rotation or _as_stored(video)[1] or (start and not _seekable(video)):
        return None
    frames = numbered(video, start, stop, _THREADS, options, passing)
    try:
        first = next(frames, None)
    except Lost:
        return None
    return _again(first, frames)


def _again(
    first: tuple[int, VideoFrame] | None, others: Iterator[tuple[int, VideoFrame]]
) -> Iterator[tuple[int, VideoFrame]]:
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


def pipe(
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
