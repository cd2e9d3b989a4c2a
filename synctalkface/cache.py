"""What is costly to find out again is kept in a folder of the user's: whole, vouched for, and never too much.

A cache may be missing, damaged, full or forbidden at any time: nothing here raises, the work is then done again.
"""

from __future__ import annotations

import hashlib
import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

VARIABLE = "SYNCTALKFACE_CACHE"
_DIGEST = hashlib.sha256().digest_size
_PARTIAL = ".part"


def cache_folder() -> Path:
    """$SYNCTALKFACE_CACHE, else the folder `synctalkface` where this system keeps its users' caches."""
    named = os.environ.get(VARIABLE)
    if named:
        return Path(named)
    system = os.environ.get("LOCALAPPDATA" if sys.platform == "win32" else "XDG_CACHE_HOME")
    return Path(system or Path.home() / ".cache") / "synctalkface"


def content_hash(path: str | Path) -> str:
    """What the file `path` holds, as a short text that no other content has. Raises OSError if it cannot be read."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def key_of(*parts: str | bytes) -> str:
    """A name for what depends on `parts` and on nothing else."""
    digest = hashlib.sha256()
    for part in parts:
        data = part.encode() if isinstance(part, str) else part
        digest.update(len(data).to_bytes(8, "little") + data)
    return digest.hexdigest()[:40]


class Cache:
    """Pieces of one `kind`, found again by key; beyond `most` bytes those that were not asked for longest go."""

    def __init__(self, kind: str, most: int) -> None:
        self.kind, self.most = kind, most

    @property
    def folder(self) -> Path:
        """Where the pieces lie."""
        return cache_folder() / self.kind

    def get(self, key: str) -> bytes | None:
        """What was put under `key`; None if there is nothing, or it is not what was put there."""
        path = self.folder / key
        try:
            with path.open("rb") as file:
                digest, data = file.read(_DIGEST), file.read()
            if hashlib.sha256(data).digest() == digest:
                os.utime(path)  # asked for just now
                return data
            path.unlink(missing_ok=True)
        except OSError:
            return None
        return None

    def put(self, key: str, data: bytes) -> None:
        """Keep `data` under `key`, as one whole file that takes the place of an older one at once."""
        if len(data) > self.most:
            return
        with suppress(OSError):
            self.folder.mkdir(parents=True, exist_ok=True)
            handle, name = tempfile.mkstemp(_PARTIAL, key, self.folder)
            part = Path(name)
            try:
                with os.fdopen(handle, "wb") as file:
                    file.write(hashlib.sha256(data).digest())
                    file.write(data)
                os.replace(part, self.folder / key)
            finally:
                part.unlink(missing_ok=True)
            self._trim()

    def _trim(self) -> None:
        left = self.most
        for path, size in self._newest_first():
            left -= size
            if left < 0:
                path.unlink(missing_ok=True)

    def _newest_first(self) -> Iterator[tuple[Path, int]]:
        found = [(path, path.stat()) for path in self.folder.iterdir() if path.is_file()]
        for path, facts in sorted(found, key=lambda pair: -pair[1].st_mtime_ns):
            yield path, facts.st_size
