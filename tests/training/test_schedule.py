"""What changes with the step is a pure function of it, with known values at its ends."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import pytest

from synctalkface.config import LossWeights, TrainingConfig
from synctalkface.training.schedule import augmentation, averaging, learning_rate, weights


def test_the_rate_rises_in_a_line_and_falls_along_a_cosine() -> None:
    rates = [learning_rate(step, 110, 1.0, 0.1, 10) for step in range(111)]
    assert rates[:10] == pytest.approx([0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0])
    assert rates[10] == 1.0
    assert rates[60] == pytest.approx(0.55)  # half way
    assert rates[110] == pytest.approx(0.1)
    assert all(a >= b for a, b in pairwise(rates[9:]))


def test_a_rate_beyond_the_last_step_stays_at_its_end() -> None:
    assert learning_rate(500, 100, 1.0, 0.2, 0) == pytest.approx(0.2)
    assert learning_rate(5, 0, 1.0, 0.2, 0) == pytest.approx(0.2)


def test_equal_rates_are_constant() -> None:
    assert {learning_rate(step, 100, 1e-4, 1e-4, 0) for step in range(101)} == {1e-4}


def test_the_augmentation_grows_between_its_two_steps() -> None:
    plan = TrainingConfig(augment_from=100, augment_full=200, augment_strength=0.8)
    assert [augmentation(step, plan) for step in (0, 100, 150, 200, 900)] == pytest.approx([0, 0, 0.4, 0.8, 0.8])


def test_without_a_beginning_the_augmentation_is_full_at_once() -> None:
    assert augmentation(0, TrainingConfig(augment_strength=0.7)) == 0.7
    assert augmentation(0, TrainingConfig()) == 0.0  # the paper's


def test_a_term_that_begins_later_weighs_nothing_before() -> None:
    plan = TrainingConfig(audio_visual_from=5, visual_visual_from=7, adversarial_from=9)
    full = LossWeights(audio_visual=1, visual_visual=2, adversarial=3)
    assert weights(4, full, plan) == replace(full, audio_visual=0, visual_visual=0, adversarial=0)
    assert weights(5, full, plan) == replace(full, visual_visual=0, adversarial=0)
    assert weights(8, full, plan) == replace(full, adversarial=0)
    assert weights(9, full, plan) == full


def test_the_average_forgets_the_start_and_then_remembers_long() -> None:
    decays = [averaging(step, 0.999) for step in (0, 10, 1_000, 100_000)]
    assert decays[0] == pytest.approx(0.1)
    assert decays == sorted(decays)
    assert decays[-1] == 0.999
