"""Temporary files of a clip that is being written: their names, and the end of those whose writer was killed."""

from __future__ import annotations

import contextlib
import os
import re
import sys
from pathlib import Path


def temporary(path: Path, stage: str) -> Path:
    """The name under which this process writes a `stage` of the clip `path`: hidden, beside it, of the same kind."""
    return path.with_name(f".{path.stem}.{os.getpid()}.{stage}{path.suffix}")


def clear_leftovers(path: Path) -> None:
    """Remove the temporary files of the clip `path` that belong to no living process.

    A killed process cannot; whoever writes the same clip next does it. On Windows, where a file that is open cannot be
    removed, those of the living stay by themselves.
    """
    name = re.compile(rf"\.{re.escape(path.stem)}\.(\d+)\.(part|sound|joined){re.escape(path.suffix)}")
    with contextlib.suppress(OSError):
        for other in os.listdir(path.parent):
            found = name.fullmatch(other)
            if found and not _alive(int(found[1])):
                with contextlib.suppress(OSError):
                    path.with_name(other).unlink()


def _alive(process: int) -> bool:
    if process == os.getpid():
        return True
    if sys.platform == "win32":  # to ask there is to kill: os.kill ends whom it is given
        return False
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except (OSError, OverflowError):
        return True  # somebody else's
    return True
