"""Which clips a folder holds, who speaks in them, and which split each belongs to."""

from __future__ import annotations

import hashlib
from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from synctalkface.errors import DataError

Split = Literal["train", "validation", "test"]
VIDEO_SUFFIXES = {".avi", ".mkv", ".mov", ".mp4", ".mpg", ".mpeg", ".webm"}

# GRID speakers whose faces no training may see: the test set of docs/evaluation.
GRID_TEST_SPEAKERS = {"s2", "s5", "s16", "s22", "s25", "s32", "sX1", "sX3"}


@dataclass(frozen=True)
class Source:
    """One clip of a corpus."""

    path: Path
    speaker: str
    name: str
    split: Split

    @property
    def identifier(self) -> str:
        """A name that is unique in the corpus and safe as a file name."""
        return f"{self.speaker}-{self.name}"


def find(folder: Path, corpus: str = "auto") -> list[Source]:
    """The clips below `folder`, sorted by speaker and name. `corpus` is "grid", "folder" or "auto".

    Raises DataError if there is no such folder or no video in it.
    """
    if not folder.is_dir():
        raise DataError(f"There is no folder {folder}. Give the folder that holds the clips.")
    paths = sorted(p for p in folder.rglob("*") if p.suffix.lower() in VIDEO_SUFFIXES and p.is_file())
    if not paths:
        raise DataError(f"No video below {folder}. Clips end in {', '.join(sorted(VIDEO_SUFFIXES))}.")
    if corpus == "auto":
        corpus = "grid" if (folder / "words.tsv").exists() or folder.name.lower() == "grid" else "folder"
    if corpus == "grid":
        return _distinct(_grid(paths))
    if corpus == "folder":
        return _distinct(_any_folder(folder, paths))
    raise DataError(f"There is no corpus '{corpus}'. Choose grid, folder or auto.")


def _grid(paths: list[Path]) -> list[Source]:
    """GRID: one folder a speaker. The last tenth of a speaker's clips by name validates; eight speakers only test."""
    found: list[Source] = []
    for speaker in sorted({p.parent.name for p in paths}):
        clips = [p for p in paths if p.parent.name == speaker]
        held_out = len(clips) // 10
        for index, path in enumerate(clips):
            split: Split = "validation" if index >= len(clips) - held_out else "train"
            found.append(Source(path, speaker, path.stem, "test" if speaker in GRID_TEST_SPEAKERS else split))
    return found


def _any_folder(folder: Path, paths: list[Path]) -> list[Source]:
    """Any folder of videos: the first folder level names the speaker; one clip in twenty, by its name, validates."""
    found: list[Source] = []
    for path in paths:
        inside = path.relative_to(folder)
        speaker = inside.parts[0] if len(inside.parts) > 1 else folder.resolve().name
        name = "-".join(inside.with_suffix("").parts[1:] or (path.stem,))
        held_out = hashlib.sha256(f"{speaker}/{name}".encode()).digest()[0] < 256 / 20
        found.append(Source(path, speaker, name, "validation" if held_out else "train"))
    return found


def _distinct(found: list[Source]) -> list[Source]:
    """`found` with a number behind every further name that would give the same file, such as a.mov beside a.mp4."""
    met: Counter[str] = Counter()
    named = []
    for source in found:
        met[source.identifier] += 1
        count = met[source.identifier]
        named.append(source if count == 1 else replace(source, name=f"{source.name}~{count}"))
    return named
