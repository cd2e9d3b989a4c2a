"""Who is compared on which clips, and the hashes that tell whether a score is still true.

A score depends on the weights that drew, the sync expert and the face mesh that judged, the clips, and the rules.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from importlib.resources import files
from pathlib import Path
from typing import Literal, NamedTuple

from synctalkface import hub
from synctalkface.config import Config
from synctalkface.data import manifest
from synctalkface.data.corpora import Split
from synctalkface.errors import ConfigError, DataError
from synctalkface.evaluation.take import takes
from synctalkface.hub.sums import digest
from synctalkface.hub.tensors import parts

RULES = 3  # goes up whenever a score begins to mean something else: then nothing that was measured before is kept
RULES_OF_PARTS = 1  # the same for scores of parts of a clip, which are of what a dub shows
FLOW = "smooth"  # how weights that move pixels draw: another word when the same weights draw other pictures
TRUTH, COPY, BASE = "ground-truth", "copy-reference", "base"
NO_MEMORY, PAPER, SHORT = "no-memory", "paper", "base-short"  # trained alike, for the same number of steps
ADAPTED, UNADAPTED = "adapted", "unadapted"
ORDER = [TRUTH, COPY, NO_MEMORY, PAPER, SHORT, BASE, UNADAPTED, ADAPTED]  # of the rows

Part = Literal["whole", "first-half", "second-half", "halves"]  # halves: each for itself, then the mean of both
Adapter = Callable[[Path, manifest.Entry, bool, int, Path], None]
# prepared folder, clip, of it the second half, seed -> writes weights to the last folder


@dataclass(frozen=True)
class Contestant:
    """One row of the table. Without weights: the filmed clip, or its first reference's mouth held still."""

    model: str
    folder: Path | None = None  # of its weights
    steps: int | None = None  # that it was trained for
    part: Part = "whole"  # of each clip that is scored
    adapter: Adapter | None = None  # gives it weights of its own for each clip, from the half that is not scored
    recipe: str = ""  # of the adapter: another one makes other weights
    seed: int = 0  # of the adapter
    seeds: int = 1  # from `seed` on: it is adapted anew with each, and the scores are their mean

    @property
    def sittings(self) -> list[Contestant]:
        """What it is scored on at a time: each of the halves, or its one part; with each of the seeds."""
        parts: list[Part] = ["first-half", "second-half"] if self.part == "halves" else [self.part]
        seeds = range(self.seed, self.seed + self.seeds)
        return [replace(self, part=part, seed=seed, seeds=1) for seed in seeds for part in parts]

    @property
    def adapted(self) -> list[str]:
        """What the adapted weights depend on, beside those they began with and the footage."""
        drawn = [f"seeds {self.seed} to {self.seed + self.seeds - 1}"] if self.seeds > 1 else [f"seed {self.seed}"]
        return [self.recipe, *drawn] if self.recipe else []


class Exam(NamedTuple):
    """Clips of one set. `others` lend the wrong speech, each to the clip at its place."""

    name: str  # of the set, as the table has it
    data: Path
    entries: list[manifest.Entry]
    marks: list[str]  # hash of each clip

    @property
    def others(self) -> list[manifest.Entry]:
        """The clip before, and for the first the last."""
        return [self.entries[index - 1] for index in range(len(self.entries))]


def exam(name: str, data: Path, split: Split | None, config: Config, limit: int | None = None) -> Exam | None:
    """The set `name`: the clips of `split` in the prepared folder `data` (None: all). None if there are none."""
    if split is not None and not manifest.load(data).split(split):
        return None
    entries = takes(data, split, config, limit)
    return Exam(name, data, entries, [_clip(data, entry) for entry in entries])


def rules(part: str) -> str:
    """A mark of what a score of this `part` means."""
    return str(RULES) if part == "whole" else f"{RULES} {RULES_OF_PARTS}"


def span(part: Part, frames: int) -> slice:
    """Which of the `frames` of a clip are scored in one sitting."""
    return {"first-half": slice(0, frames // 2), "second-half": slice(frames // 2, frames)}.get(part, slice(0, frames))


def taught(part: Part, frames: int) -> slice:
    """Which of the `frames` of a clip lend their pixels, and are adapted to: those that are not scored, or all."""
    others: dict[Part, Part] = {"first-half": "second-half", "second-half": "first-half"}
    return span(others.get(part, "whole"), frames)


def refuse_other_faces(config: Config, folder: Path, wanted: Config) -> None:
    """ConfigError for weights in `folder` that draw crops of another size than the sync expert looks at."""
    if config.face.size != wanted.face.size:
        raise ConfigError(
            f"{folder} draws crops of {config.face.size} px, the others {wanted.face.size}. Compare models of one size."
        )


def fingerprint(folder: Path, name: str = hub.GENERATOR) -> str:
    """The hash of the weights `name` in `folder`, and of the settings that use of them depends on."""
    config = asdict(hub.load_config(folder))
    groups = ("audio", "face", "memory", "model") if name == hub.GENERATOR else ("audio", "face", "syncnet")
    settings = json.dumps({group: config[group] for group in groups}, sort_keys=True)
    drawn = [FLOW] if name == hub.GENERATOR and config["model"]["head"] == "move" else []
    return combined(settings, *drawn, *map(digest, parts(folder, name)))


def judges(folder: Path) -> str:
    """The hash of all that judges: the sync expert in `folder`, and the face mesh."""
    mesh = files("synctalkface") / "assets" / "faces" / "face_landmark.onnx"
    return combined(fingerprint(folder, hub.SYNCNET), hashlib.sha256(mesh.read_bytes()).hexdigest())


def combined(*marks: object) -> str:
    """One short hash of many."""
    return hashlib.sha256("\n".join(map(str, marks)).encode()).hexdigest()[:16]


def _clip(data: Path, entry: manifest.Entry) -> str:
    path = data / entry.file
    if not path.is_file():
        raise DataError(f"{path} is missing, though {manifest.NAME} lists it. Run 'synctalkface prepare' again.")
    return combined(digest(path), entry.correction)
