"""Tracks are smoothed in time without lag, and over the same time at every frame rate: planted steps and jitter."""

from __future__ import annotations

import numpy as np
import pytest

from synctalkface.faces.crop import STEADY, align, steady
from synctalkface.faces.mesh import KEPT, STABLE
from synctalkface.faces.pose import MEAN_FACE
from synctalkface.faces.track import FaceTrack, rows


def head(places: np.ndarray) -> FaceTrack:
    """The mean face, eyes 100 px apart, its middle at `places` (N, 2) px."""
    landmarks = np.zeros((len(places), len(KEPT), 2), np.float32)
    landmarks[:, rows(STABLE)] = 100 * MEAN_FACE[None, :, :2] + places[:, None]
    return FaceTrack(landmarks, np.ones(len(places), np.float32))


def centres(track: FaceTrack, rate: float) -> np.ndarray:
    """(N,) x of the crop's middle in the frame, px."""
    matrices = align(track, rate)
    return (np.linalg.inv(matrices[:, :, :2]) @ (0.5 - matrices[:, :, 2:]))[:, 0, 0]


def step(rate: float) -> tuple[np.ndarray, np.ndarray]:
    """Seconds before and after a jump of 10 px in the middle of two seconds, and the crop's way there in 0..1."""
    count = round(2 * rate)
    places = np.zeros((count, 2))
    places[count // 2 :, 0] = 10
    x = centres(head(300 + places), rate)
    return (np.arange(count) - (count - 1) / 2) / rate, (x - x[0]) / 10


@pytest.mark.parametrize("rate", [25.0, 30.0, 50.0, 60.0])
def test_a_planted_step_is_half_way_where_it_was(rate: float) -> None:
    at, way = step(rate)
    assert np.interp(0.5, way, at) == pytest.approx(0, abs=0.001), "no lag and no lead"
    assert way + way[::-1] == pytest.approx(np.ones(len(way)), abs=1e-3), "as much ahead as behind"


def test_a_step_takes_the_same_time_at_every_frame_rate() -> None:
    taken = [np.interp(0.841, way, at) - np.interp(0.159, way, at) for at, way in map(step, (25.0, 50.0, 100.0))]
    assert taken == pytest.approx([2 * STEADY] * 3, rel=0.1), "one standard deviation to either side"


@pytest.mark.parametrize("rate", [25.0, 60.0])
def test_jitter_of_the_whole_face_falls_below_half(rate: float) -> None:
    shaken = np.random.default_rng(0).normal(0, 1, (400, 2))
    x = centres(head(300 + shaken), rate)
    assert x.std() < 0.45 * shaken[:, 0].std()
    landmarks = steady(head(300 + shaken), rate).landmarks[:, rows(STABLE), 0]
    assert landmarks.std(axis=0).max() < 0.45 * shaken[:, 0].std()
