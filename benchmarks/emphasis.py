"""How far from silence's should recalled lips lie in use? Every clip drawn with one `memory.emphasis` after the other.

    python benchmarks/emphasis.py prepared/ [--split test|all] [--weights FOLDER] [--emphasis 1 1.5 2] [--limit N]

Each clip says its own sentence with the references of a dub, and is scored as in docs/evaluation.md. Of weights
without a memory it is the sound itself that is taken farther from silence: the control.
"""

from __future__ import annotations

import argparse
from dataclasses import asdict
from pathlib import Path

import torch

from synctalkface import hub
from synctalkface.data import pack
from synctalkface.evaluation.scores import Row, Sitting, mean, spoken
from synctalkface.evaluation.take import Take, takes
from synctalkface.faces.lip_reader import LipReader
from synctalkface.models.generator import Heard, SyncTalkFace, for_use
from synctalkface.person.judge import OwnJudge

SHOWN = ("psnr", "ssim", "lmd", "lse_d", "lse_c", "movement", "opening", "sharpness")
FILMED = "filmed"


def used(folder: Path, emphasis: float) -> SyncTalkFace:
    """The model in `folder` as a dub uses it, but with this `emphasis`."""
    model = hub.load_generator(folder)
    if model.memory is not None:
        model.memory.emphasis = emphasis
        return for_use(model)
    plain = for_use(model)
    recall = plain.recall_lips
    with torch.no_grad():
        rest = recall(plain.silence, torch.zeros(1, 1, dtype=torch.long)).audio

    def louder(*given: torch.Tensor) -> Heard:
        audio = torch.lerp(rest, recall(*given).audio, emphasis)
        return Heard(audio, audio, None)

    plain.recall_lips = louder  # type: ignore[method-assign]
    return plain


@torch.inference_mode()
def score(data: Path, split: str, folder: Path, emphases: list[float], limit: int | None) -> dict[str, Row]:
    """Emphasis -> the means of its scores over the clips, and those of the clips as filmed."""
    shipped, reader = hub.shipped(), LipReader()
    config, judge = hub.load_config(folder), OwnJudge(hub.load_syncnet(shipped), hub.load_config(shipped))
    models = {f"{emphasis:g}": used(folder, emphasis) for emphasis in emphases}
    rows: dict[str, list[Row]] = {}
    for entry in takes(data, None if split == "all" else split, config, limit):  # type: ignore[arg-type]  # checked
        take = Take(pack.load(data / entry.file), entry, config, config.face.size)
        sitting = Sitting(take, judge, reader)
        rows.setdefault(FILMED, []).append(sitting.row(take.stored))
        for name, model in models.items():
            rows.setdefault(name, []).append(sitting.row(spoken(model, take)))
    return {name: mean(found) for name, found in rows.items()}


def main() -> None:
    """Score every emphasis and print a table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("data", type=Path)
    parser.add_argument("--split", choices=["train", "validation", "test", "all"], default="test")
    parser.add_argument("--weights", help="a folder or a name on the Hub; default: those that ship")
    parser.add_argument("--emphasis", type=float, nargs="+", default=[1.0, 1.5, 2.0])
    parser.add_argument("--limit", type=int)
    wanted = parser.parse_args()
    found = score(wanted.data, wanted.split, hub.resolve(wanted.weights), wanted.emphasis, wanted.limit)
    print("| emphasis | " + " | ".join(SHOWN) + " |")
    print("|---" * (len(SHOWN) + 1) + "|")
    for name, row in found.items():
        values = asdict(row)
        print(f"| {name} | " + " | ".join("-" if values[key] is None else f"{values[key]:.4g}" for key in SHOWN) + " |")


if __name__ == "__main__":
    main()
