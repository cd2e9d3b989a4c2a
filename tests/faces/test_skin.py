"""The look at a lower face: its colours are those of the picture there, and blur makes it less sharp."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from synctalkface.faces.skin import BARE, POINTS, look, places_of
from synctalkface.faces.track import track_faces


@pytest.fixture(scope="module")
def face(astronaut, detector, mesh):
    points, _ = mesh.landmarks(astronaut, detector.detect(astronaut)[0])
    return points


def test_the_colours_are_those_of_the_picture_at_the_points(astronaut, face):
    seen = look(astronaut, face)
    assert seen.colours.shape == (POINTS + len(BARE), 3)
    soft = cv2.blur(astronaut, (5, 5))
    there = np.array([soft[int(y), int(x)] for x, y in places_of(face[:, :2])])
    assert np.abs(there.astype(int) - seen.colours).mean() < 6
    assert seen.colours[:, 0].mean() > seen.colours[:, 2].mean() + 30, "skin is red"


def test_the_same_face_looks_alike_at_another_size(astronaut, face):
    large = cv2.resize(astronaut, None, fx=3, fy=3, interpolation=cv2.INTER_CUBIC)
    one, other = look(astronaut, face).colours, look(large, face * 3).colours
    assert np.abs(one.astype(int) - other).mean() < 4


def test_blur_makes_a_face_less_sharp_and_contrast_does_not_count(astronaut, face):
    sharpness = [look(cv2.GaussianBlur(astronaut, (0, 0), sigma), face).sharpness for sigma in (0.3, 1, 2, 4)]
    assert sharpness == sorted(sharpness, reverse=True)
    assert sharpness[0] > 3 * sharpness[2]
    dull = (astronaut * 0.6 + 40).astype(np.uint8)
    assert look(dull, face).sharpness == pytest.approx(look(astronaut, face).sharpness, rel=0.25)


@pytest.mark.parametrize("shift", [(-190, 0), (230, 0), (0, 330), (0, -90), (2000, 2000)])
def test_a_face_at_the_edge_of_the_picture_or_beyond_is_no_trouble(astronaut, face, shift):
    moved = face.copy()
    moved[:, :2] += shift
    seen = look(astronaut, moved)
    assert np.isfinite(seen.sharpness)
    assert seen.colours.shape == (POINTS + len(BARE), 3)


def test_a_speck_of_a_face_is_no_trouble(astronaut, face):
    assert np.isfinite(look(astronaut, face * 0.02).sharpness)


def test_a_track_keeps_the_look_of_each_frame_and_nothing_of_others(astronaut, detector, mesh):
    frames = [astronaut, np.full_like(astronaut, 90), np.full_like(astronaut, 90), astronaut]
    (track,) = track_faces(iter(frames), detector=detector, mesh=mesh)
    assert track.seen.tolist() == [True, False, False, True]
    assert (track.colours[[1, 2]] == 0).all()
    assert (track.colours[[0, 3]] > 0).any(axis=(1, 2)).all()
    assert (track.sharpness > 0).tolist() == [True, False, False, True]
