"""The memory's emphasis, which is for use: adaptation learns with it, and leaves the memory as it was taught."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import torch

from synctalkface import hub
from synctalkface.config import preset, to_json
from synctalkface.models.generator import for_use
from synctalkface.training.adaptation import Adaptation, Recipe
from synctalkface.training.footage import read_footage


def test_what_learns_sees_the_lips_of_use_and_keeps_those_of_training(
    sample_face: Path, tiny_weights: Path, tmp_path: Path
) -> None:
    filmed = read_footage(sample_face, preset("tiny"), None)
    folder = shutil.copytree(tiny_weights, tmp_path / "loud")
    config = hub.load_config(folder)
    loud = replace(config, memory=replace(config.memory, emphasis=2.0))
    (folder / hub.CONFIG).write_text(to_json(loud), encoding="utf-8")
    adaptation = Adaptation([filmed], folder, Recipe(steps=5, windows=2), None, torch.device("cpu"))
    learning, used = adaptation.model.memory, for_use(hub.load_generator(folder)).memory
    state = adaptation.adapt().state
    assert learning is not None
    assert used is not None
    torch.testing.assert_close(learning.values, used.values)
    assert torch.equal(state["memory.values"], hub.load_generator(folder).state_dict()["memory.values"])
