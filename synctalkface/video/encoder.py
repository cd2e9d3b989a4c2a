"""Which encoder writes the picture: x264 with one of its presets, or NVENC on an NVIDIA GPU, if it works here.

NVENC is listed by every ffmpeg, and fails where there is no GPU, no driver or no session left: it is tried first.
"""

from __future__ import annotations

import functools
import subprocess

from synctalkface import ffmpeg
from synctalkface.errors import ConfigError
from synctalkface.strict import suggest

PRESETS = ("ultrafast", "superfast", "veryfast", "faster", "fast", "medium", "slow", "slower", "veryslow", "placebo")
NVENC = "nvenc"
_PATIENCE = 30  # seconds for one frame, the start of a driver included


def check_preset(preset: str) -> None:
    """ConfigError if there is no such preset, or it is "nvenc" and that does not work here."""
    if preset == NVENC:
        if not nvenc_works():
            raise ConfigError("The encoder nvenc does not work here: it could not write one frame. Say --preset fast.")
    elif preset not in PRESETS:
        raise ConfigError(f"x264 has no preset '{preset}'.{suggest(preset, [*PRESETS, NVENC])}")


def picture_options(crf: int, preset: str) -> dict[str, object]:
    """ffmpeg's options for the picture; crf 0 is lossless."""
    if preset == NVENC:
        quality: dict[str, object] = {"tune": "lossless"} if crf == 0 else {"rc": "vbr", "cq": crf, "b:v": 0}
        return {"vcodec": "h264_nvenc", "preset": "p4", **quality}
    # with 10 bits, crf 0 would be nearly lossless, qp 0 is quite
    return {"vcodec": "libx264", "preset": preset, **({"qp": 0} if crf == 0 else {"crf": crf})}


@functools.cache
def nvenc_works() -> bool:
    """Whether NVENC writes one frame on this machine."""
    frame = ["-f", "lavfi", "-i", "color=size=256x256:duration=0.04", "-frames:v", "1"]
    nowhere = ["-c:v", "h264_nvenc", "-f", "null", "-"]
    command = [ffmpeg.find_ffmpeg(), "-nostdin", "-loglevel", "error", *frame, *nowhere]
    try:
        tried = subprocess.run(command, capture_output=True, timeout=_PATIENCE, check=False)
    except subprocess.TimeoutExpired:
        return False
    return tried.returncode == 0
