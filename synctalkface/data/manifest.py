"""What a prepared folder holds: one row a clip, and why the others were left out; kept as manifest.json."""

from __future__ import annotations

import json
import os
from collections import Counter
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

from synctalkface.data.corpora import Split
from synctalkface.errors import DataError

NAME = "manifest.json"
SMALLEST_CORRECTION = 2  # frames
UNCLEAR = "sync unclear"  # the reason for which clips of little confidence are left out


@dataclass(frozen=True)
class Entry:
    """One prepared clip."""

    identifier: str
    speaker: str
    split: Split
    frames: int
    frame_rate: float  # frames a second
    offset: float | None = None  # frames by which the sound comes late; None: not measured
    confidence: float | None = None  # of that offset: median minus minimum distance (LSE-C)

    @property
    def file(self) -> str:
        return f"{self.identifier}.safetensors"

    @property
    def correction(self) -> float:
        """Seconds to listen later, so that sound and picture meet; a single frame is within the measurement's error."""
        if self.offset is None or abs(self.offset) < SMALLEST_CORRECTION:
            return 0.0
        return self.offset / self.frame_rate


@dataclass
class Manifest:
    """The rows of a prepared folder. `size` is the side of the face crop without its margin, in pixels.

    A clip whose sync is unclear is in both lists: it is prepared, but left out, until `sift` takes it back.
    """

    size: int
    entries: dict[str, Entry] = field(default_factory=dict)
    rejected: dict[str, str] = field(default_factory=dict)  # identifier -> reason

    def add(self, entry: Entry) -> None:
        self.rejected.pop(entry.identifier, None)
        self.entries[entry.identifier] = entry

    def reject(self, identifier: str, reason: str) -> None:
        self.rejected[identifier] = reason

    def measured(self, identifier: str, offset: float, confidence: float) -> None:
        self.entries[identifier] = replace(self.entries[identifier], offset=offset, confidence=confidence)

    def sift(self, least: float) -> int:
        """Leave out the measured clips whose confidence is below `least`, take the others back; how many are out."""
        unsure = {e.identifier for e in self.entries.values() if e.confidence is not None and e.confidence < least}
        others = {name: why for name, why in self.rejected.items() if why != UNCLEAR}
        self.rejected = others | dict.fromkeys(sorted(unsure), UNCLEAR)
        return len(unsure)

    def usable(self) -> list[Entry]:
        """The clips that can train, sorted by name."""
        return [entry for name, entry in sorted(self.entries.items()) if name not in self.rejected]

    def reasons(self) -> dict[str, int]:
        """How many clips were left out for each reason, the most frequent first."""
        return dict(Counter(self.rejected.values()).most_common())

    def split(self, name: Split) -> list[Entry]:
        return [entry for entry in self.usable() if entry.split == name]

    def save(self, folder: Path) -> None:
        """Write manifest.json whole or not at all."""
        rows = [asdict(entry) for _, entry in sorted(self.entries.items())]
        data = {"size": self.size, "clips": rows, "rejected": self.rejected, "reasons": self.reasons()}
        part = folder / (NAME + ".part")
        part.write_text(json.dumps(data, indent=1), encoding="utf-8")
        os.replace(part, folder / NAME)


def load(folder: Path) -> Manifest:
    """The manifest of a prepared folder. Raises DataError if the folder was not prepared or the file is damaged."""
    path = folder / NAME
    if not path.is_file():
        raise DataError(f"{folder} holds no prepared clips ({NAME} is missing). Run 'synctalkface prepare' first.")
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        entries = {row["identifier"]: Entry(**row) for row in data["clips"]}
        return Manifest(int(data["size"]), entries, dict(data["rejected"]))
    except (ValueError, KeyError, TypeError) as error:
        raise DataError(f"{path} is damaged ({error}). Delete it and run 'synctalkface prepare' again.") from None
