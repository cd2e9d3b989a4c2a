"""Adaptation believes as much of what it has learnt as the held-out frames do."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from synctalkface.config import preset
from synctalkface.training.adaptation import Adaptation, Recipe, learns
from synctalkface.training.footage import read_footage
from synctalkface.training.held_out import Score


def test_of_too_much_a_share_is_kept(sample_face: Path, tiny_weights: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where all that was learnt draws the held-out frames worse, and a part of it better, that part stays."""
    filmed = read_footage(sample_face, preset("tiny"), None)
    adapting = Adaptation([filmed], tiny_weights, Recipe(steps=5, windows=2, every=5), None, torch.device("cpu"))
    scores = {1.0: 0.2, 0.5: 0.11, 0.25: 0.08}
    monkeypatch.setattr(adapting, "before", Score(0.1, 31.0, 0.9, 0.5))
    monkeypatch.setattr(
        adapting, "judge", lambda share=1.0: Score(scores[share] if adapting.step else 0.1, 30.0 + share, 0.9, 0.5)
    )
    outcome = adapting.adapt()
    assert (outcome.step, outcome.share, outcome.after) == (5, 0.25, Score(0.08, 30.25, 0.9, 0.5))
    whole, quarter = adapting.learnt(), adapting.learnt(0.25)
    for name, before in adapting.base.items():
        assert torch.equal(outcome.state[name], quarter[name])
        if learns(name):
            torch.testing.assert_close(quarter[name] - before, 0.25 * (whole[name] - before))
