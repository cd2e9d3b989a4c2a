"""A picture as a clip of one frame, so that a photograph can be dubbed like footage."""

from __future__ import annotations

from pathlib import Path

import av
import av.error
from av.video.frame import VideoFrame

from synctalkface import ffmpeg
from synctalkface.errors import MediaError

# Each picture is opened by the reader of its own format: the general one would take `%03d` in a name for a pattern.
# Which one it is, the first bytes say: names are wrong too often (a WebP that was saved as .jpg).
READERS = {
    b"\x89PNG\r\n\x1a\n": "png_pipe",
    b"\xff\xd8\xff": "jpeg_pipe",
    b"RIFF....WEBP": "webp_pipe",
    b"BM": "bmp_pipe",
}
EXTENSIONS = (".png", ".jpg", ".jpeg", ".webp", ".bmp")
_FILMS = (".mjpeg", ".mjpg")  # a row of JPEGs begins like one
LONGEST_SIDE = 1920  # px: what a screen shows, and what players of H.264 take
MOST_PIXELS = 100_000_000  # of the picture as stored: more is no photograph but an attack on memory
RATE = 25  # frames a second of the clip


def is_picture(path: str | Path) -> bool:
    """Do the first bytes of the file say that it is a picture of a kind that can be read?"""
    return _reader(Path(path)) is not None


def _reader(path: Path) -> str | None:
    if path.suffix.lower() in _FILMS:
        return None
    with path.open("rb") as file:
        head = file.read(12)
    for begin, reader in READERS.items():
        place = begin.find(b"....")
        if head.startswith(begin) or (place >= 0 and head[:place] + b"...." + head[place + 4 :] == begin):
            return reader
    return None


def is_transparent(picture: Path) -> bool:
    """Can one see through some of `picture`? MediaError if it cannot be read."""
    reader = _reader(picture)
    options = {"protocol_whitelist": ffmpeg.PROTOCOLS, "format_whitelist": str(reader)}
    try:
        with av.open(ffmpeg.file_url(picture), format=reader, options=options) as container:
            stream = container.streams.video[0]
            if stream.width * stream.height > MOST_PIXELS:
                raise refusal(picture, "too large")
            frame = next(container.decode(stream))
            return _opacity(frame) < 255
    except (av.error.FFmpegError, StopIteration, IndexError) as error:
        raise refusal(picture, getattr(error, "strerror", None) or "no picture in it") from None


def _opacity(frame: VideoFrame) -> int:
    """The smallest alpha of a frame, 0..255, seen from afar: a lone pixel does not count."""
    if not any(component.is_alpha for component in frame.format.components) and not frame.format.has_palette:
        return 255
    small = frame.reformat(min(frame.width, 256), min(frame.height, 256), "rgba")
    return int(small.to_ndarray()[..., 3].min())


def make_clip(picture: Path, folder: Path, transparent: bool = False) -> Path:
    """Write `picture` as a lossless clip of one frame into `folder` and return its path.

    It is turned upright as its camera noted, brought to 1920 px at most and to even sizes; what is transparent in it
    becomes black, if it says that it is `transparent`. Raises MediaError if it cannot be read.
    """
    clip = folder / f"{picture.name}.mkv"
    reader = _reader(picture)
    stored = ffmpeg.media_input(picture, formats=str(reader), format=reader, framerate=RATE, max_pixels=MOST_PIXELS)
    width, height = f"min({LONGEST_SIDE},iw)", f"min({LONGEST_SIDE},ih)"
    if transparent:
        stored = stored.filter("format", "gbrap").filter("premultiply", inplace=1).filter("format", "gbrp")
    smaller = stored.filter("scale", w=width, h=height, force_original_aspect_ratio="decrease", flags="area")
    even = smaller.filter("crop", w="trunc(iw/2)*2", h="trunc(ih/2)*2").filter("setsar", 1)
    flags = "accurate_rnd+full_chroma_int"
    coloured = even.filter("scale", out_color_matrix="bt709", out_range="tv", flags=flags).filter("format", "yuv420p")
    # of the frames, not of the encoder: from ffmpeg 9 on that one takes what the frames say
    tagged = coloured.filter("setparams", range="tv", colorspace="bt709", color_primaries="bt709", color_trc="bt709")
    output = ffmpeg.media_output(clip, tagged, **{"frames:v": 1}, vcodec="libx264", qp=0)
    code, complaint = ffmpeg.run(output)
    if code != 0 or not clip.is_file():
        raise refusal(picture, complaint)
    return clip


def refusal(picture: Path, reason: str) -> MediaError:
    """The error that says why `picture` is not taken."""
    return MediaError(
        f"{picture} is not a picture that can be read, or is larger than {MOST_PIXELS // 1_000_000} megapixels "
        f"({reason}). Save it again as PNG or JPEG."
    )
