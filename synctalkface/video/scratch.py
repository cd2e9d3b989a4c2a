"""Folders for temporary files that do not stay for ever if their process is killed: whoever needs the next clears them.

A process that is killed can remove nothing. So each folder holds a file that its owner keeps locked, which the system
ends for it however it dies; a folder whose file can be locked belongs to nobody any more.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import sys
import tempfile
from pathlib import Path
from typing import IO, Self

_NAME = "synctalkface-"
_OURS = re.compile(re.escape(_NAME) + r"\w{8}")  # what mkdtemp makes of it
_LOCK = "lock"


class Scratch:
    """A new folder at `path`, among the system's temporary files, until `remove` or the end of a `with`.

    Those of dead processes are removed first. OSError if none can be made.
    """

    def __init__(self) -> None:
        clear_scratch()
        self.path, self._lock = _made()

    def remove(self) -> None:
        """Delete the folder with all that lies in it; again is no fault."""
        self._lock.close()  # first, as Windows removes no open file
        shutil.rmtree(self.path, ignore_errors=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.remove()


def clear_scratch() -> None:
    """Remove the folders of this user that no living process owns."""
    for folder in Path(tempfile.gettempdir()).glob(_NAME + "*"):
        with contextlib.suppress(OSError):
            if _OURS.fullmatch(folder.name) and not folder.is_symlink() and _is_mine(folder):
                with (folder / _LOCK).open("r+b") as file:  # without one it is not ours, or not made yet
                    lock(file)
                shutil.rmtree(folder)


def lock(file: IO[bytes]) -> None:
    """Lock an open file until it is closed, which the system does for a process that ends. OSError if it is locked."""
    if sys.platform == "win32":
        import msvcrt

        msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
    else:
        import fcntl

        fcntl.flock(file.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)


def _made() -> tuple[Path, IO[bytes]]:
    while True:
        folder = Path(tempfile.mkdtemp(prefix=_NAME))
        file = (folder / _LOCK).open("w+b")
        with contextlib.suppress(OSError):
            lock(file)
            if (folder / _LOCK).exists():  # else another has cleared it before it was locked: make the next
                return folder, file
        file.close()


def _is_mine(folder: Path) -> bool:
    return sys.platform == "win32" or folder.stat().st_uid == os.getuid()
