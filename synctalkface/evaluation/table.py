"""An evaluation as JSON and as Markdown tables."""

from __future__ import annotations

import json
import os
from pathlib import Path

from synctalkface.errors import OutputError
from synctalkface.evaluation.evaluate import Evaluation
from synctalkface.evaluation.scores import SCORES, Row

HEADINGS = {
    "psnr": ("PSNR ↑", 2),
    "psnr_wrapped": ("PSNR, wrapped", 2),
    "ssim": ("SSIM ↑", 4),
    "lmd": ("LMD ↓", 3),
    "lse_d": ("LSE-D ↓", 3),
    "lse_c": ("LSE-C ↑", 3),
    "offset": ("offset", 2),
    "movement": ("movement", 3),
    "opening": ("opening", 3),
    "sharpness": ("sharpness", 3),
}


def write(evaluation: Evaluation, folder: Path) -> list[Path]:
    """Write scores.json and scores.md into `folder`, which is made if need be. Raises OutputError."""
    texts = {
        "scores.json": json.dumps(evaluation.as_dict(), indent=1) + "\n",
        "scores.md": f"# Scores of {evaluation.weights}\n\n{markdown(evaluation)}\n{by_clip(evaluation)}",
    }
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in texts.items():
            part = folder / (name + ".part")
            part.write_text(text, encoding="utf-8")
            os.replace(part, folder / name)
    except OSError as error:
        raise OutputError(f"{folder} cannot be written ({error.strerror}). Choose another folder.") from None
    return [folder / name for name in texts]


def markdown(evaluation: Evaluation) -> str:
    """The means, the two scores of speech, and what one must know to read them."""
    judge = evaluation.judge or "no sync expert"
    lines = [f"{len(evaluation.clips)} clips, split '{evaluation.split}'; sync judged by: {judge}.", ""]
    lines += _table("version", evaluation.means)
    if evaluation.silence_leak is not None:
        lines += ["", f"Silence leak: {100 * evaluation.silence_leak:.0f} % of the movement that speech causes."]
    if evaluation.intelligibility is not None:
        lines += ["", evaluation.intelligibility.sentence()]
    if evaluation.fid is not None:
        lines += ["", f"FID of the dubbed crops: {evaluation.fid:.2f}."]
    return "\n".join([*lines, "", *(f"* {note}" for note in evaluation.notes)]) + "\n"


def by_clip(evaluation: Evaluation) -> str:
    """One table with a row for each clip and version."""
    rows = {f"{clip}, {name}": row for clip, found in evaluation.clips.items() for name, row in found.items()}
    return "\n".join(["## By clip", "", *_table("clip", rows)]) + "\n"


def _table(first: str, rows: dict[str, Row]) -> list[str]:
    lines = [f"| {first} | " + " | ".join(HEADINGS[name][0] for name in SCORES) + " |"]
    lines.append("|---" * (1 + len(SCORES)) + "|")
    for name, row in rows.items():
        cells = [cell(getattr(row, score), HEADINGS[score][1]) for score in SCORES]
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    return lines


def cell(value: float | None, digits: int) -> str:
    """A number of a table, or a dash."""
    return "–" if value is None else f"{value:.{digits}f}"
