"""A file is written whole or not at all: under a temporary name first, then renamed."""

from __future__ import annotations

import errno
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from safetensors import SafetensorError

from synctalkface.errors import OutputError

FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})  # no room, no quota left, larger than the system allows


@contextmanager
def whole(path: Path) -> Iterator[Path]:
    """A temporary name to write to; it becomes `path` at the end. Raises OutputError, and leaves nothing behind."""
    part = path.with_name(path.name + ".part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        part.touch()
        mode = part.stat().st_mode  # what files get here; safetensors would hide its own from everybody else
        yield part
        part.chmod(mode)
        os.replace(part, path)
    except (OSError, SafetensorError) as error:
        raise OutputError(f"{path} could not be written ({reason(error)}). {_advice(error)}") from None
    finally:
        part.unlink(missing_ok=True)


def is_full(error: BaseException) -> bool:
    """Whether `error` says that the disk has no room. Safetensors says it in words only."""
    code = error.errno if isinstance(error, OSError) else None
    match = re.search(r"os error (\d+)", str(error))
    return (int(match[1]) if match and code is None else code) in FULL


def reason(error: BaseException) -> str:
    """Why, in a few words."""
    return (error.strerror if isinstance(error, OSError) else None) or str(error).splitlines()[0]


def _advice(error: BaseException) -> str:
    return "Free some room on the disk." if is_full(error) else "Choose another folder, or change its permissions."
