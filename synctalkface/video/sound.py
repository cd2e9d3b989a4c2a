"""The sound of a clip alone, encoded to AAC by an ffmpeg of its own, at the same time as the pictures."""

from __future__ import annotations

import tempfile
from pathlib import Path
from types import TracebackType
from typing import Self

import ffmpeg as ffmpeg_python

from synctalkface import ffmpeg
from synctalkface.errors import OutputError

_CODED = {"acodec": "aac", "audio_bitrate": "192k"}


class Sound:
    """A context in which `path` is written: `speech`, begun `offset` seconds into a clip of `duration` seconds.

    Where there is no speech there is silence; what goes beyond the clip is cut. `named`: the file that errors speak of.
    After an error the file is removed; else it is the caller's once it has been waited for.
    Raises MediaError if `speech` is no file.
    """

    def __init__(self, path: Path, speech: str | Path, offset: float, duration: float, named: Path) -> None:
        self._path, self._named = path, named
        # the language of the speech, which ffmpeg forgets on the way through filters
        options = {**_CODED, "map_metadata:s:a:0": "0:s:a:0"}
        self._output = ffmpeg.media_output(path, _track(speech, offset, duration), **options)
        self._done = False

    def __enter__(self) -> Self:
        self._errors = tempfile.TemporaryFile()
        self._process = ffmpeg.start(self._output.get_args(overwrite_output=True), self._errors)
        return self

    def check(self) -> None:
        """Raises OutputError if it has failed already."""
        if self._process.poll():
            raise self._failure()

    def wait(self) -> None:
        """Until the file is whole. Raises OutputError if it failed."""
        if self._process.wait() != 0:
            raise self._failure()
        self._done = True

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        ffmpeg.stop(self._process)
        self._errors.close()
        if not self._done:
            self._path.unlink(missing_ok=True)

    def _failure(self) -> OutputError:
        reason = ffmpeg.complaint(self._errors)
        return OutputError(
            f"{self._named} could not be encoded: ffmpeg ended with code {self._process.returncode} ({reason}). "
            "Check the free space on the disk, or choose another folder."
        )


def write_sound(path: Path, speech: str | Path, offset: float, duration: float, named: Path) -> None:
    """Write all of `path`, see Sound. Raises OutputError if that fails."""
    with Sound(path, speech, offset, duration, named) as sound:
        sound.wait()


def _track(speech: str | Path, offset: float, duration: float) -> ffmpeg_python.Stream:
    """The speech, begun at `offset` and brought to exactly `duration` seconds."""
    ffmpeg.check_file(speech)
    begun = ffmpeg.media_input(speech, itsoffset=f"{offset:.6f}")["a:0"]
    even = begun.filter("aresample", 48000, **{"async": 1, "first_pts": 0})
    return even.filter("apad", whole_dur=f"{duration:.6f}").filter("atrim", end=f"{duration:.6f}")
