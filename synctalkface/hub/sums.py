"""SHA256SUMS: the hashes of the files of a folder, in the form that `sha256sum --check` reads."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from pathlib import Path

from synctalkface.errors import WeightsError
from synctalkface.hub.whole import whole

SUMS = "SHA256SUMS"
LARGEST = 1 << 16  # bytes: a list of a few files is far smaller
_LINE = re.compile(r"([0-9a-f]{64}) [ *]([^/\\]+)")


def digest(path: Path) -> str:
    """The SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def seal(folder: Path, names: Iterable[str]) -> None:
    """Write the hashes of the files `names` of `folder` to its SHA256SUMS."""
    lines = [f"{digest(folder / name)}  {name}\n" for name in sorted(names)]
    with whole(folder / SUMS) as part:
        part.write_text("".join(lines), encoding="utf-8")


def unseal(folder: Path) -> None:
    """Forget the hashes of `folder`: one of its files is about to change."""
    (folder / SUMS).unlink(missing_ok=True)


def sealed(folder: Path) -> dict[str, str]:
    """The hashes listed in `folder`, by file name; empty if there is no list. Raises WeightsError if it is damaged."""
    path = folder / SUMS
    if not path.is_file():
        return {}
    text = path.read_text(encoding="utf-8", errors="replace") if path.stat().st_size <= LARGEST else "too long"
    found = [_LINE.fullmatch(line) for line in text.splitlines()]
    if None in found:
        raise WeightsError(f"{path} is not a list of hashes. Download the folder again.")
    return {match[2]: match[1] for match in found if match}


def check(folder: Path, paths: Iterable[Path]) -> None:
    """Refuse, with a WeightsError, files of `folder` that are not what its SHA256SUMS says. Without a list: pass."""
    listed = sealed(folder)
    for path in paths:
        if listed and digest(path) != listed.get(path.name):
            raise WeightsError(
                f"{path} is not the file that {SUMS} vouches for: it was damaged or changed. "
                f"Download it again, or delete {SUMS} if you changed it yourself."
            )
