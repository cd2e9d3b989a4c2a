"""Adaptation believes as much of what it has learnt as the held-out frames do, and for as long."""

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
    scores = {1.0: 0.2, 0.75: 0.15, 0.5: 0.11, 0.25: 0.08}
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


def test_of_shares_that_are_better_the_one_with_the_nearest_pixels_is_kept(
    sample_face: Path, tiny_weights: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Lips that come nearer still do not make up for it, and lips that are worse rule a share out."""
    filmed = read_footage(sample_face, preset("tiny"), None)
    recipe = Recipe(steps=1, windows=1, every=1)
    adapting = Adaptation([filmed], tiny_weights, recipe, None, torch.device("cpu"))
    before = Score(0.1, 30.0, 0.9, 0.5)
    scores = {1.0: Score(0.09, 30.0, 0.9, 0.3), 0.75: Score(0.07, 30.0, 0.9, 0.6), 0.5: Score(0.08, 30.0, 0.9, 0.4)}
    monkeypatch.setattr(adapting, "before", before)
    monkeypatch.setattr(adapting, "judge", lambda share: scores.get(share, before))
    outcome = adapting.adapt()
    assert (outcome.share, outcome.after) == (0.5, scores[0.5])


@pytest.mark.parametrize(
    ("pixels", "kept", "run"),
    [
        ([0.08, 0.05, 0.07], 15, 15),  # of those that are better than the base the latest, be it not the best
        ([0.08, 0.12, 0.09], 15, 15),  # one bad look ends nothing
        ([0.08, 0.12], 5, 10),  # the last look was bad: those before it
        ([0.12, 0.12, 0.05], 0, 10),  # two in a row do
        ([0.12, 0.08, 0.12], 10, 15),
    ],
)
def test_the_latest_weights_that_are_better_are_kept(
    sample_face: Path, tiny_weights: Path, monkeypatch: pytest.MonkeyPatch, pixels: list[float], kept: int, run: int
) -> None:
    filmed = read_footage(sample_face, preset("tiny"), None)
    recipe = Recipe(steps=5 * len(pixels), windows=1, every=5, patience=2)
    adapting = Adaptation([filmed], tiny_weights, recipe, None, torch.device("cpu"))
    monkeypatch.setattr(adapting, "before", Score(0.1, 30.0, 0.9, 0.5))
    monkeypatch.setattr(adapting, "update", lambda: None)
    monkeypatch.setattr(adapting, "judge", lambda share: Score(pixels[adapting.step // 5 - 1], 30.0, 0.9, 0.5))
    outcome = adapting.adapt()
    assert (outcome.step, outcome.steps) == (kept, run)
    assert outcome.after.l1 == (pixels[kept // 5 - 1] if kept else 0.1)


def test_the_last_steps_which_learn_most_gently_are_always_run_unless_more_are_asked_for() -> None:
    usual = Recipe()
    assert usual.patience * usual.every == usual.steps
