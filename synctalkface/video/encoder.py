"""Which encoder writes the picture: x264 with one of its presets, or NVENC on an NVIDIA GPU, if it works here.

NVENC is listed by every libav, and fails where there is no GPU, no driver or no session left: it is tried first.
"""

from __future__ import annotations

import functools
from fractions import Fraction
from typing import cast

import av.error
from av.codec import Codec, CodecContext
from av.codec.codec import UnknownCodecError
from av.video.codeccontext import VideoCodecContext
from av.video.frame import VideoFrame

from synctalkface.errors import ConfigError
from synctalkface.strict import suggest

PRESETS = ("ultrafast", "superfast", "veryfast", "faster", "fast", "medium", "slow", "slower", "veryslow", "placebo")
NVENC, X264 = "nvenc", "libx264"
_TRIED = 256  # px of the frame that is tried


def check_preset(preset: str) -> None:
    """ConfigError if there is no such preset or no x264, or the preset is "nvenc" and that does not work here."""
    if preset == NVENC:
        if not nvenc_works():
            raise ConfigError("The encoder nvenc does not work here: it could not write one frame. Say --preset fast.")
    elif preset not in PRESETS:
        raise ConfigError(f"x264 has no preset '{preset}'.{suggest(preset, [*PRESETS, NVENC])}")
    elif not encodes("yuv420p"):
        raise ConfigError("This PyAV comes without x264. Run `pip install --force-reinstall --only-binary av av`.")


def picture_options(crf: int, preset: str) -> tuple[str, dict[str, str]]:
    """libav's encoder for the picture, and its options; crf 0 is lossless."""
    if preset == NVENC:
        quality = {"tune": "lossless"} if crf == 0 else {"rc": "vbr", "cq": str(crf), "b": "0"}
        return "h264_nvenc", {"preset": "p4", **quality}
    # with 10 bits, crf 0 would be nearly lossless, qp 0 is quite
    return X264, {"preset": preset, **({"qp": "0"} if crf == 0 else {"crf": str(crf)})}


def encodes(pixel_format: str) -> bool:
    """Can the x264 here write `pixel_format`? Some are built for 8 bits alone, and some PyAVs without any."""
    try:
        return pixel_format in {each.name for each in Codec(X264, "w").video_formats or ()}
    except UnknownCodecError:
        return False


@functools.cache
def nvenc_works() -> bool:
    """Whether NVENC writes one frame on this machine."""
    name, options = picture_options(18, NVENC)
    try:
        encoder = cast(VideoCodecContext, CodecContext.create(name, "w"))
        encoder.width, encoder.height, encoder.pix_fmt = _TRIED, _TRIED, "yuv420p"
        encoder.framerate, encoder.time_base, encoder.options = Fraction(25), Fraction(1, 25), options
        return bool(encoder.encode(VideoFrame(_TRIED, _TRIED, "yuv420p")) + encoder.encode(None))
    except (av.error.FFmpegError, OSError, ValueError):
        return False
