"""Where heads move evenly the mesh looks at every second frame, and nothing is missed by it."""

from __future__ import annotations

import numpy as np
import pytest

from synctalkface.faces.followed import EVEN, Followed
from synctalkface.faces.mesh import FaceMesh
from synctalkface.faces.skin import look
from synctalkface.faces.track import track_faces

FACE = np.random.default_rng(0).uniform(0, 100, (468, 3)).astype(np.float32)


class Counting(FaceMesh):
    """A mesh that counts how often it looks."""

    def __init__(self):
        super().__init__()
        self.looks = 0

    def landmarks(self, rgb, where):
        self.looks += 1
        return super().landmarks(rgb, where)


def both(frames, detector, **options):
    """The tracks of every frame's look and of every second's, and how often the mesh looked for the latter."""
    mesh = Counting()
    whole = track_faces(iter(frames), detector=detector, mesh=FaceMesh(), **options)
    return whole, track_faces(iter(frames), detector=detector, mesh=mesh, step=2, **options), mesh.looks


def moved(*ways):
    """A face that was seen in one frame after another, moved along `ways` (px a frame)."""
    face, seen = Followed(), look(np.zeros((200, 200, 3), np.uint8), FACE)
    for number, way in enumerate(ways):
        face.add(number, FACE + np.float32(way), 1.0, seen)
    return face


def test_an_even_motion_is_found_with_half_the_looks(detector, shot):
    frames = [shot(x=2 * i - 30, y=0.5 * i, degrees=i / 4)[0] for i in range(41)]
    (whole,), (stepped,), looks = both(frames, detector)
    assert stepped.seen.all()
    assert looks <= 28, "41 frames, of which the first few tell how it moves"
    offset = np.linalg.norm(stepped.landmarks - whole.landmarks, axis=2)
    assert offset.mean() < 0.5
    assert (stepped.colours != 0).any(axis=(1, 2)).all(), "how the face looks is known of each frame"
    assert stepped.sharpness == pytest.approx(whole.sharpness, rel=0.2)


def test_a_shaken_camera_is_looked_at_in_every_frame(detector, shot):
    frames = [shot(x=6 * (i % 2))[0] for i in range(21)]
    (whole,), (stepped,), looks = both(frames, detector)
    assert looks >= 21
    offset = (stepped.landmarks - whole.landmarks).mean(1)
    assert np.abs(offset).max() < 1, "of the 6 px that it is shaken"


@pytest.mark.parametrize("hidden", [slice(7, 10), slice(8, 11), slice(9, 10)])
def test_a_gap_begins_and_ends_where_it_does(detector, shot, hidden):
    frames = [shot(x=i)[0] for i in range(16)]
    for frame in frames[hidden]:
        frame[65:180, 110:215] = 90
    (whole,), (stepped,), _ = both(frames, detector)
    assert not whole.seen[hidden].any()
    # a hand that comes and goes between two looks is not seen by the mesh, but by the colours it leaves
    if hidden.stop - hidden.start > 1:
        assert stepped.seen.tolist() == whole.seen.tolist()
    else:
        there, gone = stepped.colours[8], stepped.colours[9]
        assert np.abs(there.astype(int) - gone).mean() > 10 or not stepped.seen[9]


@pytest.mark.parametrize("cut", [10, 11])
def test_a_cut_parts_two_tracks_at_its_very_frame(detector, shot, cut):
    scenes = [shot(x=i)[0] for i in range(cut)], [255 - shot(x=i)[0] for i in range(9)]
    (whole, *_), (stepped, *_), _ = both([*scenes[0], *scenes[1]], detector)
    assert whole.cuts == stepped.cuts == (cut,)
    assert stepped.seen[:cut].all()
    assert stepped.landmarks[cut - 1] == pytest.approx(whole.landmarks[cut - 1], abs=1.5)


def test_the_last_frame_is_followed_too(detector, shot):
    for count in (8, 9, 10):
        (stepped,) = track_faces([shot(x=i)[0] for i in range(count)], detector=detector, mesh=FaceMesh(), step=4)
        assert stepped.seen.tolist() == [True] * count


def test_a_straight_way_is_even_and_a_turn_is_not():
    size = float((FACE.max(0) - FACE.min(0))[:2].max())
    face = moved(0, 3)
    assert face.missed(3, FACE + 9) <= EVEN
    assert moved(0).missed(2, FACE) > 1, "its speed is not known yet"
    # in two frames 4 * a / 8 is missed if the speed changes by a px a frame in each: here by 2 * turn in both together
    turn = EVEN * size * 8 / 2 / 2**0.5
    assert face.missed(3, FACE + np.float32(9 + 2 * 0.9 * turn)) < EVEN
    assert face.missed(3, FACE + np.float32(9 + 2 * 1.1 * turn)) > EVEN
