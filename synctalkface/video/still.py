"""A picture as a clip of one frame, so that a photograph can be dubbed like footage."""

from __future__ import annotations

import tempfile
from pathlib import Path

from synctalkface import ffmpeg
from synctalkface.errors import MediaError

# Each picture is opened by the reader of its own format: the general one would take `%03d` in a name for a pattern.
READERS = {
    ".png": "png_pipe",
    ".jpg": "jpeg_pipe",
    ".jpeg": "jpeg_pipe",
    ".webp": "webp_pipe",
    ".bmp": "bmp_pipe",
}
LONGEST_SIDE = 1920  # px: what a screen shows, and what players of H.264 take
MOST_PIXELS = 100_000_000  # of the picture as stored: more is no photograph but an attack on memory
RATE = 25  # frames a second of the clip


def is_picture(path: str | Path) -> bool:
    """Does the name say that it is a picture of a kind that can be read?"""
    return Path(path).suffix.lower() in READERS


def make_clip(picture: Path, folder: Path) -> Path:
    """Write `picture` as a lossless clip of one frame into `folder` and return its path.

    It is turned upright as its camera noted, brought to 1920 px at most and to even sizes. Raises MediaError if it
    cannot be read.
    """
    clip = folder / f"{picture.name}.mkv"
    reader = READERS[picture.suffix.lower()]
    stored = ffmpeg.media_input(picture, formats=reader, format=reader, framerate=RATE, max_pixels=MOST_PIXELS)
    width, height = f"min({LONGEST_SIDE},iw)", f"min({LONGEST_SIDE},ih)"
    smaller = stored.filter("scale", w=width, h=height, force_original_aspect_ratio="decrease", flags="area")
    even = smaller.filter("crop", w="trunc(iw/2)*2", h="trunc(ih/2)*2").filter("setsar", 1)
    flags = "accurate_rnd+full_chroma_int"
    coloured = even.filter("scale", out_color_matrix="bt709", out_range="tv", flags=flags).filter("format", "yuv420p")
    tags = {"color_range": "tv", "colorspace": "bt709", "color_primaries": "bt709", "color_trc": "bt709"}
    output = ffmpeg.media_output(clip, coloured, **{"frames:v": 1}, vcodec="libx264", qp=0, **tags)
    with tempfile.TemporaryFile() as errors:
        process = ffmpeg.start(output.get_args(overwrite_output=True), errors)
        try:
            process.wait()
        finally:
            ffmpeg.stop(process)
        if process.returncode != 0 or not clip.is_file():
            raise MediaError(
                f"{picture} is not a picture that can be read, or is larger than {MOST_PIXELS // 1_000_000} megapixels "
                f"({ffmpeg.complaint(errors)}). Save it again as PNG or JPEG."
            )
    return clip
