"""results.md: the comparison as a page for readers, written from the same rows as results.json."""

from __future__ import annotations

from synctalkface.evaluation.claims import TEST, VALIDATION, WILD, Claim
from synctalkface.evaluation.contest import ADAPTED, BASE, COPY, NO_MEMORY, PAPER, SHORT, TRUTH, UNADAPTED
from synctalkface.evaluation.results import Line
from synctalkface.evaluation.table import HEADINGS, cell

_SETS = {
    VALIDATION: "{clips} held-out clips of the speakers that trained (s1, s4)",
    TEST: "{clips} clips of eight faces never seen in training",
    WILD: "{clips} clips from outside the corpus",
}
_MODELS = {
    TRUTH: "filmed (what a perfect dub would score)",
    COPY: "copy the reference (one closed mouth, held still)",
    NO_MEMORY: "no memory",
    PAPER: "paper's choices",
    SHORT: "base, from nothing",
    BASE: "**base, as shipped**",
}
_COLUMNS = {
    "steps": ("steps", 0),
    **{name: HEADINGS[name] for name in ("psnr", "ssim", "lmd", "lse_d", "lse_c")},
    "within_one": ("offset ≤ 1", 3),
    **{name: HEADINGS[name] for name in ("psnr_wrapped", "movement", "opening", "sharpness")},
    "slots": ("slots", 1),
    "wrong_lmd": ("LMD, wrong speech", 3),
    "wrong_lse_c": ("LSE-C, wrong speech", 3),
}
_SHORT = {TRUTH: "filmed", COPY: "copy", BASE: "base", UNADAPTED: "before", ADAPTED: "adapted"}
_HALVES = {
    "halves": "As a dub shows it: each half of the clip, adapted to the other, the mean of both",
    "second-half": "As a dub shows it: the second half of the clip, adapted to the first",
}
_HOLDS = {True: "holds", False: "**does not hold**", None: "not measured"}
_INTRODUCTION = """# Scores

Written by `make evaluate DATA=prepared/`, with every number also in `docs/results.json`. `docs/evaluation.md` says what
the scores and rows are. Which words can be read from the lips, and how still they are under silence, is measured by
`synctalkface evaluate` (numbers in `docs/log.md`).

LSE is measured with our own SyncNet, which also taught the generator: compare it with the filmed row, never with
published numbers. The references are those that a dub of each clip takes.{missing}
"""


def page(lines: list[Line], claims: list[Claim]) -> str:
    """The whole page."""
    parts = [_INTRODUCTION.format(missing=_missing(lines)), "## What holds\n", _claims(claims)]
    for name in dict.fromkeys(line.set for line in lines):
        whole = [line for line in lines if line.set == name and line.part == "whole"]
        halves = {line.model: line for line in lines if line.set == name and line.part != "whole"}
        parts += [f"## {_title(whole)}\n", _means(whole)]
        found = {line.model: line for line in whole if line.by_clip}
        if BASE in found:
            parts += ["### By clip\n", _by_clip(found, [TRUTH, COPY, BASE], ("lmd", "lse_d", "lse_c", "psnr"))]
        if ADAPTED in halves and UNADAPTED in halves:
            parts += [f"### {_HALVES[halves[ADAPTED].part]}{_repeated(halves[ADAPTED].seeds or 1)}\n"]
            parts += [_by_clip(halves, [UNADAPTED, ADAPTED], ("psnr", "ssim", "lmd", "lse_c", "sharpness"))]
    return "\n".join(parts)


def _repeated(seeds: int) -> str:
    return "" if seeds == 1 else f"; adapted with {seeds} seeds, the mean"


def _missing(lines: list[Line]) -> str:
    there = {line.model for line in lines}
    said = []
    if not {NO_MEMORY, PAPER, SHORT} <= there:
        said.append("rows trained alike (base, without memory, with the paper's choices) with `TRAIN=1`")
    if ADAPTED not in there:
        said.append("rows of adapted weights with `ADAPT=1`")
    return f" Not measured yet, and added by the same command: {'; '.join(said)}." if said else ""


def _title(lines: list[Line]) -> str:
    return _SETS.get(lines[0].set, "{clips} clips").format(clips=lines[0].clips)


def _claims(claims: list[Claim]) -> str:
    rows = [f"| {claim.claim} | {_HOLDS[claim.holds]} | {claim.numbers} |" for claim in claims]
    return "\n".join(["| claim | | measured |", "|---|---|---|", *rows]) + "\n"


def _means(lines: list[Line]) -> str:
    head = "| model | " + " | ".join(title for title, _ in _COLUMNS.values()) + " |"
    rows = [
        f"| {_MODELS.get(line.model, line.model)} | "
        + " | ".join(cell(getattr(line, name), digits) for name, (_, digits) in _COLUMNS.items())
        + " |"
        for line in lines
    ]
    return "\n".join([head, "|---" * (1 + len(_COLUMNS)) + "|", *rows]) + "\n"


def _by_clip(lines: dict[str, Line], models: list[str], scores: tuple[str, ...]) -> str:
    """For each clip every score of each model, and the means below; without what filmed clips have by definition."""
    columns = [(score, model) for score in scores for model in models if model != TRUTH or score.startswith("lse")]
    heads = [f"{HEADINGS[score][0]}, {_SHORT[model]}" for score, model in columns]
    rows = [f"| clip | {' | '.join(heads)} |", "|---" * (1 + len(heads)) + "|"]
    for clip in lines[models[0]].by_clip:
        cells = [cell(lines[model].by_clip[clip][score], HEADINGS[score][1]) for score, model in columns]
        rows.append(f"| {clip} | {' | '.join(cells)} |")
    cells = [cell(getattr(lines[model], score), HEADINGS[score][1]) for score, model in columns]
    return "\n".join([*rows, f"| mean | {' | '.join(cells)} |"]) + "\n"
