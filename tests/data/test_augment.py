"""A change of look or voice alters who is seen and heard, never what is said nor when."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from synctalkface.data import augment
from synctalkface.data.pack import MARGIN, stored_size

SIZE = 128


@pytest.fixture
def stored() -> NDArray[np.uint8]:
    """Three smooth stored crops (3, 160, 160, 3)."""
    coarse = np.random.default_rng(1).integers(0, 255, (3, 12, 12, 3), dtype=np.uint8)
    side = stored_size(SIZE)
    return np.stack([cv2.resize(c, (side, side), interpolation=cv2.INTER_CUBIC) for c in coarse])


def seen_at(picture: NDArray[np.uint8]) -> NDArray[np.float64]:
    """The middle, in crop units, of the bright spot in `picture` (S, S, 3)."""
    weight = picture.astype(np.float64).sum(-1)
    weight = np.where(weight > weight.max() / 2, weight, 0)
    rows, columns = np.mgrid[: len(picture), : len(picture)] + 0.5
    return np.array([(columns * weight).sum(), (rows * weight).sum()]) / weight.sum() / len(picture)


def test_without_strength_the_crop_is_the_middle_of_what_was_stored(stored: NDArray[np.uint8]) -> None:
    same = augment.look(np.random.default_rng(0), 0.0)
    edge = (stored.shape[1] - SIZE) // 2
    inner = stored[:, edge:-edge, edge:-edge].astype(int)
    assert np.abs(same.crop(stored, SIZE) - inner).max() <= 1  # grey levels: rounding of the colour matrix
    points = np.random.default_rng(0).random((3, 5, 2), dtype=np.float32)
    np.testing.assert_allclose(same.move(points), points, atol=1e-6)


def test_the_lower_half_alone_is_the_lower_half_of_the_whole(stored: NDArray[np.uint8]) -> None:
    change = augment.look(np.random.default_rng(3), 1.0)
    np.testing.assert_array_equal(change.crop(stored, SIZE, SIZE // 2), change.crop(stored, SIZE)[:, SIZE // 2 :])


@pytest.mark.parametrize("seed", range(8))
def test_landmarks_go_where_their_pixels_go(seed: int) -> None:
    point = np.random.default_rng(seed).uniform(0.35, 0.65, 2)
    side = stored_size(SIZE)
    spot = np.zeros((side, side, 3), np.uint8)
    centre = (point + MARGIN) / (1 + 2 * MARGIN) * side - 0.5
    cv2.circle(spot, tuple(int(c) for c in np.round(centre * 16)), 3 * 16, (255, 255, 255), -1, cv2.LINE_AA, 4)
    change = augment.look(np.random.default_rng(seed + 100), 1.0)
    moved = change.move(point[None, None].astype(np.float32))[0, 0]
    assert np.abs(moved - seen_at(change.crop(spot[None], SIZE)[0])).max() * SIZE < 1.5  # px


def test_all_frames_of_a_sample_change_alike(stored: NDArray[np.uint8]) -> None:
    change = augment.look(np.random.default_rng(5), 1.0)
    together = change.crop(stored, SIZE)
    for frame, crop in zip(stored, together, strict=True):
        np.testing.assert_array_equal(change.crop(frame[None], SIZE)[0], crop)


def test_a_look_follows_from_its_random_numbers_alone(stored: NDArray[np.uint8]) -> None:
    one, again = (augment.look(np.random.default_rng(7), 0.5).crop(stored, SIZE) for _ in range(2))
    other = augment.look(np.random.default_rng(8), 0.5).crop(stored, SIZE)
    np.testing.assert_array_equal(one, again)
    assert np.abs(one.astype(int) - other).mean() > 5


def test_a_voice_without_strength_is_the_voice_that_was_recorded() -> None:
    mel = np.random.default_rng(0).uniform(-4, 4, (80, 30)).astype(np.float32)
    np.testing.assert_array_equal(augment.voice(mel, np.random.default_rng(1), 0.0), mel)


@pytest.mark.parametrize("seed", range(5))
def test_another_voice_says_the_same_at_the_same_time(seed: int) -> None:
    mel = np.full((80, 60), -3.0, np.float32)
    mel[20:40, 30:] = 2.0  # a sound begins at step 30
    heard = augment.voice(mel, np.random.default_rng(seed), 1.0)
    loudness = heard[22:34].mean(0)
    assert np.argmax(np.diff(loudness)) == 29
    assert heard.dtype == np.float32
    assert np.abs(heard).max() <= 4.0


def test_a_longer_vocal_tract_moves_the_bands() -> None:
    mel = np.full((80, 4), -4.0, np.float32)
    mel[40] = 4.0
    peaks = {int(augment.voice(mel, np.random.default_rng(seed), 1.0)[:, 0].argmax()) for seed in range(20)}
    assert min(peaks) >= 36 and max(peaks) <= 45
    assert len(peaks) > 3


def test_a_mirrored_look_is_the_mirror_image() -> None:
    points = np.array([[0.2, 0.5], [0.8, 0.5]], np.float32)
    looks = [augment.look(np.random.default_rng(seed), 1e-6) for seed in range(20)]
    placed = {bool(look.move(points)[0, 0] > 0.5) for look in looks}
    assert placed == {True, False}
    for look in looks:
        found = look.move(points)[:, 0]
        assert np.abs(np.sort(found) - [0.2, 0.8]).max() < 1e-3
