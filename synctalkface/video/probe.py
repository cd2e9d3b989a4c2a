"""What a clip is: its size as shown, the timestamp of every frame, its colour; found without decoding it."""

from __future__ import annotations

import shutil
import tempfile
import weakref
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av.error
import numpy as np
from av.container import InputContainer
from av.packet import Packet
from av.stream import Disposition
from av.video.frame import VideoFrame
from av.video.stream import VideoStream
from numpy.typing import NDArray

from synctalkface import ffmpeg
from synctalkface.clock import JITTER, Clock
from synctalkface.errors import MediaError
from synctalkface.video.colour import Colour, colour_of
from synctalkface.video.frame import PixelFormat
from synctalkface.video.still import is_picture, make_clip

SMALLEST, LARGEST = 16, 8192  # px of a side
_OTHER_PICTURES = {".tif", ".tiff", ".avif", ".heic"}
_FULL_RANGE = 2  # code point of libav
_RATES = [Fraction(n) for n in (24, 25, 30, 48, 50, 60, 100, 120, 12, 15, 10)]
_RATES += [Fraction(n * 1000, 1001) for n in (24, 30, 48, 60, 120)]


@dataclass(frozen=True, eq=False)
class Video:
    """A clip as it is shown: width and height (px) after rotation; clock relative to the file's time zero.

    pixel_format: what its frames are read as. sample_aspect: width of a pixel over its height. rotation: degrees that
    the file asks for, already applied to all the rest. source_format and container: libav's names for what is stored.
    """

    path: Path
    width: int
    height: int
    clock: Clock
    colour: Colour
    pixel_format: PixelFormat
    sample_aspect: Fraction
    has_audio: bool
    rotation: int
    source_format: str
    container: str


def probe(path: str | Path) -> Video:
    """What the clip `path` is. Raises MediaError if it is missing, unreadable, sound alone, or empty.

    A picture (PNG, JPEG, WebP, BMP) is a clip of one frame: `path` of the result is then a temporary file that is
    deleted with it.
    """
    path = ffmpeg.check_file(path)
    if path.suffix.lower() in _OTHER_PICTURES:
        raise MediaError(f"{path} is a picture of a kind that cannot be read. Save it as PNG or JPEG.")
    if not is_picture(path):
        return _probe(path)
    folder = Path(tempfile.mkdtemp(prefix="synctalkface-"))
    try:
        video = _probe(make_clip(path, folder))
    except MediaError:
        shutil.rmtree(folder)
        raise
    weakref.finalize(video, shutil.rmtree, folder, ignore_errors=True)
    return video


def _probe(path: Path) -> Video:
    with ffmpeg.open_media(path) as container:
        stream = _pictures(container, path)
        if stream.width and stream.height:  # known before anything is decoded, so that a huge one costs no memory
            _check_size(stream.width, stream.height, path)
        stamps, first = _demuxed(container, stream)
        if first is None or not stamps:
            raise MediaError(f"{path} has a video track without frames. Export it again.")
        zero = container.start_time or 0
        turned = first.rotation % 180 == 90
        width, height = (first.height, first.width) if turned else (first.width, first.height)
        _check_size(width, height, path)
        aspect = stream.sample_aspect_ratio or Fraction(1)
        even = width % 2 == 0 and height % 2 == 0
        return Video(
            path=path,
            width=width,
            height=height,
            clock=_clock(stamps, stream, zero / 1_000_000),
            colour=_colour(first, stream, width, height),
            pixel_format="yuv420p" if even else "yuv444p",
            sample_aspect=1 / aspect if turned else aspect,
            has_audio=bool(container.streams.audio),
            rotation=first.rotation,
            source_format=first.format.name,
            container=container.format.name,
        )


def _pictures(container: InputContainer, path: Path) -> VideoStream:
    """The first video track that is not a cover."""
    for stream in container.streams.video:
        if not stream.disposition & (Disposition.attached_pic | Disposition.timed_thumbnails):
            return stream
    raise MediaError(f"{path} has no moving picture, only sound. Name a video file.")


def _demuxed(container: InputContainer, stream: VideoStream) -> tuple[list[int | None], VideoFrame | None]:
    """The timestamp of each packet that is shown (in stream.time_base), and the first frame that decodes."""
    stamps: list[int | None] = []
    first: VideoFrame | None = None
    try:
        for packet in container.demux(stream):
            if first is None:
                first = _first_frame(packet)
            if packet.size and not packet.is_discard:
                stamps.append(packet.pts if packet.pts is not None else packet.dts)
    except av.error.FFmpegError:
        if not stamps:
            raise
        # a file that breaks off: what comes before is a clip all the same
    return stamps, first


def _first_frame(packet: Packet[VideoStream]) -> VideoFrame | None:
    try:
        frames = packet.decode()
    except av.error.InvalidDataError:
        return None
    return frames[0] if frames and isinstance(frames[0], VideoFrame) else None


def _clock(stamps: list[int | None], stream: VideoStream, zero: float) -> Clock:
    """The clock of packets with these timestamps; on the exact grid where they differ from one by rounding alone."""
    told = [rate for rate in (stream.guessed_rate, stream.average_rate, stream.base_rate) if rate]
    known = sorted({stamp for stamp in stamps if stamp is not None})
    if len(known) < len(stamps) // 2 or stream.time_base is None:  # a bare stream: frames without times
        return Clock.constant(told[0] if told else Fraction(25), len(stamps))
    starts = np.array(known, dtype=np.float64) * float(stream.time_base) - zero
    if len(starts) == 1:
        return Clock(told[0] if told else Fraction(25), starts)
    middle = float(np.median(np.diff(starts)))
    measured = Fraction((len(starts) - 1) / (starts[-1] - starts[0])).limit_denominator(1001)
    for rate in [*told, *_RATES, measured]:
        if 0.5 < float(rate) * middle < 2:  # the others are of no interest: 90000, or a mean with a long pause in it
            begin = _grid_begin(starts, rate)
            if begin is not None:
                return Clock.constant(rate, len(starts), begin)
    nearest = min(_RATES, key=lambda rate: abs(float(rate) * middle - 1))
    close = abs(float(nearest) * middle - 1) < 0.01
    return Clock(nearest if close else Fraction(1 / middle).limit_denominator(1001), starts)


def _grid_begin(starts: NDArray[np.float64], rate: Fraction) -> float | None:
    """Where the grid of `rate` begins on which all `starts` lie but for their rounding; None if they do not."""
    drift = starts - np.arange(len(starts)) * float(1 / rate)
    if np.ptp(drift) > 2 * JITTER:
        return None
    begin = float((drift.min() + drift.max()) / 2)
    return 0.0 if abs(begin) < JITTER else begin


def _colour(frame: VideoFrame, stream: VideoStream, width: int, height: int) -> Colour:
    name = frame.format.name
    full = int(frame.color_range) == _FULL_RANGE or name.startswith("yuvj")
    space = 0 if frame.format.is_rgb or name == "pal8" else int(frame.colorspace)
    coded = stream.codec_context  # older versions of PyAV tell these two of the stream alone
    return colour_of(space, int(coded.color_primaries), int(coded.color_trc), full, width, height)


def _check_size(width: int, height: int, path: Path) -> None:
    if min(width, height) < SMALLEST or max(width, height) > LARGEST:
        raise MediaError(
            f"{path} has {width} x {height} px; each side must have {SMALLEST} to {LARGEST}. Scale it and try again."
        )
