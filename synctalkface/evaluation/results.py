"""The rows of the comparison, and results.json, which holds them and from which those that are still true are kept."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, Self

import torch

from synctalkface.errors import OutputError
from synctalkface.evaluation.bench import Marks
from synctalkface.evaluation.contest import Contestant, Exam
from synctalkface.evaluation.scores import Row, mean
from synctalkface.hub.whole import whole
from synctalkface.losses import perplexity

JSON, MARKDOWN = "results.json", "results.md"
SHOWN_BY_CLIP = 40  # sets of more clips have their means alone in the file
DIGITS = 4


@dataclass(frozen=True)
class Line:
    """One contestant on one set: means over its clips. None: does not apply. Units and definitions: scores.Row."""

    set: str
    model: str
    part: str
    clips: int
    steps: int | None
    seeds: int | None  # with which it was adapted
    psnr: float | None
    ssim: float | None
    lmd: float | None
    lse_d: float | None
    lse_c: float | None
    offset: float | None
    within_one: float | None  # share of clips whose offset is at most one frame
    psnr_wrapped: float | None
    movement: float | None
    opening: float | None
    sharpness: float | None
    slots: float | None  # of the memory in use: perplexity of the mean address
    slots_of: int | None
    wrong_psnr: float | None  # drawn to another clip's speech and scored as if it were the clip's own
    wrong_lmd: float | None
    wrong_lse_d: float | None
    wrong_lse_c: float | None
    separated: float | None  # share of clips that are nearer, in LMD and in LSE-D, with the right speech
    weights: str  # hash; empty where none drew
    exam: str  # hash of clips, judge and rules
    by_clip: dict[str, dict[str, float | None]]

    @classmethod
    def of(cls, contestant: Contestant, exam: Exam, marks: list[Marks], mark: str, weights: str) -> Self:
        """The means of `marks`, those of `contestant` on each clip of `exam`; `mark` and `weights` are the hashes."""
        own, wrong = mean([m.own for m in marks]), mean([m.wrong for m in marks if m.wrong])
        offsets = [m.own.offset for m in marks if m.own.offset is not None]
        slots, slots_of = _slots([m.address for m in marks if m.address])
        names = [entry.identifier for entry in exam.entries] if len(marks) <= SHOWN_BY_CLIP else []
        apart = [_apart(m.own, m.wrong) for m in marks if m.wrong is not None]
        return cls(
            set=exam.name,
            model=contestant.model,
            part=contestant.part,
            clips=len(marks),
            steps=contestant.steps,
            seeds=contestant.seeds if contestant.recipe else None,
            **{name: _rounded(getattr(own, name)) for name in asdict(own)},
            within_one=_share([abs(offset) <= 1 for offset in offsets]),
            slots=_rounded(slots),
            slots_of=slots_of,
            **{f"wrong_{name}": _rounded(getattr(wrong, name)) for name in ("psnr", "lmd", "lse_d", "lse_c")},
            separated=_share(apart),
            weights=weights,
            exam=mark,
            by_clip={name: _scores(m.own) for name, m in zip(names, marks, strict=False)},
        )

    @property
    def place(self) -> tuple[str, str, str]:
        """Which row of the table this is."""
        return self.set, self.model, self.part


def read(folder: Path) -> list[Line]:
    """The rows of the results.json in `folder` that this version understands; none if there is no such file."""
    try:
        rows = json.loads((folder / JSON).read_text(encoding="utf-8"))["rows"]
    except (OSError, ValueError, KeyError, TypeError):
        return []
    names = {field.name for field in fields(Line)}
    return [Line(**row) for row in rows if isinstance(row, dict) and row.keys() == names]


def write(folder: Path, data: dict[str, Any], page: str) -> list[Path]:
    """Write results.json and results.md into `folder`, each whole or not at all. Raises OutputError."""
    texts = {JSON: json.dumps(data, indent=1) + "\n", MARKDOWN: page}
    if folder.exists() and not folder.is_dir():
        raise OutputError(f"{folder} is not a folder. Choose another one.")
    for name, text in texts.items():
        with whole(folder / name) as part:
            part.write_text(text, encoding="utf-8")
    return [folder / name for name in texts]


def _scores(row: Row) -> dict[str, float | None]:
    return {
        name: _rounded(getattr(row, name)) for name in ("psnr", "ssim", "lmd", "lse_d", "lse_c", "offset", "sharpness")
    }


def _apart(own: Row, wrong: Row) -> bool:
    pairs = [(own.lmd, wrong.lmd), (own.lse_d, wrong.lse_d)]
    return all(right < other for right, other in pairs if right is not None and other is not None)


def _slots(addresses: list[list[float]]) -> tuple[float | None, int | None]:
    if not addresses:
        return None, None
    return float(perplexity(torch.tensor(addresses))), len(addresses[0])


def _share(found: list[bool]) -> float | None:
    return _rounded(sum(found) / len(found)) if found else None


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, DIGITS)
