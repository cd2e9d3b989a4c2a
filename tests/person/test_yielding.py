"""Giving way: hair, steps and rims far from the lips stay as filmed; lips and chin are drawn, whatever was filmed."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from synctalkface.faces.crop import mouth_mask
from synctalkface.faces.mesh import CHIN, JAW, KEPT, LIPS_OUTER
from synctalkface.faces.track import rows
from synctalkface.person.yielding import give_way

SIDE = 256  # px of the crop, which is the frame here
FILMED = 128  # the model sees it at this size
MATRIX = np.array([[1 / SIDE, 0, 0], [0, 1 / SIDE, 0]])
Picture = NDArray[np.float32]
CHEEK = (slice(20, 60), slice(196, 256))  # rows of the lower half, columns
DARK = (45.0, 35.0, 30.0)


def landmarks(opening: float = 0.0) -> NDArray[np.float32]:
    """(K, 2) px: lips round a mouth in the middle, the jaw an arc from ear to ear; `opening` lowers chin and lip."""
    points = np.full((len(KEPT), 2), (128, 128), np.float32)
    turn = np.linspace(np.pi, 3 * np.pi, len(LIPS_OUTER), endpoint=False)
    lower = np.maximum(np.sin(turn), 0) * opening
    points[rows(LIPS_OUTER)] = np.stack([128 + 38 * np.cos(turn), 168 + 14 * np.sin(turn) + lower], -1)
    along = np.linspace(0, np.pi, len(JAW))
    points[rows(JAW)] = np.stack([128 + 100 * np.cos(along), 120 + (100 + opening) * np.sin(along)], -1)
    points[rows((48, 278))] = (112, 140), (144, 140)
    return points


def skin(seed: int = 1, unevenness: float = 12.0) -> Picture:
    """(128, 256, 3): the lower half of a face, with lips."""
    coarse = np.random.default_rng(seed).uniform(-unevenness, unevenness, (8, 16, 1)).astype(np.float32)
    face = np.array([190, 140, 115], np.float32) + cv2.resize(coarse, (SIDE, SIDE // 2))[..., None]
    cv2.ellipse(face, (128, 40), (38, 14), 0, 0, 360, (150, 70, 70), -1)
    return np.asarray(face, np.float32)


def seen(picture: Picture) -> NDArray[np.uint8]:
    """As the model sees the frame: smaller, in whole levels."""
    small = cv2.resize(picture, (FILMED, FILMED // 2), interpolation=cv2.INTER_AREA)
    return np.asarray(np.rint(small).clip(0, 255), np.uint8)


def whole(points: NDArray[np.float32] | None = None) -> Picture:
    return mouth_mask(landmarks() if points is None else points, MATRIX, SIDE)


def given(drawn: Picture, filmed: Picture, points: NDArray[np.float32] | None = None) -> Picture:
    """The lower half (128, 256) of the mask that is left."""
    points = landmarks() if points is None else points
    return give_way(whole(points), drawn, seen(filmed), points, MATRIX)[SIDE // 2 :]


def laid(drawn: Picture, filmed: Picture, mask: Picture) -> Picture:
    return np.asarray(filmed + mask[..., None] * (drawn - filmed), np.float32)


def hair(face: Picture) -> Picture:
    """The reference's head was turned: its hair hangs over the cheek."""
    hidden = face.copy()
    hidden[:, 196:] = DARK
    return hidden


def rim(face: Picture, radius: int) -> Picture:
    """A light band along a jaw of this radius, dark neck below."""
    lit = face.copy()
    yy, xx = np.mgrid[: SIDE // 2, :SIDE]
    away = np.hypot(xx - 128, yy + 8)
    lit[away > radius + 8] = (60, 45, 40)
    lit[(away > radius) & (away <= radius + 8)] = (255, 225, 210)
    return lit


def test_where_both_agree_the_mask_stays_bit_for_bit() -> None:
    assert (given(skin(), skin()) == whole()[SIDE // 2 :]).all()


def test_folds_and_grain_are_no_disagreement() -> None:
    noise = np.random.default_rng(2).normal(0, 6, skin().shape)
    filmed = (skin() * 0.97 + noise).astype(np.float32)
    filmed[30:80, 70:74] *= 0.92  # the fold beside a mouth
    assert np.abs(given(skin(), filmed) - whole()[SIDE // 2 :]).max() < 0.02


@pytest.mark.parametrize("turned", [True, False])
def test_hair_over_a_cheek_stays_where_it_was_filmed(turned: bool) -> None:
    drawn, filmed = (hair(skin()), skin()) if turned else (skin(), hair(skin()))
    before = laid(drawn, filmed, whole()[SIDE // 2 :])
    after = laid(drawn, filmed, given(drawn, filmed))
    step = np.abs(before - filmed)[CHEEK].max()
    assert step > 100
    assert np.abs(after - filmed)[CHEEK].max() < step / 6
    assert given(drawn, filmed)[:, :110] == pytest.approx(whole()[SIDE // 2 :, :110]), "the other cheek is drawn"


def test_the_jaw_of_the_reference_leaves_no_second_rim_beside_the_filmed_one() -> None:
    drawn, filmed = rim(skin(), 84), rim(skin(), 97)
    aside = np.zeros((SIDE // 2, SIDE), bool)
    aside[20:70, 30:64] = aside[20:70, 192:226] = True
    left = [np.abs(laid(drawn, filmed, mask) - filmed)[aside].max() for mask in (whole()[128:], given(drawn, filmed))]
    assert left[0] > 50
    assert left[1] < left[0] / 3


def test_lips_and_chin_are_drawn_whatever_was_filmed() -> None:
    drawn, filmed = skin(), skin()
    opened = landmarks(20)
    cv2.ellipse(filmed, (128, 52), (38, 28), 0, 0, 360, (20, 5, 5), -1)
    filmed[86:] = (60, 45, 40)
    mask, points = given(drawn, filmed, opened), opened.copy()
    lips, chin = points[rows(LIPS_OUTER)], points[rows([CHIN])]
    protected = np.zeros((SIDE, SIDE), np.uint8)
    hull = cv2.convexHull(np.concatenate([lips, chin]))
    cv2.fillConvexPoly(protected, np.rint(hull).astype(np.int32), 1)
    inside = protected[SIDE // 2 :] > 0
    assert inside.sum() > 3000
    assert np.abs(mask - whole(opened)[SIDE // 2 :])[inside].max() < 1e-5


def test_a_drawn_jaw_that_opens_below_the_filmed_one_is_not_cut_off() -> None:
    drawn = skin()
    cv2.ellipse(drawn, (128, 55), (40, 30), 0, 0, 360, (20, 5, 5), -1)
    mouth = np.zeros((SIDE // 2, SIDE), np.uint8)
    cv2.ellipse(mouth, (128, 55), (40, 30), 0, 0, 360, 1, -1)
    kept = given(drawn, skin())[mouth > 0] / whole()[SIDE // 2 :][mouth > 0]
    assert kept.min() > 0.95


def test_nothing_is_replaced_that_was_not_before_and_nothing_above_the_middle_changes() -> None:
    random = np.random.default_rng(3)
    for seed in range(5):
        drawn = skin(seed, 90)
        filmed = random.uniform(0, 255, skin().shape).astype(np.float32)
        mask = give_way(whole(), drawn, seen(filmed), landmarks(), MATRIX)
        assert (mask <= whole()).all()
        assert (mask >= 0).all()
        assert (mask[: SIDE // 2] == whole()[: SIDE // 2]).all()
        assert mask.dtype == np.float32


def test_it_gives_way_softly() -> None:
    mask = given(hair(skin()), skin())
    steepest = max(np.abs(np.diff(mask, axis=0)).max(), np.abs(np.diff(mask, axis=1)).max())
    assert steepest < 0.12, "of 1, from one of 256 px to the next"


def test_it_does_not_flicker_with_grain_or_trembling_landmarks() -> None:
    random = np.random.default_rng(0)
    masks = []
    for _ in range(12):
        filmed = (skin() + random.normal(0, 6, skin().shape)).astype(np.float32)
        points = landmarks() + random.normal(0, 0.3, landmarks().shape).astype(np.float32)
        masks.append(given(hair(skin()), filmed, points))
    assert np.std(masks, axis=0).max() < 0.04


def test_black_white_and_overshooting_pictures_stay_in_bounds() -> None:
    for level in (-20.0, 0.0, 300.0):
        drawn = np.full((SIDE // 2, SIDE, 3), level, np.float32)
        mask = given(drawn, skin())
        assert np.isfinite(mask).all()
        assert (mask >= 0).all()
