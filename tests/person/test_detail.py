"""Sharpness and grain: what lacks is added, what is there stays, and no halo appears."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from synctalkface.person.detail import finish

SIZE = (150, 240)
Plane = NDArray[np.float32]
ALPHA = np.zeros(SIZE, np.float32)
ALPHA[15:-15, 20:-20] = 1


def texture(sharp: float) -> Plane:
    """(150, 240): pores and folds, blurred by `sharp` px."""
    drawn = np.random.default_rng(3).normal(0, 60, SIZE).astype(np.float32)
    return np.asarray(130 + cv2.GaussianBlur(drawn, (0, 0), max(sharp, 1.0)), np.float32)


def noise(sigma: float, seed: int = 0) -> Plane:
    return np.random.default_rng(seed).normal(0, sigma, SIZE).astype(np.float32)


def flat() -> Plane:
    y, x = np.mgrid[: SIZE[0], : SIZE[1]]
    return np.asarray(110 + 20 * np.sin(x / 40) + 15 * np.cos(y / 30), np.float32)


def rgb(plane: Plane) -> NDArray[np.float32]:
    return np.repeat(plane[..., None], 3, axis=2)


def filmed(plane: Plane) -> NDArray[np.uint8]:
    return np.asarray(np.rint(plane).clip(0, 255), np.uint8)


def grain(plane: Plane) -> float:
    """Standard deviation of the finest detail where the mask is."""
    high = cv2.filter2D(plane, -1, np.array([[1, -2, 1], [-2, 4, -2], [1, -2, 1]], np.float32) / 6)
    return float(high[20:-20, 25:-25].std())


def detail(plane: Plane) -> float:
    return float((plane - cv2.GaussianBlur(plane, (0, 0), 3))[20:-20, 25:-25].std())


@pytest.mark.parametrize("level", [2.0, 5.0, 9.0])
def test_a_clean_drawing_gets_the_grain_of_its_frame(level: float) -> None:
    result = finish(rgb(flat()), ALPHA, filmed(flat() + noise(level)), 1.0)
    assert grain(result[..., 0]) == pytest.approx(level, rel=0.15)
    assert grain(result[..., 0] - result[..., 2]) == pytest.approx(0, abs=1e-3), "grey grain"


def test_only_what_is_missing_is_added() -> None:
    frame = filmed(flat() + noise(5))
    half = finish(rgb(flat() + noise(3, seed=1)), ALPHA, frame, 1.0)
    full = finish(rgb(flat() + noise(5, seed=1)), ALPHA, frame, 1.0)
    assert grain(half[..., 0]) == pytest.approx(5, rel=0.15)
    assert grain(full[..., 0]) == pytest.approx(5, rel=0.15)


def test_a_clean_frame_gets_no_grain() -> None:
    result = finish(rgb(flat()), ALPHA, filmed(flat()), 1.0)
    assert np.abs(result - rgb(flat())).max() < 1


def test_grain_is_that_of_the_frame_and_lives_from_frame_to_frame() -> None:
    frames = [filmed(flat() + noise(5, seed)) for seed in (0, 0, 1)]
    first, again, other = (finish(rgb(flat()), ALPHA, frame, 1.0) for frame in frames)
    assert (first == again).all()
    moved = np.corrcoef((first - rgb(flat()))[..., 0].ravel(), (other - rgb(flat()))[..., 0].ravel())
    assert abs(moved[0, 1]) < 0.05


def test_luma_of_limited_range_is_scaled_to_that_of_the_drawing() -> None:
    frame = filmed(16 + (flat() + noise(5)) * 219 / 255)
    assert grain(finish(rgb(flat()), ALPHA, frame, 255 / 219)[..., 0]) == pytest.approx(5, rel=0.15)


def test_luma_of_ten_bits_is_scaled_too() -> None:
    frame = np.asarray(np.rint(4 * (flat() + noise(5))), np.uint16)
    assert grain(finish(rgb(flat()), ALPHA, frame, 1 / 4)[..., 0]) == pytest.approx(5, rel=0.15)


def test_a_soft_drawing_becomes_about_as_sharp_as_its_frame() -> None:
    sharp, soft = texture(1.0), texture(1.2)
    result = finish(rgb(soft), ALPHA, filmed(sharp), 1.0)[..., 0]
    assert detail(soft) / detail(sharp) < 0.8
    assert 0.88 < detail(result) / detail(sharp) < 1.1


def test_a_drawing_that_is_sharper_than_its_frame_stays() -> None:
    result = finish(rgb(texture(1.0)), ALPHA, filmed(texture(1.6)), 1.0)
    assert np.abs(result - rgb(texture(1.0))).max() < 1e-3


def test_sharpening_makes_no_halo() -> None:
    edge = np.tile(np.where(np.arange(SIZE[1]) < 120, 60, 180).astype(np.float32), (SIZE[0], 1))
    soft = cv2.GaussianBlur(edge + texture(1.4) - 130, (0, 0), 1.2)
    result = finish(rgb(soft), ALPHA, filmed(edge + texture(1.0) - 130), 1.0)[..., 0]
    near = np.ones((3, 3), np.uint8)
    beyond = np.maximum(result - cv2.dilate(soft, near), cv2.erode(soft, near) - result)
    assert np.percentile(beyond, 99) < 4, "what is left is grain"
    assert detail(result) > 1.05 * detail(soft)


@pytest.mark.parametrize("size", [(1, 1), (5, 9), (2, 40)])
def test_a_face_of_a_few_pixels_is_left_as_it_is(size: tuple[int, int]) -> None:
    drawn = np.full((*size, 3), 100, np.float32)
    assert (finish(drawn, np.ones(size, np.float32), np.zeros(size, np.uint8), 1.0) == drawn).all()


def test_a_very_large_face_is_covered_with_grain_all_over() -> None:
    tall = np.full((700, 1300), 100, np.float32)
    frame = np.asarray(np.rint(tall + np.random.default_rng(0).normal(0, 5, tall.shape)), np.uint8)
    result = finish(np.repeat(tall[..., None], 3, axis=2), np.ones_like(tall), frame, 1.0)[..., 0]
    for part in (result[:50, :50], result[-50:, -50:]):
        assert part.std() == pytest.approx(5, rel=0.2)
