"""Encoding pictures within this process: no pipe through which every frame is copied twice."""

from __future__ import annotations

from contextlib import suppress
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Any, Self, cast

import av
import av.error
import numpy as np
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from synctalkface import ffmpeg
from synctalkface.errors import OutputError
from synctalkface.video.decode import planes
from synctalkface.video.encoder import picture_options
from synctalkface.video.frame import Frame
from synctalkface.video.probe import Video

_LIMITED, _FULL = 1, 2  # libav's numbers for the range of the samples


class Pictures:
    """A context that encodes frames, one by one, to the file `path`, which holds pictures alone.

    Size, pixel format, colour and pixel aspect are those of `like`; a picture comes every 1 / `rate` seconds, `frames`
    of them in all. crf and preset are x264's (see video.encoder). `named`: the file that errors speak of. A file that
    is not finished is removed at the end.
    Raises OutputError if it cannot be written.
    """

    def __init__(
        self,
        path: Path,
        like: Video,
        rate: Fraction,
        frames: int,
        crf: int,
        preset: str,
        named: Path,
    ) -> None:
        self._path, self._like, self._rate, self._frames = path, like, rate, frames
        self._crf, self._preset, self._named = crf, preset, named
        self._written, self._finished = 0, False

    def __enter__(self) -> Self:
        try:
            self._container = av.open(ffmpeg.file_url(self._path), "w")
            self._stream = self._made(*picture_options(self._crf, self._preset))
        except (OSError, av.error.FFmpegError) as error:
            raise self._failure(error) from None
        return self

    def _made(self, encoder: str, options: dict[str, str]) -> VideoStream:
        like = self._like
        stream = cast(VideoStream, self._container.add_stream(encoder, rate=self._rate, options=options))
        stream.width, stream.height, stream.pix_fmt = like.width, like.height, like.pixel_format
        coded = stream.codec_context
        coded.sample_aspect_ratio = like.sample_aspect
        coded.color_range = _FULL if like.colour.full_range else _LIMITED
        coded.colorspace, coded.color_primaries = like.colour.space, like.colour.primaries
        coded.color_trc = like.colour.transfer
        return stream

    def write(self, frame: Frame) -> None:
        """Append `frame`, which may be changed afterwards. Raises OutputError if it cannot be, as on a full disk."""
        if (frame.width, frame.height, frame.pixel_format) != (
            self._like.width,
            self._like.height,
            self._like.pixel_format,
        ):
            raise ValueError(f"A frame of {frame.width} x {frame.height} {frame.pixel_format} is not like the clip.")
        shown = _libav(frame)
        shown.pts, shown.time_base = self._written, 1 / self._rate
        self._encode(shown)
        self._written += 1

    def finish(self) -> None:
        """Write what the encoder still holds, and the end of the file. Raises OutputError, so too if frames lack."""
        if self._written != self._frames:
            raise OutputError(
                f"{self._named} was not written: {self._written} frames came, {self._frames} were expected. "
                "The source clip may be damaged; export it again."
            )
        self._encode(None)
        try:
            self._container.close()
        except (OSError, av.error.FFmpegError) as error:
            raise self._failure(error) from None
        self._finished = True

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if not self._finished:
            with suppress(OSError, av.error.FFmpegError):  # the disk may be full: the file goes anyway
                self._container.close()
            self._path.unlink(missing_ok=True)

    def _encode(self, frame: VideoFrame | None) -> None:
        try:
            for packet in self._stream.encode(frame):
                self._container.mux(packet)
        except (OSError, av.error.FFmpegError) as error:
            raise self._failure(error) from None

    def _failure(self, error: Exception) -> OutputError:
        reason = getattr(error, "strerror", None) or str(error)
        return OutputError(
            f"{self._named} could not be encoded ({reason}). "
            "Check the free space on the disk, or choose another folder."
        )


def _libav(frame: Frame) -> VideoFrame:
    """`frame` as libav has it: in the memory of the frame itself where it can be, else a copy."""
    if frame.pixel_format == "yuv420p" and frame.height % 4 == 0:  # of another height PyAV takes the planes wrong
        rows: Any = frame.data.reshape(-1, frame.width)
        return VideoFrame.from_numpy_buffer(rows, frame.pixel_format)
    shown = VideoFrame(frame.width, frame.height, frame.pixel_format)
    for room, plane in zip(planes(frame, shown), (frame.y, frame.u, frame.v), strict=True):
        np.copyto(room, plane)
    return shown
