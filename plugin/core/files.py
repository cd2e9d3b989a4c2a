"""Where results are written: beside the .blend or in a chosen folder, under names that overwrite nothing."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from pathlib import Path

BESIDE = "synctalkface"  # folder beside the .blend
_FORBIDDEN = re.compile(r'[<>:"/\\|?*\x00-\x1f]+')


def result_folder(blend: str, chosen: str, fallback: Path) -> Path:
    """`chosen`, else a folder beside `blend`, else (it is not saved yet) `fallback`."""
    if chosen:
        return Path(chosen)
    return Path(blend).parent / BESIDE if blend else fallback


def result_path(folder: Path, strip: str, taken: Iterable[str] = ()) -> Path:
    """A path in `folder` for the result of `strip` that neither exists nor is in `taken`."""
    stem = _FORBIDDEN.sub("_", Path(strip).stem or strip).strip(" .")[:80] or "strip"
    used, number = {os.path.normcase(path) for path in taken}, 1
    while True:
        path = folder / (f"{stem}.sync.mp4" if number == 1 else f"{stem}.sync{number}.mp4")
        if not path.exists() and os.path.normcase(str(path)) not in used:
            return path
        number += 1


def make_folder(folder: Path) -> str | None:
    """Make `folder` ready for results; the sentence to show if that is not possible."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        return f"The folder {folder} cannot be made ({error.strerror}). Choose another in the panel."
    if not os.access(folder, os.W_OK):
        return f"The folder {folder} may not be written to. Choose another in the panel."
    return None


def free_channel(above: int, begin: int, end: int, others: Iterable[tuple[int, int, int]], highest: int) -> int | None:
    """The lowest channel above `above` in which [begin, end) is free; None if all up to `highest` are taken.

    others: (channel, left, right) of the strips beside which the new one will stand.
    """
    taken = {channel for channel, left, right in others if left < end and begin < right}
    return next((channel for channel in range(above + 1, highest + 1) if channel not in taken), None)
