"""Tiny runs on prepared clips: one thread, and numbers that do not depend on what is fast today."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from synctalkface.config import Config, preset
from synctalkface.data.dataset import Clips, load

torch.set_num_threads(1)


@pytest.fixture(autouse=True)
def full_precision(monkeypatch: pytest.MonkeyPatch) -> None:
    """Runs measure which precision is faster; a measurement may come out differently each time."""
    for room in ("generator", "syncnet"):
        monkeypatch.setattr(f"synctalkface.training.{room}.fastest", lambda device: "fp32")


@pytest.fixture
def config() -> Config:
    """Six steps with every term, a checkpoint in the middle, one evaluation at the end."""
    tiny = preset("tiny")
    return replace(
        tiny,
        training=replace(
            tiny.training, steps=6, windows=2, save_every=3, evaluate_every=6, augment_from=0, augment_full=0
        ),
        syncnet_training=replace(tiny.syncnet_training, steps=6, clips=2, windows=3, save_every=3, evaluate_every=6),
    )


@pytest.fixture(scope="session")
def lessons(tiny_data: Path) -> Clips:
    """Two clips to train on."""
    return load(tiny_data, "train", preset("tiny"))


@pytest.fixture(scope="session")
def exam(tiny_data: Path) -> Clips:
    """Two clips to validate with."""
    return load(tiny_data, "validation", preset("tiny"))
