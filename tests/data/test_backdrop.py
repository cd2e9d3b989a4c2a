"""Another backdrop: the face stays as filmed, all around it is replaced, in every frame of a sample alike."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from synctalkface.config import preset
from synctalkface.data import backdrop
from synctalkface.data.clip import Clip
from synctalkface.data.dataset import load
from synctalkface.data.pack import MARGIN


@pytest.fixture(scope="module")
def clip(tiny_data: Path) -> Clip:
    return load(tiny_data, "train", preset("tiny")).clips[0]


def inside(clip: Clip, grow: float) -> np.ndarray:
    """Which pixels of the first stored crop lie in the outline, grown about its middle. (P, P)"""
    side = clip.crops.shape[1]
    points = clip.outline[0].astype(np.float64)
    middle = points.mean(axis=0)
    places = (middle + (points - middle) * grow + MARGIN) * side / (1 + 2 * MARGIN) - 0.5
    return cv2.fillPoly(np.zeros((side, side), np.uint8), [places.round().astype(np.int32)], 1).astype(bool)


def test_the_face_stays_and_what_lies_around_it_goes(clip: Clip) -> None:
    red = np.zeros((8, 8, 3), np.uint8)
    red[..., 0] = 200
    found = backdrop.behind(torch.from_numpy(clip.crops[:2]), clip.outline[:2], red).numpy()
    face, around = inside(clip, 0.95), ~inside(clip, 1.15)
    assert face.mean() > 0.2 and around.mean() > 0.1  # of the crop
    assert np.abs(found[0][face].astype(int) - clip.crops[0][face]).max() <= 2
    assert (np.abs(found[0][around].astype(int) - (200, 0, 0)) <= 2).all()


def test_backdrops_differ_and_follow_from_their_random_numbers() -> None:
    one, again, other = (backdrop.paint(np.random.default_rng(seed)) for seed in (1, 1, 2))
    np.testing.assert_array_equal(one, again)
    assert np.abs(one.astype(int) - other).mean() > 5
    assert one.std() > 3  # no single colour
