"""Trains one tiny net as a member of a crew: started by test_crew.py, once alone and once by torchrun."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import torch

from synctalkface.config import Config, preset
from synctalkface.training import generator, loop, syncnet
from synctalkface.training.muster import mustered

STEPS = 4
# Adam's first steps go by the sign of a gradient alone: at full rate the rounding of gradients near zero grows large.
RATES = {"learning_rate": 1e-6, "final_learning_rate": 1e-6}


def config() -> Config:
    """Every term from the first step on, and windows without sound."""
    tiny = preset("tiny")
    return replace(
        tiny,
        training=replace(
            tiny.training,
            steps=STEPS,
            windows=4,
            save_every=STEPS,
            evaluate_every=STEPS,
            augment_full=0,
            mute=0.5,
            **RATES,
        ),
        syncnet_training=replace(
            tiny.syncnet_training, steps=STEPS, clips=2, windows=4, save_every=STEPS, evaluate_every=STEPS, **RATES
        ),
    )


def main(data: Path, weights: Path, out: Path) -> None:
    """One run of each kind, below the folder `out`."""
    torch.set_num_threads(1)
    loop.LOG_EVERY = 1
    generator.fastest = syncnet.fastest = lambda device: "fp32"  # a measurement may come out differently
    with mustered(torch.device("cpu")) as crew:
        generator.train_generator(data, out / "generator", config(), syncnet=weights, crew=crew)
        syncnet.train_syncnet(data, out / "syncnet", config(), crew=crew)


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
