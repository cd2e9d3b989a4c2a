"""What the weights are held to, checked against the table: each claim holds, does not, or was not measured."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from synctalkface.evaluation.contest import ADAPTED, BASE, COPY, NO_MEMORY, SHORT, TRUTH, UNADAPTED
from synctalkface.evaluation.results import DIGITS, Line

VALIDATION, TEST, WILD = "validation", "test-faces", "wild"
LOWER = {"lmd", "lse_d"}  # scores of which less is better
CLOSE = 0.10  # of the filmed clips' LSE-C
IN_TIME = 0.95  # of the clips
GAIN_DB, GAIN_LMD = 0.5, 0.10


@dataclass(frozen=True)
class Claim:
    """One sentence that shall be true. `holds` is None where a row that it needs was not measured."""

    claim: str
    holds: bool | None
    numbers: str


class Table:
    """Rows by set, model and part."""

    def __init__(self, lines: Iterable[Line]) -> None:
        self._lines = {line.place: line for line in lines}

    def find(self, name: str, model: str, part: str = "whole") -> Line | None:
        """The row of `model` on the set `name`."""
        return self._lines.get((name, model, part))


def check(lines: Iterable[Line]) -> list[Claim]:
    """Every claim, in the order in which one would ask."""
    table = Table(lines)
    shipped, alike = table.find(TEST, BASE), _trained_as_long_as_no_memory(table)
    return [
        _beats_everywhere(table, TEST, (BASE, COPY), "whole", ("lmd", "lse_d", "lse_c")),
        _beats_no_memory(table, shipped, "the shipped weights beat the model without memory on the test faces"),
        _beats_no_memory(table, alike, "at equal steps, base beats the model without memory on the test faces"),
        _sync_like_filmed(table),
        _in_time(table),
        _separated(table, VALIDATION),
        _separated(table, TEST),
        _slots(table),
        _beats_everywhere(table, TEST, (ADAPTED, UNADAPTED), "halves", ("psnr", "ssim", "lmd")),
        _beats_everywhere(table, WILD, (ADAPTED, UNADAPTED), "second-half", ("psnr", "ssim", "lmd")),
    ]


def better(score: str, ours: float | None, theirs: float | None) -> bool:
    """Whether `ours` is better than `theirs`."""
    if ours is None or theirs is None:
        return False
    return ours < theirs if score in LOWER else ours > theirs


def _beats_everywhere(table: Table, name: str, pair: tuple[str, str], part: str, scores: tuple[str, ...]) -> Claim:
    """On every clip of a set, in every one of `scores`."""
    labels = [score.upper().replace("_", "-") for score in scores]
    said = f"{pair[0]} beats {pair[1]} on every clip of {name}: {', '.join(labels)}"
    first, second = table.find(name, pair[0], part), table.find(name, pair[1], part)
    if first is None or second is None or not first.by_clip:
        return Claim(said, None, "not measured")
    clips, lost = len(first.by_clip), 0
    found = []
    for score, label in zip(scores, labels, strict=True):
        not_won = sorted(
            clip for clip, row in first.by_clip.items() if not better(score, row[score], second.by_clip[clip][score])
        )
        lost += len(not_won)
        found.append(f"{label} {clips - len(not_won)} of {clips}" + (f" (not {', '.join(not_won)})" if not_won else ""))
    return Claim(said, lost == 0, "; ".join(found))


def _trained_as_long_as_no_memory(table: Table) -> Line | None:
    """A row of `base` with as many steps as the model without memory."""
    theirs, rows = table.find(TEST, NO_MEMORY), (table.find(TEST, model) for model in (SHORT, BASE))
    return next((row for row in rows if row and theirs and row.steps == theirs.steps), None)


def _beats_no_memory(table: Table, ours: Line | None, said: str) -> Claim:
    said = f"{said} by {GAIN_DB} dB or {100 * GAIN_LMD:.0f} % of LMD"
    theirs = table.find(TEST, NO_MEMORY)
    if ours is None or theirs is None or None in (ours.psnr, theirs.psnr, ours.lmd, theirs.lmd):
        return Claim(said, None, "not measured")
    decibels = round((ours.psnr or 0) - (theirs.psnr or 0), DIGITS)
    lips = round(1 - (ours.lmd or 0) / (theirs.lmd or 1), DIGITS)
    steps = f"{ours.steps} and {theirs.steps} steps"
    numbers = f"{decibels:+.2f} dB, LMD {100 * lips:.1f} % lower ({steps})"
    return Claim(said, decibels >= GAIN_DB or lips >= GAIN_LMD, numbers)


def _sync_like_filmed(table: Table) -> Claim:
    said = f"LSE-C of the dubbed validation clips is within {100 * CLOSE:.0f} % of the filmed ones'"

    def judged(ours: Line, filmed: Line) -> tuple[bool, str] | None:
        if ours.lse_c is None or not filmed.lse_c:
            return None
        ratio = ours.lse_c / filmed.lse_c - 1
        numbers = f"{ours.lse_c:.3f} against {filmed.lse_c:.3f}: {100 * ratio:+.1f} %"
        return abs(ratio) <= CLOSE, numbers

    return _of_two(said, table.find(VALIDATION, BASE), table.find(VALIDATION, TRUTH), judged)


def _in_time(table: Table) -> Claim:
    said = f"the offset of the dubbed validation clips is at most one frame in {100 * IN_TIME:.0f} % of them"

    def judged(ours: Line, filmed: Line) -> tuple[bool, str] | None:
        if ours.within_one is None or filmed.within_one is None:
            return None
        return ours.within_one >= IN_TIME, f"{100 * ours.within_one:.1f} % (filmed {100 * filmed.within_one:.1f} %)"

    return _of_two(said, table.find(VALIDATION, BASE), table.find(VALIDATION, TRUTH), judged)


def _separated(table: Table, name: str) -> Claim:
    said = f"right speech is told from wrong speech on {name}: LMD and LSE-D are lower with it in {100 * IN_TIME:.0f} %"
    ours = table.find(name, BASE)
    if ours is None or ours.separated is None or ours.lmd is None or ours.wrong_lmd is None:
        return Claim(said, None, "not measured")
    numbers = f"{100 * ours.separated:.1f} % of the clips; LMD {ours.lmd:.3f} right, {ours.wrong_lmd:.3f} wrong"
    if ours.lse_c is not None and ours.wrong_lse_c is not None:
        numbers += f"; LSE-C {ours.lse_c:.3f} right, {ours.wrong_lse_c:.3f} wrong"
    return Claim(said, ours.separated >= IN_TIME, numbers)


def _slots(table: Table) -> Claim:
    said = "more than half of the slots are in use on the validation clips"
    ours = table.find(VALIDATION, BASE)
    if ours is None or ours.slots is None or ours.slots_of is None:
        return Claim(said, None, "not measured")
    return Claim(said, ours.slots > ours.slots_of / 2, f"{ours.slots:.1f} of {ours.slots_of}")


def _of_two(
    said: str, ours: Line | None, filmed: Line | None, judged: Callable[[Line, Line], tuple[bool, str] | None]
) -> Claim:
    found = None if ours is None or filmed is None else judged(ours, filmed)
    return Claim(said, None, "not measured") if found is None else Claim(said, *found)
