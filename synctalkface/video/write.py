"""Writing a clip: pictures and sound encoded at the same time, each to a file of its own, then joined under its name.

The clip appears complete or not at all: after an error or an interrupt nothing is left behind.
"""

from __future__ import annotations

import os
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Self

from synctalkface import ffmpeg
from synctalkface.clock import Clock
from synctalkface.errors import OutputError
from synctalkface.video.encode import Pictures
from synctalkface.video.frame import Frame
from synctalkface.video.join import join
from synctalkface.video.leftover import clear_leftovers, temporary
from synctalkface.video.probe import Video
from synctalkface.video.sound import Sound

EXTENSIONS = (".mp4", ".mkv", ".mov")


class VideoWriter:
    """A context that takes the frames of a new clip one by one.

    Size, pixel format, colour and pixel aspect are those of `like`, the timestamps those of `clock`. The sound is
    `speech`, begun `speech_offset` seconds into the clip, then silence or a cut at the clip's end; None: no sound.
    crf and preset are x264's (see video.encoder); `comment` is a note in the file.
    Raises OutputError if `path` cannot be written, exists (without `overwrite`), has another
    extension than mp4, mkv or mov, or is itself one of the sources; MediaError if `speech` is no file.
    """

    def __init__(
        self,
        path: str | Path,
        like: Video,
        clock: Clock,
        speech: str | Path | None,
        speech_offset: float = 0.0,
        overwrite: bool = False,
        crf: int = 18,
        preset: str = "veryfast",
        comment: str = "",
    ) -> None:
        self._path = Path(path)
        self._clock, self._comment = clock, comment
        check_output(self._path, [like.path, *([speech] if speech else [])], overwrite)
        self._part, self._joined = temporary(self._path, "part"), temporary(self._path, "joined")
        self._pictures = Pictures(self._part, like, clock.rate, len(clock), crf, preset, self._path)
        self._track, self._sound = temporary(self._path, "sound"), None
        if speech is not None:
            self._sound = Sound(self._track, speech, speech_offset, clock.duration, self._path)

    def __enter__(self) -> Self:
        clear_leftovers(self._path)
        with ExitStack() as exits:
            exits.callback(self._clear)
            exits.enter_context(self._pictures)
            if self._sound is not None:
                exits.enter_context(self._sound)
            self._exits = exits.pop_all()
        return self

    def write(self, frame: Frame) -> None:
        """Append `frame`, which may be changed afterwards. Raises OutputError if it cannot be, as on a full disk."""
        if self._sound is not None:
            self._sound.check()
        self._pictures.write(frame)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._exits:
            if kind is None:
                self._finish()

    def _finish(self) -> None:
        self._pictures.finish()
        if self._sound is not None:
            self._sound.wait()
        sound = None if self._sound is None else self._track
        join([self._part], sound, self._path, self._joined, self._clock, self._comment)

    def _clear(self) -> None:
        for left in (self._part, self._track, self._joined):
            left.unlink(missing_ok=True)


def check_output(path: str | Path, sources: list[str | Path], overwrite: bool) -> None:
    """OutputError if the clip `path`, made from `sources`, cannot or must not be written: ask before long work."""
    path = Path(path)
    if not ffmpeg.is_unicode(path):
        raise OutputError(f"{path} is a name that is not Unicode. Choose another one.")
    if path.suffix.lower() not in EXTENSIONS:
        raise OutputError(f"{path} does not end in .mp4, .mkv or .mov. Choose one of these.")
    if path.is_dir():
        raise OutputError(f"{path} is a folder. Name a file in it.")
    if not path.parent.is_dir():
        raise OutputError(f"There is no folder {path.parent}. Make it, or write elsewhere.")
    if path.exists():
        if any(os.path.exists(source) and os.path.samefile(path, source) for source in sources):
            raise OutputError(f"{path} is the source itself. Give the result another name.")
        if not overwrite:
            raise OutputError(f"{path} exists already. Choose another name, or allow it to be overwritten.")
    if not os.access(path.parent, os.W_OK):
        raise OutputError(f"The folder {path.parent} may not be written to. Choose another one.")
