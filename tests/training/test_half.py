"""Adaptation as an exam: it sees and hears one half of a clip, and nothing of the other."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from synctalkface import hub
from synctalkface.config import preset
from synctalkface.data import manifest, pack
from synctalkface.training.adaptation import Recipe
from synctalkface.training.half import adapt_to_half, half


def test_nothing_of_the_second_half_is_seen_or_heard(tiny_data: Path) -> None:
    entry = manifest.load(tiny_data).split("train")[0]
    stored = pack.load(tiny_data / entry.file)
    found = half(stored, entry, preset("tiny"))
    frames = len(stored.crops) // 2
    assert (found.clip.crops == stored.crops[:frames]).all()
    assert found.stretches == ((0, frames),)
    assert (found.references == found.clip.references()).all()
    assert found.references.max() < frames
    seconds = len(found.stored.waveform) / stored.sample_rate
    assert found.stored.centres[-1] < seconds < stored.centres[frames]


def test_nothing_of_the_first_half_is_seen_or_heard(tiny_data: Path) -> None:
    entry = manifest.load(tiny_data).split("train")[0]
    stored = pack.load(tiny_data / entry.file)
    first, found = (half(stored, entry, preset("tiny"), second) for second in (False, True))
    middle = len(stored.crops) // 2
    assert (found.clip.crops == stored.crops[middle:]).all()
    assert (found.stored.landmarks == stored.landmarks[middle:]).all()
    assert found.references.max() < len(stored.crops) - middle
    assert np.array_equal(np.concatenate([first.stored.waveform, found.stored.waveform]), stored.waveform)
    begun = len(first.stored.waveform) / stored.sample_rate
    assert found.stored.centres + begun == pytest.approx(stored.centres[middle:])
    assert 0 < found.stored.centres[0] < 1 / entry.frame_rate


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
