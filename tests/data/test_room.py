"""Speech heard elsewhere: it begins when it began; an echo, a line and noise do what they are said to do."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from synctalkface.data import room

SPAN, DECIBELS, RATE = 4.0, 100.0, 80.0  # 12.5 dB a unit
FLOOR = -3.8  # what a recording's silence is at


class Chances:
    """Random numbers of a seed, with a choice of what happens."""

    def __init__(self, seed: int, *happens: str) -> None:
        self._rng = np.random.default_rng(seed)
        self._happens = [name in happens for name in ("echo", "line", "noise")]

    def random(self, count: int) -> NDArray[np.float64]:
        assert count == 3
        return np.where(self._happens, 0.0, 1.0)

    def __getattr__(self, name: str) -> object:
        return getattr(self._rng, name)


def said(steps: int = 240) -> NDArray[np.float32]:
    """Loud in half of the bands from step 40 to 80."""
    mel = np.full((80, steps), FLOOR, np.float32)
    mel[20:60, 40:80] = 1.0
    return mel


def heard(seed: int, *happens: str) -> NDArray[np.float32]:
    return room.elsewhere(said(), Chances(seed, *happens), 0.5, SPAN, DECIBELS, RATE)  # type: ignore[arg-type]


def test_without_a_share_nothing_changes() -> None:
    found = room.elsewhere(said(), np.random.default_rng(0), 0.0, SPAN, DECIBELS, RATE)
    np.testing.assert_array_equal(found, said())


@pytest.mark.parametrize("seed", range(6))
def test_an_echo_falls_evenly_after_the_speech_and_never_before(seed: int) -> None:
    found = heard(seed, "echo")
    np.testing.assert_allclose(found[:, :40], FLOOR, atol=0.35)  # the silence has an echo of its own
    tail = found[30, 80:] - FLOOR
    assert tail[0] > 0.4  # still heard when the speech is over
    falling = np.diff(found[30, 81:])[tail[1:-1] > 2.0] * DECIBELS / (2 * SPAN) * RATE  # dB a second
    slowest, fastest = -60 / room.DECAY[1], -60 / room.DECAY[0]
    assert fastest - 8 <= falling.min() and falling.max() <= slowest + 8
    assert np.ptp(falling) < 6


@pytest.mark.parametrize("seed", range(4))
def test_a_line_takes_the_lowest_and_the_highest_bands(seed: int) -> None:
    loud = np.full((80, 10), 1.0, np.float32)
    found = room.elsewhere(loud, Chances(seed, "line"), 0.5, SPAN, DECIBELS, RATE)  # type: ignore[arg-type]
    np.testing.assert_allclose(found[16:48], 1.0, atol=1e-5)
    assert (found[79] < 0).all() and (np.diff(found[:, 0])[60:] <= 1e-5).all()
    assert (found[0] <= 1.0 - 2 * room.SLOPE * 8 / 100 + 1e-5).all()


@pytest.mark.parametrize("seed", range(4))
def test_noise_fills_the_pauses_and_leaves_what_is_louder(seed: int) -> None:
    found = heard(seed, "noise")
    assert found[20:60, :40].mean() > FLOOR + 0.3
    assert abs(found[20:60, 40:80].mean() - 1.0) < 0.35  # 4 dB
    assert found[20:60, 40:80].mean() - found[20:60, :40].mean() > 0.3


def test_each_happens_as_often_as_its_share_says() -> None:
    changed = [
        not np.array_equal(room.elsewhere(said(60), np.random.default_rng(seed), 0.4, SPAN, DECIBELS, RATE), said(60))
        for seed in range(200)
    ]
    assert np.mean(changed) == pytest.approx(1 - 0.6**3, abs=0.08)


def test_what_is_heard_stays_in_range_and_follows_from_its_random_numbers() -> None:
    one, again = (heard(3, "echo", "line", "noise") for _ in range(2))
    np.testing.assert_array_equal(one, again)
    assert one.dtype == np.float32 and one.shape == said().shape
    assert np.abs(one).max() <= SPAN
