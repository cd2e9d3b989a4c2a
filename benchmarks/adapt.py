"""Does adaptation help on footage it has not seen? Adapts to the first half of each clip, scores the second half.

    python benchmarks/adapt.py clip.mp4 [...] [--weights FOLDER] [--set steps=100] [--json FILE] [--sheets FOLDER]

Scores are those of docs/evaluation.md on the second half, drawn to its own speech with the references that a dub of it
takes. "other_lse_c" is LSE-C where the second half says the sample speech. --sheets writes a picture for each clip:
filmed, base and adapted below each other, with its own speech and with the sample speech side by side.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from synctalkface import hub
from synctalkface.audio import log_mel, read_waveform
from synctalkface.config import Config
from synctalkface.data import manifest
from synctalkface.device import find_device
from synctalkface.evaluation.scores import Scorer
from synctalkface.evaluation.sync import measure
from synctalkface.evaluation.take import Take
from synctalkface.events import Event, Warned
from synctalkface.models.generator import SyncTalkFace, for_use
from synctalkface.models.syncnet import SyncNet
from synctalkface.person.judge import OwnJudge
from synctalkface.training.adaptation import Adaptation, Recipe
from synctalkface.training.footage import Footage, read_footage
from synctalkface.training.held_out import redraw_footage
from synctalkface.video import probe

SHOWN = ("psnr", "ssim", "lmd", "lse_d", "lse_c", "movement", "opening", "sharpness", "other_lse_c")
SPEECH = Path(str(hub.shipped())).parent / "samples" / "speech.flac"


def halves(path: Path, config: Config, syncnet: SyncNet) -> tuple[Footage, Footage]:
    """The first half of the clip `path` to adapt to, the second to score; both with the offset of the first."""
    middle = len(probe(path).clock) // 2
    first = read_footage(path, config, syncnet, stop=middle, listener=say)
    second = read_footage(path, config, None, first=middle)
    centres = second.clip.centres + first.offset / second.clip.frame_rate
    return first, second._replace(clip=replace(second.clip, centres=centres), offset=first.offset)


def taken(footage: Footage, config: Config) -> Take:
    """`footage` as it is scored."""
    name, clip = footage.clip.identifier, footage.clip
    entry = manifest.Entry(name, name, "test", len(clip.crops), clip.frame_rate, footage.offset)
    return Take(footage.stored, entry, config, config.face.size)


class Exam:
    """Scores weights on a take."""

    def __init__(self, base: Path, config: Config) -> None:
        self.config = config
        self.judge = OwnJudge(hub.load_syncnet(base), config)
        self.scorer = Scorer(self.judge)
        self.speech = read_waveform(SPEECH, config.audio.sample_rate)

    def score(self, model: SyncTalkFace, footage: Footage) -> tuple[dict[str, float], NDArray[np.uint8]]:
        """The scores by name, and the crops as drawn to its own and to other speech, side by side."""
        take, frames = taken(footage, self.config), len(footage.clip.crops)
        drawn = take.as_dubbed(take.with_mouths(redraw_footage(model, take.clips, footage, 0, frames)))
        row = asdict(self.scorer.rows(take, drawn)["dubbed"])
        centres = take.clip.centres - take.clip.centres[0] + 0.5
        other = replace(take.clip, centres=centres, mel=log_mel(self.speech, self.config.audio).numpy())
        foreign = take.as_dubbed(
            take.with_mouths(redraw_footage(model, take.clips, footage._replace(clip=other), 0, frames))
        )
        error = measure(self.judge, self.judge.see(foreign), self.speech, centres, take.clip.frame_rate)
        row["other_lse_c"] = error.confidence
        return {name: row[name] for name in SHOWN}, np.concatenate([take.inner(drawn), take.inner(foreign)], axis=2)


def compare(path: Path, base: Path, recipe: Recipe, device: torch.device, sheets: Path | None = None) -> dict[str, Any]:
    """Base against adapted on the second half of the clip `path`."""
    config, syncnet = hub.load_config(base), hub.load_syncnet(base)
    first, second = halves(path, config, syncnet)
    began, work = time.monotonic(), time.process_time()
    run = Adaptation([first], base, recipe, syncnet, device)
    outcome = run.adapt()
    took, work = time.monotonic() - began, time.process_time() - work
    exam = Exam(base, config)
    before, drawn_before = exam.score(for_use(hub.load_generator(base)), second)
    run.average.load_state_dict(outcome.state)
    after, drawn_after = exam.score(for_use(run.average).cpu(), second)
    if sheets is not None:
        filmed = taken(second, config).filmed
        rows = [np.concatenate([filmed, filmed], axis=2), drawn_before, drawn_after]
        picture = np.concatenate([np.concatenate(list(row[:: len(row) // 6]), axis=1) for row in rows])
        sheets.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(sheets / f"{path.stem}.png"), cv2.cvtColor(picture, cv2.COLOR_RGB2BGR))
    return {
        "clip": path.stem,
        "seconds": first.seconds,
        "offset": first.offset,
        "step": outcome.step,
        "steps": outcome.steps,
        "own_psnr": [outcome.before.psnr, outcome.after.psnr],
        "took": took,
        "processor_seconds": work,
        "base": before,
        "adapted": after,
    }


def say(event: Event) -> None:
    """Warnings alone."""
    if isinstance(event, Warned):
        print(f"Warning: {event.message}")


def table(rows: Sequence[dict[str, Any]]) -> str:
    """One line a clip and version, and the means."""
    lines = ["| clip | version | " + " | ".join(SHOWN) + " |", "|---" * (2 + len(SHOWN)) + "|"]
    means = {v: {n: float(np.mean([row[v][n] for row in rows])) for n in SHOWN} for v in ("base", "adapted")}
    for row in [*rows, {"clip": "mean", **means}]:
        for version in ("base", "adapted"):
            cells = [f"{row[version][name]:.4g}" for name in SHOWN]
            lines.append(f"| {row['clip']} | {version} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def main() -> None:
    """Adapt and score, clip by clip."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("clips", type=Path, nargs="+")
    parser.add_argument("--weights")
    parser.add_argument("--set", action="append", default=[], metavar="NAME=VALUE", help="a setting of the recipe")
    parser.add_argument("--device", default="auto")
    parser.add_argument("--json", type=Path)
    parser.add_argument("--sheets", type=Path)
    wanted = parser.parse_args()
    changes = {name: json.loads(value) for name, value in (setting.split("=") for setting in wanted.set)}
    base, recipe, rows = hub.resolve(wanted.weights), replace(Recipe(), **changes), []
    for path in wanted.clips:
        rows.append(compare(path, base, recipe, find_device(wanted.device), wanted.sheets))
        print(json.dumps({k: v for k, v in rows[-1].items() if k not in {"base", "adapted"}}))
    print(table(rows))
    if wanted.json:
        wanted.json.write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
