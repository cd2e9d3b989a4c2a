"""An address track keeps its keys exactly and goes smoothly between them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from synctalkface.address import AddressTrack
from synctalkface.errors import ConfigError


def softmax(rng: np.random.Generator, keys: int, slots: int = 6) -> NDArray[np.float32]:
    values = np.exp(3 * rng.standard_normal((keys, slots))).astype(np.float32)
    return np.asarray(values / values.sum(1, keepdims=True), dtype=np.float32)


def track(keys: int = 5, seed: int = 0, share: float = 1.0) -> AddressTrack:
    rng = np.random.default_rng(seed)
    times = np.cumsum(rng.uniform(0.03, 0.4, keys))
    return AddressTrack(times, softmax(rng, keys), np.full(keys, share, np.float32))


def test_a_key_comes_back_bit_for_bit_also_through_the_noise_of_clocks() -> None:
    keys = track()
    weights, shares = keys.at(keys.times + 3e-9)
    assert weights.tobytes() == keys.weights.tobytes()
    assert (shares == 1).all()


@given(st.integers(2, 9), st.integers(0, 10_000))
@settings(max_examples=40, deadline=None)
def test_between_two_keys_an_address_stays_an_address_and_overshoots_neither(keys: int, seed: int) -> None:
    made = track(keys, seed)
    for index in range(keys - 1):
        moments = np.linspace(made.times[index], made.times[index + 1], 21)
        weights, _ = made.at(moments)
        assert (weights >= 0).all()
        np.testing.assert_allclose(weights.sum(1), 1, atol=1e-5)
    held, _ = made.at(np.array([made.times[0] - 5, made.times[-1] + 5]))
    np.testing.assert_allclose(held, made.weights[[0, -1]], atol=1e-6)


def test_the_curve_is_the_monotone_cubic_that_scipy_draws() -> None:
    interpolate = pytest.importorskip("scipy.interpolate")
    made = track(7, 3, 0.5)
    inner = np.linspace(made.times[1], made.times[-2], 50)[1:-1]  # scipy's slopes at the two ends are not flat
    curve = interpolate.PchipInterpolator(made.times, made.weights.astype(np.float64))(inner)
    np.testing.assert_allclose(made.at(inner)[0], curve / curve.sum(1, keepdims=True), atol=1e-6)


def test_the_movement_has_no_corner_at_a_key() -> None:
    made = track(5, 1)
    step = 1e-4
    for key in made.times[1:-1]:
        around, _ = made.at(key + np.array([-2, -1, 1, 2]) * step)
        before, after = (around[1] - around[0]) / step, (around[3] - around[2]) / step
        np.testing.assert_allclose(before, after, atol=0.05 * np.abs(around).max() / 0.03)


def test_share_one_is_the_track_share_zero_the_sound_and_a_half_their_mean() -> None:
    rng = np.random.default_rng(1)
    heard = softmax(rng, 3)
    times = np.array([0.0, 1.0, 2.0])
    mixed = AddressTrack(times, softmax(rng, 3), np.array([1, 0, 0.5], np.float32))
    result = mixed.mix(heard, times)
    assert result[0].tobytes() == mixed.weights[0].tobytes()
    assert result[1].tobytes() == heard[1].tobytes()
    np.testing.assert_allclose(result[2], (mixed.weights[2] + heard[2]) / 2, atol=1e-6)


def test_a_track_of_one_key_holds_its_shape() -> None:
    [row] = softmax(np.random.default_rng(2), 1)
    alone = AddressTrack(np.array([1.0]), row[None], np.ones(1, np.float32))
    assert (alone.at(np.array([-3.0, 1.0, 9.0]))[0] == row).all()


@pytest.mark.parametrize(
    ("times", "weights", "share", "sentence"),
    [
        ([], np.zeros((0, 3)), [], "at least one key"),
        ([1.0, 1.0], np.eye(3)[:2], [1, 1], "one after another"),
        ([0.5], [[0.5, 0.2, 0.2]], [1], "sum to 0.9"),
        ([0.5], [[1.5, -0.5, 0.0]], [1], "at 0.500 s"),
        ([0.5], [[1.0, 0.0, 0.0]], [1.2], "between 0"),
    ],
)
def test_what_is_no_track_is_refused(times: list[float], weights: object, share: list[float], sentence: str) -> None:
    with pytest.raises(ConfigError, match=sentence):
        AddressTrack(np.array(times), np.array(weights, np.float32), np.array(share, np.float32))


def test_a_track_of_another_memory_is_refused_with_both_sizes() -> None:
    with pytest.raises(ConfigError, match=r"6 slots, these weights have 8"):
        track().mix(softmax(np.random.default_rng(0), 1, 8), np.array([0.0]))
