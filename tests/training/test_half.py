"""Adaptation as an exam: it sees one half of a clip, and nothing of the other."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from synctalkface import hub
from synctalkface.config import preset
from synctalkface.data import manifest, pack
from synctalkface.data.clip import unpacked
from synctalkface.training.adaptation import Recipe
from synctalkface.training.half import adapt_to_half, half


@pytest.mark.parametrize("second", [False, True])
def test_nothing_of_the_other_half_is_seen(tiny_data: Path, second: bool) -> None:
    entry, config = manifest.load(tiny_data).split("train")[0], preset("tiny")
    stored = pack.load(tiny_data / entry.file)
    middle = len(stored.crops) // 2
    frames = slice(middle, None) if second else slice(middle)
    found, whole = half(stored, entry, config, second), unpacked(stored, entry, config)
    assert (found.clip.crops == stored.crops[frames]).all()
    assert (found.stored.landmarks == stored.landmarks[frames]).all()
    assert (found.clip.lips == whole.lips[frames]).all()
    assert found.stretches == ((0, len(found.clip.crops)),)
    assert (found.references == found.clip.references()).all()
    assert found.references.max() < len(found.clip.crops)
    assert (found.clip.mel == whole.mel).all()
    assert found.clip.centres == pytest.approx(whole.centres[frames] + entry.correction)


def test_the_adapted_weights_are_like_those_they_began_with_but_for_the_looks(
    tiny_data: Path, tiny_weights: Path, tmp_path: Path
) -> None:
    entry = manifest.load(tiny_data).split("train")[0]
    recipe = Recipe(steps=2, windows=1, every=1)
    adapt_to_half(tiny_data, entry, tiny_weights, tmp_path / "out", recipe=recipe, device="cpu")
    before, after = (hub.load_generator(f).state_dict() for f in (tiny_weights, tmp_path / "out"))
    changed = {name.partition(".")[0] for name in before if not torch.equal(before[name], after[name])}
    assert changed <= {"face_encoder", "decoder"}
    assert hub.load_config(tmp_path / "out") == hub.load_config(tiny_weights)


def test_another_seed_draws_other_windows(tiny_data: Path, tiny_weights: Path, tmp_path: Path) -> None:
    entry, found = manifest.load(tiny_data).split("train")[0], []
    for name, seed in (("one", 0), ("again", 0), ("other", 1)):
        recipe = Recipe(steps=2, windows=1, every=2, learning_rate=3e-3, seed=seed)
        adapt_to_half(tiny_data, entry, tiny_weights, tmp_path / name, recipe=recipe, device="cpu")
        found.append((tmp_path / name / hub.GENERATOR).with_suffix(".safetensors").read_bytes())
    assert found[0] == found[1] != found[2]
