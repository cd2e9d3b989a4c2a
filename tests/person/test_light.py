"""Light: planted light comes back, what is no light does not count, and nothing flickers."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from synctalkface.person.light import relight

HEIGHT, WIDTH = 128, 256
Picture = NDArray[np.float32]


def skin() -> Picture:
    """(128, 256, 3): warm, uneven, with lips in the middle."""
    random = np.random.default_rng(1)
    coarse = random.uniform(-25, 25, (8, 16, 1)).astype(np.float32)
    face = np.array([190, 140, 115], np.float32) + cv2.resize(coarse, (WIDTH, HEIGHT))[..., None]
    cv2.ellipse(face, (128, 60), (40, 14), 0, 0, 360, (150, 70, 70), -1)
    return np.asarray(face, np.float32)


def mask() -> Picture:
    """1 in the middle, fading out to the sides and below."""
    drawn = np.zeros((HEIGHT, WIDTH), np.float32)
    cv2.ellipse(drawn, (128, 30), (88, 78), 0, 0, 360, 1, -1)
    drawn[:8] = 0
    return np.asarray(cv2.GaussianBlur(drawn, (0, 0), 6), np.float32)


def lit(picture: Picture, light: tuple[float, float, float], across: float = 0.0, down: float = 0.0) -> Picture:
    x = np.linspace(-1, 1, WIDTH)[None, :, None]
    y = np.linspace(-1, 1, HEIGHT)[:, None, None]
    return np.asarray(picture * np.array(light) * np.exp(across * x + down * y), np.float32)


def seen(picture: Picture) -> NDArray[np.uint8]:
    """As a camera sees it, at half the size, which is how the frame is given."""
    half = cv2.resize(picture, (WIDTH // 2, HEIGHT // 2), interpolation=cv2.INTER_AREA)
    return np.asarray(np.rint(half).clip(0, 255), np.uint8)


def off(result: Picture, wanted: Picture) -> float:
    """Mean difference where the mask is, in levels of 255."""
    share = mask()[..., None]
    return float((np.abs(result - wanted) * share).sum() / (3 * share.sum()))


@pytest.mark.parametrize(
    "light", [(1.0, 1.0, 1.0), (0.7, 0.7, 0.7), (1.25, 1.2, 1.1), (0.8, 0.9, 1.2), (0.5, 0.5, 0.5)]
)
def test_planted_light_and_hue_come_back(light: tuple[float, float, float]) -> None:
    wanted = lit(skin(), light)
    assert off(relight(skin(), seen(wanted), mask()), wanted) < 2
    assert off(skin(), wanted) > 8 or light == (1, 1, 1)


def test_light_from_one_side_comes_back() -> None:
    wanted = lit(skin(), (0.95, 0.9, 0.9), across=0.15, down=-0.1)
    assert off(relight(skin(), seen(wanted), mask()), wanted) < 5
    assert off(skin(), wanted) > 10


def test_a_picture_in_the_same_light_stays_as_it_is() -> None:
    assert np.abs(relight(skin(), seen(skin()), mask()) - skin()).max() < 1


def test_another_mouth_in_the_frame_changes_no_colour() -> None:
    frame = skin()
    cv2.ellipse(frame, (128, 66), (36, 30), 0, 0, 360, (40, 15, 15), -1)
    assert off(relight(skin(), seen(frame), mask()), skin()) < 0.5


def test_a_hand_over_a_quarter_of_the_edge_is_overlooked() -> None:
    frame = lit(skin(), (0.8, 0.8, 0.8))
    wanted = frame.copy()
    frame[70:, 150:] = (90, 160, 60)
    assert off(relight(skin(), seen(frame), mask()), wanted) < 4


def test_noise_in_the_frame_does_not_make_the_colours_flicker() -> None:
    random = np.random.default_rng(0)
    frames = [seen(skin()).astype(np.float32) + random.normal(0, 6, (HEIGHT // 2, WIDTH // 2, 3)) for _ in range(20)]
    means = [
        relight(skin(), np.rint(frame).clip(0, 255).astype(np.uint8), mask())[20:90, 90:170].mean() for frame in frames
    ]
    assert np.std(means) < 0.2


def test_without_an_edge_nothing_is_known_and_nothing_changed() -> None:
    for flat in (np.zeros((HEIGHT, WIDTH), np.float32), np.ones((HEIGHT, WIDTH), np.float32)):
        assert (relight(skin(), seen(lit(skin(), (0.5, 0.5, 0.5))), flat) == skin()).all()


def test_black_and_white_frames_stay_in_bounds() -> None:
    for level in (0, 255):
        result = relight(skin(), np.full((HEIGHT // 2, WIDTH // 2, 3), level, np.uint8), mask())
        assert np.isfinite(result).all()
        assert (result / skin()).max() < 2.6
