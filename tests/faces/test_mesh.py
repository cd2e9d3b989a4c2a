"""The mesh: points lie on the face, turn with it, and know when there is none."""

from __future__ import annotations

import numpy as np
import pytest

from synctalkface.faces.mesh import (
    CHIN,
    FACE_OVAL,
    JAW,
    LEFT_EYE,
    LIP_GAP,
    LIPS_INNER,
    LIPS_OUTER,
    MOUTH_CORNERS,
    NOSE_TIP,
    RIGHT_EYE,
    Square,
    square_of_landmarks,
)


def test_the_points_lie_on_the_face(detector, mesh, astronaut):
    (face,) = detector.detect(astronaut)
    points, presence = mesh.landmarks(astronaut, face)
    assert points.shape == (468, 3)
    assert points.dtype == np.float32
    assert presence > 0.95
    assert np.linalg.norm(points[list(RIGHT_EYE), :2].mean(0) - face.points[0]) < 6
    assert np.linalg.norm(points[list(LEFT_EYE), :2].mean(0) - face.points[1]) < 6
    assert points[NOSE_TIP, 2] < points[CHIN, 2], "the nose is nearer than the chin"
    upper, lower = points[list(LIP_GAP), 1]
    assert points[NOSE_TIP, 1] < upper <= lower < points[CHIN, 1]


def test_the_mesh_turns_moves_and_grows_with_the_picture(detector, mesh, astronaut, shot):
    from_photograph = mesh.landmarks(astronaut, detector.detect(astronaut)[0])[0][:, :2]
    for motion in ({"zoom": 1.0}, {"zoom": 1.5, "x": 20}, {"zoom": 1.2, "degrees": 25}, {"degrees": -25, "y": -15}):
        frame, known = shot(**motion)
        points = mesh.landmarks(frame, detector.detect(frame)[0])[0]
        points = mesh.landmarks(frame, points)[0][:, :2]
        expected = from_photograph @ known[:, :2].T + known[:, 2]
        size = np.ptp(expected, axis=0).max()
        assert np.linalg.norm(points - expected, axis=1).mean() < 0.02 * size, motion


def test_a_wall_is_not_a_face(mesh):
    wall = np.random.default_rng(0).integers(90, 120, (200, 200, 3), dtype=np.uint8)
    _, presence = mesh.landmarks(wall, Square(100, 100, 120, 0))
    assert presence < 0.1


@pytest.mark.parametrize("degrees", [0, 30, -50])
def test_the_next_square_is_level_with_the_eyes_and_half_as_large_again(degrees):
    level = np.zeros((468, 2))
    level[list(RIGHT_EYE)], level[list(LEFT_EYE)] = (-20, -10), (20, -10)
    level[10], level[CHIN] = (0, -50), (0, 50)
    radians = np.radians(degrees)
    turn = np.array([[np.cos(radians), -np.sin(radians)], [np.sin(radians), np.cos(radians)]])
    x, y, side, angle = square_of_landmarks(level @ turn.T + (200, 100))
    assert (x, y, side) == pytest.approx((200, 100, 150))
    assert np.degrees(angle) == pytest.approx(degrees)


def test_the_named_points_are_twenty_a_lip_ring_and_the_jaw_is_the_ovals_lower_part():
    assert len(set(LIPS_OUTER)) == len(set(LIPS_INNER)) == 20
    assert not set(LIPS_OUTER) & set(LIPS_INNER)
    assert set(MOUTH_CORNERS) < set(LIPS_OUTER)
    assert len(set(FACE_OVAL)) == 36
    assert set(JAW) < set(FACE_OVAL)
