"""Which frames should lend their pixels? Every clip drawn with one choice of references after the other.

    python benchmarks/references.py prepared/ [--split test] [--weights FOLDER ...] [--limit N] [--json FILE]

Each clip says its own sentence, and is scored as in docs/evaluation.md. A model of one reference is lent the first
frame, the one with closed lips, or the one with parted lips; a model of two both, or one of them twice. "moved" is how
much of the mouth is moved pixels, of each reference; the rest is painted. "without paint" is drawn with these alone.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from synctalkface import hub
from synctalkface.data import pack
from synctalkface.data.clip import Clip
from synctalkface.data.redraw import redraw
from synctalkface.evaluation.scores import Sitting
from synctalkface.evaluation.take import Take, takes
from synctalkface.faces.lip_reader import LipReader
from synctalkface.models.decoder import Drawing, moved_alone
from synctalkface.models.generator import SyncTalkFace, for_use
from synctalkface.person.judge import OwnJudge

SHOWN = ("psnr", "ssim", "lmd", "lse_d", "lse_c", "movement", "opening", "sharpness")


class Watched:
    """Stands before `model.draw`: keeps the shares of moved pixels, and takes the paint away where it is told to."""

    def __init__(self, model: SyncTalkFace) -> None:
        self.painted, self.keeps, self._draw = True, list[Tensor](), model.draw
        model.draw = self

    def __call__(self, *given: Any) -> Drawing:
        drawing = self._draw(*given)
        assert drawing.keep is not None  # noqa: S101 (heads that only paint are not asked)
        self.keeps.append(drawing.keep[0])
        return drawing if self.painted else moved_alone(drawing, torch.ones(1, dtype=torch.bool))

    def shares(self, mouth: Tensor) -> list[float]:
        """How much of the mouth (F, 1, S/2, S) was moved since the last question, of each reference."""
        keep, self.keeps = torch.cat(self.keeps), []
        return ((keep * mouth).sum((0, 2, 3)) / mouth.sum()).tolist()


def choices(clip: Clip, references: int) -> dict[str, list[int]]:
    """Name -> the frames that are lent."""
    closed, parted = clip.references()
    if references == 1:
        return {"first frame": [0], "closed": [closed], "parted": [parted]}
    return {"closed and parted": [closed, parted], "closed twice": [closed] * 2, "parted twice": [parted] * 2}


@torch.inference_mode()
def score(data: Path, split: str, weights: Path, limit: int | None) -> dict[str, dict[str, float]]:
    """Choice -> the means of its scores over the clips."""
    config, reader = hub.load_config(weights), LipReader()
    judge = OwnJudge(hub.load_syncnet(weights), config)
    model = for_use(hub.load_generator(weights))
    watched = Watched(model)
    rows: dict[str, list[dict[str, float]]] = {}
    for entry in takes(data, split, config, limit):  # type: ignore[arg-type]  # argparse has checked it
        take = Take(pack.load(data / entry.file), entry, config, config.face.size)
        sitting, mouth = Sitting(take, judge, reader), take.clips.mouths(take.clip)
        for name, lent in choices(take.clip, config.model.references).items():
            stills = take.clips.faces(take.clip)[lent]
            for who, watched.painted in (("", True), (", without paint", False)):
                drawn = redraw(model, take.clips, take.clip, references=stills).picture
                row = {
                    key: value for key, value in asdict(sitting.row(take.with_mouths(drawn))).items() if key in SHOWN
                }
                shares = {f"moved {number}": share for number, share in enumerate(watched.shares(mouth), 1)}
                rows.setdefault(name + who, []).append(row | (shares if watched.painted else {}))
    return {
        name: {key: float(np.mean([row[key] for row in found])) for key in found[0]} for name, found in rows.items()
    }


def main() -> None:
    """Score every choice and print a table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("data", type=Path)
    parser.add_argument("--split", choices=["train", "validation", "test"], default="test")
    parser.add_argument("--weights", action="append", help="a folder or a name on the Hub; default: those that ship")
    parser.add_argument("--limit", type=int)
    parser.add_argument("--json", type=Path)
    wanted, table = parser.parse_args(), {}
    for name in wanted.weights or [None]:
        folder = hub.resolve(name)
        table[folder.name] = score(wanted.data, wanted.split, folder, wanted.limit)
    print("| weights | references | " + " | ".join(SHOWN) + " | moved |")
    print("|---" * (len(SHOWN) + 3) + "|")
    for weights, rows in table.items():
        for choice, row in rows.items():
            shares = " + ".join(f"{row[key]:.2f}" for key in row if key.startswith("moved"))
            print(f"| {weights} | {choice} | " + " | ".join(f"{row[key]:.4g}" for key in SHOWN) + f" | {shares} |")
    if wanted.json:
        wanted.json.write_text(json.dumps(table, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
