"""Finding ffmpeg, running it safely, and opening files with PyAV: what reading sound and reading pictures share.

A media file is untrusted: only local files are opened, only by demuxers of plain media formats (no playlists, no lists
of other files), names always as `file:` plus the absolute path, arguments always as a list.
"""

from __future__ import annotations

import functools
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import av
import av.error
import ffmpeg as ffmpeg_python  # the package: it writes command lines, but cannot end what it has started
from av.container import InputContainer

from synctalkface.errors import MediaError

PROTOCOLS = "file,pipe"
FORMATS = (
    "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi,mpegts,mpeg,mpegvideo,flv,asf,ogg,mxf,nut,ivf,gif,h264,hevc,m4v,mjpeg,"
    "yuv4mpegpipe,rm,dv,wav,w64,aiff,au,caf,mp3,aac,ac3,eac3,flac,amr,wv,ape,tta,dts,truehd"
)
# Windows would open a console for every child of a program with windows
if sys.platform == "win32":
    _CREATION_FLAGS = subprocess.CREATE_NO_WINDOW
else:
    _CREATION_FLAGS = 0


def find_ffmpeg() -> str:
    """The ffmpeg to run: $SYNCTALKFACE_FFMPEG, else the one on PATH, else imageio-ffmpeg's. MediaError if none."""
    named = os.environ.get("SYNCTALKFACE_FFMPEG")
    if named:
        found = shutil.which(named)
        if found is None:
            raise MediaError(f"SYNCTALKFACE_FFMPEG names '{named}', which is not a program. Correct or unset it.")
        return found
    return shutil.which("ffmpeg") or _bundled()


def _bundled() -> str:
    try:
        import imageio_ffmpeg

        return str(imageio_ffmpeg.get_ffmpeg_exe())
    except (ImportError, RuntimeError):
        raise MediaError(
            "No ffmpeg was found. Install it, run `pip install imageio-ffmpeg`, "
            "or set SYNCTALKFACE_FFMPEG to the path of its program."
        ) from None


@functools.cache
def version(program: str) -> tuple[int, int]:
    """(major, minor) of an ffmpeg program; builds from the development branch count as newer than all."""
    command = [program, "-version"]
    answer = subprocess.run(command, capture_output=True, text=True, check=False, creationflags=_CREATION_FLAGS)
    match = re.match(r"ffmpeg version n?(\d+)\.(\d+)", answer.stdout)
    return (int(match[1]), int(match[2])) if match else (999, 0)


def every_frame(program: str) -> dict[str, str]:
    """The option of an output that makes ffmpeg pass every frame on, once, whatever its timestamp."""
    return {"fps_mode" if version(program) >= (5, 1) else "vsync": "passthrough"}


def file_url(path: str | Path) -> str:
    """`path` in a form that no program takes for an option, a protocol or a pattern."""
    return f"file:{os.path.abspath(path)}"


def media_input(path: str | Path, formats: str = FORMATS, **options: object) -> ffmpeg_python.Stream:
    """The file `path` as an input, opened only if it is of one of `formats`; `options` are ffmpeg's for inputs."""
    return ffmpeg_python.input(_name(path), protocol_whitelist=PROTOCOLS, format_whitelist=formats, **options)


def media_output(path: str | Path, *streams: ffmpeg_python.Stream, **options: object) -> ffmpeg_python.Stream:
    """A command line that makes the file `path` out of `streams`; `options` are ffmpeg's for outputs."""
    return ffmpeg_python.output(*streams, filename=_name(path), **options)


def _name(path: str | Path) -> bytes:
    # bytes, as ffmpeg-python cannot take text that is not Unicode, which a name on a Linux disk may be
    return os.fsencode(file_url(path))


def start(arguments: list[str | bytes], errors: IO[bytes], stdout: int = subprocess.DEVNULL) -> subprocess.Popen[bytes]:
    """Start ffmpeg with `arguments` (ffmpeg-python's get_args); what it complains of goes to the file `errors`.

    The caller ends the process.
    """
    command = [find_ffmpeg(), "-nostdin", "-hide_banner", "-loglevel", "error", *arguments]
    null = subprocess.DEVNULL
    return subprocess.Popen(command, stdin=null, stdout=stdout, stderr=errors, creationflags=_CREATION_FLAGS)


def run(output: ffmpeg_python.Stream) -> tuple[int, str]:
    """Write `output`, over what may be there, and wait: the exit code, and what ffmpeg complained of last."""
    with tempfile.TemporaryFile() as errors:
        process = start(output.get_args(overwrite_output=True), errors)
        try:
            code = process.wait()
        finally:
            stop(process)
        return code, complaint(errors)


def complaint(errors: IO[bytes]) -> str:
    """The last line ffmpeg wrote to `errors`, or a word for nothing."""
    errors.seek(0)
    lines = errors.read().decode("utf-8", "replace").strip().splitlines()
    return lines[-1].strip() if lines else "no reason given"


def stop(process: subprocess.Popen[bytes]) -> None:
    """End `process` if it still runs, close its pipes, and wait until it is gone."""
    if process.poll() is None:
        process.kill()
    if process.stdout is not None:
        process.stdout.close()
    process.wait()


def is_unicode(path: str | Path) -> bool:
    """Can the name be written as text? A Linux disk may hold any bytes."""
    try:
        str(path).encode()
    except UnicodeEncodeError:
        return False
    return True


def check_file(path: str | Path) -> Path:
    """`path`, if it is a file that can be opened. MediaError if there is none, or it is a folder, or forbidden."""
    path = Path(path)
    if not is_unicode(path):
        raise MediaError(f"{path} has a name that is not Unicode, which not every media tool can open. Rename it.")
    if path.is_dir():
        raise MediaError(f"{path} is a folder. Name a media file in it.")
    if not path.exists():
        raise MediaError(f"There is no file {path}. Check the spelling and the folder.")
    if not os.access(path, os.R_OK):
        raise MediaError(f"{path} may not be read. Change its permissions or copy it to a folder of yours.")
    if not path.is_file():
        raise MediaError(f"{path} is no plain file but a pipe or a device. Copy what it gives into a file first.")
    if path.stat().st_size == 0:
        raise MediaError(f"{path} is empty. Copy or export it again.")
    return path


@contextmanager
def open_media(path: str | Path) -> Iterator[InputContainer]:
    """The file `path` opened for demuxing. MediaError if it is not a media file, here or while it is read."""
    path = check_file(path)
    options = {"protocol_whitelist": PROTOCOLS, "format_whitelist": FORMATS}
    try:
        with av.open(file_url(path), options=options, metadata_errors="ignore") as container:
            yield container
    except (av.error.FFmpegError, UnicodeDecodeError):
        raise MediaError(
            f"{path} is not a media file that can be read, or it is damaged. "
            "Play it to check, or export it again as MP4 (video) or WAV (sound)."
        ) from None
