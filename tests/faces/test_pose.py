"""Pose and smoothing: planted heads come back, and nothing lags."""

from __future__ import annotations

import numpy as np
import pytest

from synctalkface.faces.mesh import KEPT, STABLE
from synctalkface.faces.pose import MEAN_FACE, fit, smooth
from synctalkface.faces.track import FaceTrack, rows


def heads(size: np.ndarray, roll: np.ndarray, yaw: np.ndarray, place: np.ndarray) -> FaceTrack:
    """Mean faces seen by a distant camera: sizes px, rolls and yaws degrees (N,), places (N, 2) px of the origin."""
    landmarks = np.zeros((len(size), len(KEPT), 2), np.float32)
    for i, (scale, tilt, turn) in enumerate(zip(size, np.radians(roll), np.radians(yaw), strict=True)):
        x, y, z = MEAN_FACE.T
        aside = np.cos(turn) * x - np.sin(turn) * z  # the nose, at negative z, goes to the right
        flat = np.stack([np.cos(tilt) * aside - np.sin(tilt) * y, np.sin(tilt) * aside + np.cos(tilt) * y], -1)
        landmarks[i, rows(STABLE)] = scale * flat + place[i]
    return FaceTrack(landmarks, np.ones(len(size), np.float32))


def test_a_planted_head_comes_back_whichever_way_it_looks():
    size, roll = np.array([60.0, 120, 80, 100, 90]), np.array([0.0, 20, -35, 10, 170])
    yaw, place = np.array([0.0, 30, -45, 60, -10]), np.array([[300.0, 200], [0, 0], [50, 900], [640, 360], [10, 20]])
    pose = fit(heads(size, roll, yaw, place), (0.0, 0.0, 0.0))
    assert pose.anchor == pytest.approx(place, abs=1e-3)
    assert np.degrees(pose.angle) == pytest.approx(roll, abs=1e-3)
    assert pose.yaw == pytest.approx(yaw, abs=0.01)
    assert pose.size == pytest.approx(size, rel=1e-4), "turning the head does not shrink it"


def test_the_anchor_is_fixed_to_the_head():
    pose = fit(heads(np.array([100.0]), np.array([90.0]), np.array([0.0]), np.array([[50.0, 60]])), (0.0, 0.5, 0.0))
    assert pose.anchor[0] == pytest.approx((0, 60), abs=1e-3), "down the face is left in the picture when lying"


def test_motion_of_constant_speed_comes_back_exactly_even_at_the_ends():
    line = np.stack([3.0 * np.arange(30), 100 - 7.5 * np.arange(30)], -1)
    assert smooth(line, [(0, 30)], 2.0) == pytest.approx(line)
    assert smooth(line[:2], [(0, 2)], 2.0) == pytest.approx(line[:2])
    assert smooth(line[:1], [(0, 1)], 2.0) == pytest.approx(line[:1])


def test_smoothing_equals_a_weighted_straight_line_fitted_at_every_frame():
    values = np.random.default_rng(1).normal(size=40)
    sigma, reach = 1.7, 6
    slow = []
    for i in range(40):
        near = np.arange(max(0, i - reach), min(40, i + reach + 1))
        weights = np.exp(-0.25 * ((near - i) / sigma) ** 2)  # polyfit squares its weights
        slow.append(np.polyval(np.polyfit(near - i, values[near], 1, w=weights), 0))
    assert smooth(values, [(0, 40)], sigma) == pytest.approx(np.array(slow))


def test_a_step_stays_sharp_between_two_runs_and_nothing_is_invented_outside_them():
    values = np.concatenate([np.zeros(10), np.full(3, np.nan), np.ones(10)])
    result = smooth(values, [(0, 10), (13, 23)], 3.0)
    assert result[:10] == pytest.approx(0)
    assert np.isnan(result[10:13]).all()
    assert result[13:] == pytest.approx(1)


def test_jitter_falls():
    noise = np.random.default_rng(2).normal(size=(400, 2))
    assert smooth(noise, [(0, 400)], 2.0).std() < 0.45 * noise.std()
