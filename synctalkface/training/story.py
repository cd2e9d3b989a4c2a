"""What the log of a run tells about its weights: what it began from, how long it went, how it ended."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from synctalkface import hub
from synctalkface.training import journal

_NAMES = {
    "right": "L1 in the mouth, own speech",
    "wrong": "L1 in the mouth, another clip's speech",
    "copy": "L1 in the mouth, reference frame copied",
    "psnr": "PSNR in the mouth, own speech (dB)",
    "copy_psnr": "PSNR in the mouth, reference frame copied (dB)",
    "slots": "memory slots in use",
    "confidence": "sync confidence (LSE-C), redrawn",
    "true_confidence": "sync confidence (LSE-C), filmed",
    "within_one": "share of clips within one frame of sync",
}


class Story(NamedTuple):
    """What a model card can say of a run. Texts are Markdown, empty where the log is silent."""

    base: hub.Repository | None = None
    training: str = ""
    results: str = ""


def tell(folder: Path) -> Story:
    """The story of the run in `folder`; an empty one if no log lies there."""
    if not (folder / journal.NAME).is_file():
        return Story()
    rows = journal.read(folder)
    starts = [row for row in rows if row["kind"] == "start"]
    base = next((row["base"] for row in reversed(starts) if row.get("base")), None)
    clips = f" on {starts[-1]['clips']} clips" if starts else ""
    steps = max((row["step"] for row in rows), default=0)
    return Story(
        None if base is None else hub.repository(base),
        f"{steps} steps{clips}; the weights are an average over the last steps." if steps else "",
        _table([row for row in rows if row["kind"] == "evaluate"]),
    )


def _table(evaluations: list[dict[str, float]]) -> str:
    if not evaluations:
        return ""
    last = evaluations[-1]
    lines = [f"| {label} | {last[key]:.4g} |" for key, label in _NAMES.items() if key in last]
    return f"Held-out clips, at step {last['step']}:\n\n| score | mean |\n|---|---|\n" + "\n".join(lines)
