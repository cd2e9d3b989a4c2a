"""Which clips a folder holds, who speaks in them, and which split each belongs to: GRID, LRS2, LRW or any videos."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from synctalkface.errors import DataError

Split = Literal["train", "validation", "test"]
VIDEO_SUFFIXES = {".avi", ".mkv", ".mov", ".mp4", ".mpg", ".mpeg", ".webm"}

# GRID speakers whose faces no training may see: the test set of docs/evaluation.
GRID_TEST_SPEAKERS = {"s2", "s5", "s16", "s22", "s25", "s32", "sX1", "sX3"}

LRS2, LRW = "mvlrs_v1", "lipread_mp4"  # the folders that the archives unpack to
LRS2_LISTS: dict[str, dict[str, Split]] = {
    "main": {"train.txt": "train", "val.txt": "validation", "test.txt": "test"},
    "pretrain": {"pretrain.txt": "train"},
}
LRW_SPLITS: dict[str, Split] = {"train": "train", "val": "validation", "test": "test"}


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
    """The clips below `folder`, sorted by speaker and name. `corpus` is one of CORPORA, or "auto".

    Raises DataError if there is no such folder, no video in it, or it is not laid out as `corpus` is published.
    """
    if corpus not in (*CORPORA, "auto"):
        raise DataError(f"There is no corpus '{corpus}'. Choose {', '.join(CORPORA)} or auto.")
    if not folder.is_dir():
        raise DataError(f"There is no folder {folder}. Give the folder that holds the clips.")
    paths = sorted(p for p in folder.rglob("*") if p.suffix.lower() in VIDEO_SUFFIXES and p.is_file())
    if not paths:
        raise DataError(f"No video below {folder}. Clips end in {', '.join(sorted(VIDEO_SUFFIXES))}.")
    found = CORPORA[_guess(folder) if corpus == "auto" else corpus](folder, paths)
    return _distinct(sorted(found, key=lambda source: (source.speaker, source.name, source.path)))


def _guess(folder: Path) -> str:
    """Which corpus it is, by names that only that one has."""
    if (folder / "words.tsv").exists() or folder.name.lower() == "grid":
        return "grid"
    if _root(folder, LRS2) is not None:
        return "lrs2"
    return "folder" if _root(folder, LRW) is None else "lrw"


def _grid(folder: Path, paths: list[Path]) -> list[Source]:
    """GRID: a folder a speaker, s1/*.mpg or s1/video/mpg_6000/*.mpg.

    The last tenth of a speaker's clips by name validates; eight speakers only test.
    """
    clips: dict[str, list[Path]] = {}
    for path in sorted(paths, key=lambda p: (p.parent, p.stem)):
        clips.setdefault(_grid_speaker(path.relative_to(folder), path), []).append(path)
    found: list[Source] = []
    for speaker, theirs in clips.items():
        held_out = len(theirs) // 10
        for index, path in enumerate(theirs):
            split: Split = "validation" if index >= len(theirs) - held_out else "train"
            found.append(Source(path, speaker, path.stem, "test" if speaker in GRID_TEST_SPEAKERS else split))
    return found


def _grid_speaker(inside: Path, path: Path) -> str:
    named = [part for part in inside.parts[:-1] if re.fullmatch(r"s(X?)\d+", part)]
    return named[0] if named else path.parent.name


def _lrs2(folder: Path, paths: list[Path]) -> list[Source]:
    """LRS2: mvlrs_v1/main/<programme>/<clip>.mp4 and mvlrs_v1/pretrain/..., split as its lists say.

    train.txt, val.txt, test.txt and pretrain.txt, with one "<programme>/<clip>" a line and perhaps a word behind it,
    lie in mvlrs_v1 or beside it. What no list names is left out.
    """
    root = _root(folder, LRS2)
    if root is None:
        raise DataError(f"{folder} is not LRS2: it has no folder {LRS2}/main. Give the folder that holds {LRS2}.")
    present = {path for path in paths if path.suffix == ".mp4"}
    found: list[Source] = []
    for part, lists in LRS2_LISTS.items():
        for name, split in lists.items():
            if not (root / part).is_dir():
                continue
            for line in _listed(root, name):
                path = (root / part / line).with_suffix(".mp4")
                if path in present:
                    found.append(Source(path, path.parent.name, f"{part}-{path.stem}", split))
    if not found:
        raise DataError(f"The lists of {root} name none of its clips. Use the lists that were published with them.")
    return found


def _listed(root: Path, name: str) -> list[str]:
    """The clips that the list `name` names: the first word of each line."""
    path = next((p for p in (root / name, root.parent / name) if p.is_file()), None)
    if path is None:
        raise DataError(f"LRS2 needs its list {name}, which is neither in {root} nor beside it. Put it there.")
    return sorted({line.split()[0] for line in path.read_text(encoding="utf-8").splitlines() if line.strip()})


def _lrw(folder: Path, paths: list[Path]) -> list[Source]:
    """LRW: lipread_mp4/<WORD>/<train, val or test>/<WORD>_<number>.mp4. Nobody knows the speakers: words stand in."""
    root = _root(folder, LRW)
    if root is None:
        raise DataError(f"{folder} is not LRW: it has no folder {LRW}. Give the folder that holds it.")
    found: list[Source] = []
    for path in paths:
        inside = path.relative_to(root).parts if path.is_relative_to(root) else ()
        if len(inside) == 3 and inside[1] in LRW_SPLITS:
            found.append(Source(path, inside[0], f"{inside[1]}-{path.stem}", LRW_SPLITS[inside[1]]))
    if not found:
        raise DataError(f"{root} holds no <WORD>/train, val or test with clips. Unpack LRW as it was published.")
    return found


def _root(folder: Path, name: str) -> Path | None:
    """The folder called `name`: `folder` itself, or right in it."""
    if folder.resolve().name == name:
        return folder
    return folder / name if (folder / name).is_dir() else None


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


CORPORA: dict[str, Callable[[Path, list[Path]], list[Source]]] = {
    "grid": _grid,
    "lrs2": _lrs2,
    "lrw": _lrw,
    "folder": _any_folder,
}
