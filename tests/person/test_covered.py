"""A hand before the mouth is told from speech, beards, and light that changes: on faces drawn for it."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from synctalkface.faces.crop import align
from synctalkface.faces.mesh import JAW, KEPT, LIPS_OUTER, STABLE
from synctalkface.faces.pose import MEAN_FACE
from synctalkface.faces.skin import BARE, POINTS, RAYS, look, places_of
from synctalkface.faces.track import FaceTrack, rows
from synctalkface.person.covered import FEWEST, unlike
from synctalkface.person.usable import COVERED, EDGE

COUNT = 80
Paint = Callable[[NDArray[np.float32], int], NDArray[np.float32]]


def mesh() -> NDArray[np.float32]:
    """(468, 2) px: a face in a picture of 240 x 240 px, jaw and lips where they belong."""
    rng = np.random.default_rng(0)
    points = rng.uniform(70, 170, (468, 2)).astype(np.float32)
    angles = np.linspace(0, np.pi, 21)  # JAW runs from one ear over the chin to the other
    points[list(STABLE)] = 120 + 40 * MEAN_FACE[:, :2].astype(np.float32) - (0, 15)
    points[list(JAW)] = np.stack([120 + 62 * np.cos(angles), 110 + 75 * np.sin(angles)], 1)
    around = np.linspace(np.pi, 3 * np.pi, len(LIPS_OUTER), endpoint=False)
    points[list(LIPS_OUTER)] = np.stack([120 + 24 * np.cos(around), 142 + 9 * np.sin(around)], 1)
    points[[50, 280]] = [[85, 120], [155, 120]]
    points[[205, 425]] = [[95, 132], [145, 132]]
    return points


def clip(paint: Paint = lambda picture, frame: picture, beard: bool = False) -> NDArray[np.float32]:
    """(COUNT,) the share of strange skin in a clip of a face; `paint` changes picture number i."""
    face, rng = mesh(), np.random.default_rng(1)
    x = np.tile(np.arange(240), (240, 1))
    skin = np.stack([150 + 0.2 * x, 110 + 0.1 * x, 90 + 0 * x], -1).astype(np.float32)
    if beard:
        skin[165:200, 80:160] = (60, 45, 40)
    colours, points = [], []
    for frame in range(COUNT):
        picture = paint(skin.copy(), frame) + rng.normal(0, 2, skin.shape)
        opened = 6 * np.abs(np.sin(frame / 3))  # speech
        moved = face.copy()
        moved[[17, 84, 314, 91, 321, 181, 405]] += (0, opened)
        cv2.ellipse(picture, (120, 142), (20, 3 + int(opened)), 0, 0, 360, (40, 10, 10), -1)
        colours.append(look(np.clip(picture, 0, 255).astype(np.uint8), moved).colours)
        points.append(moved[list(KEPT)])
    track = FaceTrack(np.stack(points), np.ones(COUNT, np.float32), (), np.stack(colours))
    return unlike(track, align(track), np.zeros(COUNT, np.int64))


def with_hand(low: int, high: int) -> Paint:
    """Fingers before chin and mouth in the frames low..high: skin too, but lighter, with shadows between."""

    def paint(picture: NDArray[np.float32], frame: int) -> NDArray[np.float32]:
        if low <= frame < high:
            picture[120:240, 80:160] *= 0.6
            for left in range(85, 150, 16):
                picture[120:240, left : left + 11] = (215, 170, 150)
        return picture

    return paint


def test_a_hand_before_the_mouth_is_seen_in_all_its_frames_and_no_others() -> None:
    strange = clip(with_hand(30, 42))
    assert (strange[30:42] > 2 * COVERED).all()
    assert (strange[:30] < EDGE).all()
    assert (strange[42:] < EDGE).all()


def test_a_microphone_before_the_chin_is_seen() -> None:
    def paint(picture: NDArray[np.float32], frame: int) -> NDArray[np.float32]:
        if frame < 10:
            cv2.circle(picture, (120, 175), 22, (25, 25, 28), -1)
        return picture

    strange = clip(paint)
    assert (strange[:10] > COVERED).all()
    assert (strange[10:] < EDGE).all()


@pytest.mark.parametrize("beard", [False, True])
def test_speech_alone_is_nothing_strange(beard: bool) -> None:
    assert clip(beard=beard).max() < EDGE


def test_light_that_changes_or_comes_from_one_side_is_nothing_strange() -> None:
    def paint(picture: NDArray[np.float32], frame: int) -> NDArray[np.float32]:
        side = np.linspace(-0.25, 0.25, 240) * np.sin(frame / 9)
        return picture * (0.8 + 0.3 * np.sin(frame / 7) + side)[None, :, None]

    assert clip(paint).max() < EDGE


def test_what_is_usual_is_learnt_in_each_shot() -> None:
    face = FaceTrack(np.repeat(mesh()[list(KEPT)][None], 80, 0), np.ones(80, np.float32), (40,))
    plain = np.full((80, POINTS + len(BARE), 3), 120, np.uint8)
    plain[50:, 10:30] = 60  # a shadow that the camera of the second shot sees
    track = FaceTrack(face.landmarks, face.scores, (50,), plain)
    assert unlike(track, align(track), np.zeros(80, np.int64)).max() == 0, "it is there too often"
    assert unlike(track, align(track), np.repeat([0, 1], (50, 30))).max() == 0
    plain[50:60] = 120
    plain[75:, 40:60] = 30
    assert unlike(track, align(track), np.repeat([0, 1], (50, 30)))[75:].min() > COVERED


def test_a_shot_too_short_to_tell_what_is_usual_is_not_judged() -> None:
    count = FEWEST - 1
    colours = np.random.default_rng(0).integers(0, 255, (count, POINTS + len(BARE), 3)).astype(np.uint8)
    landmarks = np.repeat(mesh()[list(KEPT)][None], count, 0)
    track = FaceTrack(landmarks, np.ones(count, np.float32), (), colours)
    assert (unlike(track, align(track), np.zeros(count, np.int64)) == 0).all()
    blind = FaceTrack(landmarks, np.ones(count, np.float32))
    assert (unlike(blind, align(blind), np.zeros(count, np.int64)) == 0).all()


def test_the_points_lie_between_lips_and_jaw_and_follow_the_mesh() -> None:
    points = mesh()
    places = places_of(points)
    assert places.shape == (POINTS + len(BARE), 2)
    assert 4 * len(RAYS) == POINTS
    np.testing.assert_allclose(places_of(points * 2 + 5), places * 2 + 5, rtol=1e-5)
    assert all(index in KEPT for ray in RAYS for index in ray)
    assert rows(BARE)
