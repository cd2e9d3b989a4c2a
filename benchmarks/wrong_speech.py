"""Does the mouth follow the sound? Mouth L1 with the right speech, with another clip's, and of copying the reference.

    python benchmarks/wrong_speech.py prepared/ [--split validation] [--speaker s1] [--weights FOLDER] [--json FILE]

Every clip is redrawn as in use, with the references of a dub; the wrong speech is that of the next clip.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import torch

from synctalkface import hub
from synctalkface.data.dataset import Clips, load
from synctalkface.models.generator import for_use
from synctalkface.training.validate import validate


def main() -> None:
    """Score the weights and print one line a number."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("data", type=Path)
    parser.add_argument("--split", choices=["validation", "test"], default="validation")
    parser.add_argument("--speaker")
    parser.add_argument("--weights")
    parser.add_argument("--limit", type=int)
    parser.add_argument("--json", type=Path)
    wanted = parser.parse_args()
    folder = hub.resolve(wanted.weights)
    config = hub.load_config(folder)
    held_out = load(wanted.data, wanted.split, config, wanted.limit)
    if wanted.speaker:
        chosen = [clip for clip in held_out.clips if clip.speaker == wanted.speaker]
        held_out = Clips(chosen, config, held_out.size)
    with torch.inference_mode():
        scores = validate(for_use(hub.load_generator(folder)), held_out, hub.load_syncnet(folder))
    gain = 100 * (1 - scores.right / scores.wrong)
    row = {"clips": len(held_out.clips), **scores._asdict(), "right_below_wrong_percent": gain}
    for name, value in row.items():
        print(f"{name:28}{value:.5g}")
    if wanted.json:
        wanted.json.write_text(json.dumps(row, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
