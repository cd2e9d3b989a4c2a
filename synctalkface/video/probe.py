"""What a clip is: its size as shown, the timestamp of every frame, its colour; found without decoding it."""

from __future__ import annotations

import weakref
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path

import av.error
from av.container import InputContainer
from av.packet import Packet
from av.stream import Disposition
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from synctalkface import ffmpeg
from synctalkface.clock import Clock
from synctalkface.errors import MediaError
from synctalkface.video import encoder
from synctalkface.video.colour import Colour, colour_of
from synctalkface.video.frame import PixelFormat
from synctalkface.video.scratch import Scratch
from synctalkface.video.still import EXTENSIONS, is_picture, is_transparent, make_clip, refusal
from synctalkface.video.times import clock_of

SMALLEST, LARGEST = 16, 8192  # px of a side
_OTHER_PICTURES = {".tif", ".tiff", ".avif", ".heic"}
_FULL_RANGE = 2  # code point of libav


@dataclass(frozen=True, eq=False)
class Video:
    """A clip as it is shown: width and height (px) after rotation; clock relative to the file's time zero.

    pixel_format: what its frames are read as. sample_aspect: width of a pixel over its height. sounds: how many tracks
    of sound. rotation: degrees that the file asks for, already applied to all the rest. source_format and container:
    libav's names for what is stored. source_depth: bits of its samples. source_chroma: pixels (down, across) that share
    one sample of colour. interlaced: its frames are two fields, which become whole as they are read. transparent: it
    has an alpha channel, which is not read.
    """

    path: Path
    width: int
    height: int
    clock: Clock
    colour: Colour
    pixel_format: PixelFormat
    sample_aspect: Fraction
    sounds: int
    rotation: int
    source_format: str
    container: str
    source_depth: int = 8
    source_chroma: tuple[int, int] = (2, 2)
    interlaced: bool = False
    transparent: bool = False
    picture: Path | None = None  # the picture that it was made of, if it was

    @property
    def named(self) -> Path:
        """The file that the user has named."""
        return self.picture or self.path

    @property
    def has_audio(self) -> bool:
        """Does it have sound?"""
        return self.sounds > 0


def probe(path: str | Path) -> Video:
    """What the clip `path` is. Raises MediaError if it is missing, unreadable, sound alone, or empty.

    A picture (PNG, JPEG, WebP, BMP) is a clip of one frame: `path` of the result is then a temporary file that is
    deleted with it.
    """
    path = ffmpeg.check_file(path)
    if path.suffix.lower() in _OTHER_PICTURES:
        raise MediaError(f"{path} is a picture of a kind that cannot be read. Save it as PNG or JPEG.")
    if not is_picture(path):
        try:
            return _probe(path)
        except MediaError:
            if path.suffix.lower() in EXTENSIONS:
                raise refusal(path, "it does not begin like one") from None
            raise
    scratch = Scratch()
    try:
        see_through = is_transparent(path)
        video = replace(_probe(make_clip(path, scratch.path, see_through)), transparent=see_through, picture=path)
    except MediaError:
        scratch.remove()
        raise
    weakref.finalize(video, scratch.remove)
    return video


def _probe(path: Path) -> Video:
    with ffmpeg.open_media(path) as container:
        stream = pictures(container, path)
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
        depth = max(component.bits for component in first.format.components)
        return Video(
            path=path,
            width=width,
            height=height,
            clock=clock_of(stamps, stream, zero / 1_000_000, path),
            colour=_colour(first, stream, width, height),
            pixel_format=_pixel_format(width, height, depth, _chroma_step(first, turned)),
            source_chroma=_chroma_step(first, turned),
            sample_aspect=1 / aspect if turned else aspect,
            sounds=len(container.streams.audio),
            rotation=first.rotation,
            source_format=first.format.name,
            container=container.format.name,
            source_depth=depth,
            interlaced=bool(first.interlaced_frame),
            transparent=_has_alpha(first, stream),
        )


def _pixel_format(width: int, height: int, depth: int, chroma: tuple[int, int]) -> PixelFormat:
    """What frames of this size, stored with `depth` bits and `chroma`, are read and written as.

    With 8 bits colour is halved both ways, as every player takes it. What is deeper is for other hands than players:
    it keeps all the colour that is stored, if the x264 here can write it.
    """
    even = width % 2 == 0 and height % 2 == 0
    plain: PixelFormat = "yuv420p" if even else "yuv444p"
    if depth <= 8:
        return plain
    deep: PixelFormat = "yuv420p10le" if even else "yuv444p10le"
    kept: PixelFormat = "yuv444p10le"
    if chroma == (2, 2):
        kept = deep
    elif chroma[0] == 1 and chroma[1] > 1 and width % 2 == 0:
        kept = "yuv422p10le"
    return next((one for one in (kept, deep) if encoder.encodes(one)), plain)


def _chroma_step(frame: VideoFrame, turned: bool) -> tuple[int, int]:
    """Pixels of the shown picture (down, across) that share one sample of colour; (2, 2) where there is no colour."""
    stored = frame.format
    if len(stored.components) < 3 and not stored.has_palette and not stored.name.startswith(("nv", "p0")):
        return 2, 2
    step = 16 // stored.chroma_height(16), 16 // stored.chroma_width(16)
    return step[::-1] if turned else step


def _has_alpha(frame: VideoFrame, stream: VideoStream) -> bool:
    if stream.codec_context.name == "gif":  # every GIF is decoded with an alpha channel
        return False
    # the alpha of WebM lies beside the picture, where the decoder does not look
    return any(component.is_alpha for component in frame.format.components) or stream.metadata.get("alpha_mode") == "1"


def pictures(container: InputContainer, path: Path) -> VideoStream:
    """The first video track that is not a cover. MediaError if there is none, or nobody can decode it."""
    for stream in container.streams.video:
        if not stream.disposition & (Disposition.attached_pic | Disposition.timed_thumbnails):
            if stream.codec_context is None:
                raise MediaError(f"{path} is coded in a way that is not known, or is damaged. Export it again as MP4.")
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
