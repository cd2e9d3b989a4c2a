"""Tracks: planted motion is followed, gaps and cuts are known for what they are, and the right face is chosen."""

from __future__ import annotations

import numpy as np
import pytest

from synctalkface.errors import ConfigError
from synctalkface.faces.cuts import Cuts
from synctalkface.faces.likeness import ALIKE, portrait
from synctalkface.faces.mesh import KEPT, LEFT_EYE, NOSE_TIP, RIGHT_EYE
from synctalkface.faces.track import FaceTrack, bridge, choose, rows, track_faces

EMPTY = np.full((240, 320, 3), 90, np.uint8)


def follow(frames, detector, mesh, **options):
    return track_faces(iter(frames), detector=detector, mesh=mesh, **options)


def plain(values, cuts=(), side=10.0):
    """A track whose landmarks lie around the points `values` (N,) or (N, 2)."""
    values = np.asarray(values, np.float32)
    values = np.stack([values, values], -1) if values.ndim == 1 else values
    spread = np.linspace(-side / 2, side / 2, len(KEPT), dtype=np.float32)[None, :, None]
    return FaceTrack(values[:, None] + spread, np.ones(len(values), np.float32), cuts)


class Counting:
    """A detector that counts how often it is asked."""

    def __init__(self, detector):
        self.detector, self.asked = detector, 0

    def detect(self, rgb):
        self.asked += 1
        return self.detector.detect(rgb)


def test_a_planted_motion_is_followed_with_hardly_a_detection(detector, mesh, astronaut, shot):
    shots = [shot(x=3 * i - 30, y=10 * np.sin(i / 3), zoom=1 + i / 60, degrees=i) for i in range(20)]
    counting, progress = Counting(detector), []
    (track,) = follow([frame for frame, _ in shots], counting, mesh, on_progress=progress.append)
    assert track.seen.all()
    assert track.landmarks.dtype == np.float32
    assert track.scores.min() > 0.9
    marked_by_hand = {RIGHT_EYE: (202, 101), LEFT_EYE: (246, 103), (NOSE_TIP,): (225, 127)}
    for points, place in marked_by_hand.items():
        found = track.landmarks[:, rows(points)].mean(1)
        planted = np.array([motion[:, :2] @ place + motion[:, 2] for _, motion in shots])
        offset = found - planted
        assert np.linalg.norm(offset, axis=1).max() < 6
        assert np.linalg.norm(offset - offset.mean(0), axis=1).mean() < 1.5, "it moves with the face"
    assert counting.asked == 2, "in frames 0 and 10"
    assert progress == list(range(1, 21))


def test_landmarks_are_pixels_of_the_full_size_frame(detector, mesh, shot):
    frame, _ = shot()
    (one,) = follow([frame], detector, mesh)
    (large,) = follow([frame], detector, mesh, scale=2.5)
    assert large.landmarks == pytest.approx(one.landmarks * 2.5)
    assert large.area == pytest.approx(one.area * 2.5**2, rel=1e-4)


def test_a_face_that_is_hidden_for_a_while_stays_one_track_with_a_gap(detector, mesh, shot):
    frames = [shot(x=i)[0] for i in range(12)]
    for frame in frames[5:8]:
        frame[65:180, 110:215] = 90  # something passes in front of her
    (track,) = follow(frames, detector, mesh)
    assert track.seen.tolist() == [True] * 5 + [False] * 3 + [True] * 4
    assert track.scores[5:8].tolist() == [0, 0, 0]
    assert track.runs == [(0, 5), (8, 12)]
    filled = bridge(track, 3)
    assert filled.seen.all()
    assert filled.scores[5:8].tolist() == [0, 0, 0]
    steps = np.diff(filled.landmarks[4:9], axis=0)
    assert steps == pytest.approx(np.broadcast_to(steps.mean(0), steps.shape), abs=1e-3), "in a straight line"


def test_a_face_that_comes_late_is_found(detector, mesh, shot):
    (track,) = follow([EMPTY] * 4 + [shot()[0]] * 3, detector, mesh)
    assert track.seen.tolist() == [False] * 4 + [True] * 3


def test_a_clip_without_faces_has_no_tracks(detector, mesh):
    assert follow([EMPTY] * 3, detector, mesh) == []
    assert follow([], detector, mesh) == []
    assert choose([]) is None


def test_two_faces_are_two_tracks_and_the_larger_comes_first(detector, mesh, shot):
    frames = [np.concatenate([shot(x=i, zoom=0.7)[0], shot(zoom=1.2)[0]], 1) for i in range(12)]
    large, small = follow(frames, detector, mesh)
    assert large.seen.all()
    assert small.seen.all()
    assert large.boxes[0, 0] > 320 > small.boxes[0, 2]
    assert choose([small, large]) is large
    assert len(follow(frames[:1], detector, mesh, most=1)) == 1


def test_across_a_cut_the_same_person_is_one_track_and_the_cut_is_noted(detector, mesh, shot):
    first, second = shot(x=-60, zoom=0.9)[0], shot(x=70, y=20, zoom=1.1)[0]
    dark = (second * 0.4).astype(np.uint8)
    (track,) = follow([first] * 4 + [dark] * 4, detector, mesh)
    assert track.cuts == (4,)
    assert track.runs == [(0, 4), (4, 8)]
    assert track.boxes[4, 0] > track.boxes[3, 0] + 80


def test_across_a_cut_another_person_is_another_track(detector, mesh, shot, sample_face):
    import av

    with av.open(str(sample_face)) as film:
        man = next(film.decode(video=0)).to_ndarray(format="rgb24")
    woman = np.zeros_like(man)
    woman[:240, :320] = shot(zoom=1.2)[0]
    tracks = follow([man] * 3 + [woman] * 3, detector, mesh)
    assert sorted(tuple(track.seen) for track in tracks) == [(False,) * 3 + (True,) * 3, (True,) * 3 + (False,) * 3]


def test_a_portrait_knows_the_person_in_another_light(mesh, detector, astronaut, shot):
    looks = []
    for frame, _ in (shot(), shot(x=40, zoom=1.4, degrees=20)):
        dimmed = (frame * 0.6 + 20).astype(np.uint8)
        looks.append(portrait(dimmed, mesh.landmarks(dimmed, detector.detect(frame)[0])[0]))
    assert looks[0] @ looks[1] > ALIKE
    assert np.linalg.norm(looks[0]) == pytest.approx(1)


def test_fast_motion_is_not_a_cut():
    noise = np.random.default_rng(0).integers(0, 256, (12, 16, 3)).astype(np.uint8)
    wall = noise.repeat(20, 0).repeat(20, 1)
    cuts = Cuts()
    panned = [cuts.at(i, np.roll(wall, 20 * i, 1)) for i in range(1, 8)]
    assert not any(panned[2:]), "the picture changes wildly, but not more than it did before"
    still = Cuts()
    assert [still.at(i, frame) for i, frame in enumerate([EMPTY, EMPTY, EMPTY // 3, EMPTY // 3])] == [
        False,
        False,
        True,
        False,
    ]


def test_bridges_span_short_gaps_only_and_no_cut():
    values = np.array([0, 1, np.nan, 3, np.nan, np.nan, np.nan, 7])
    filled = bridge(plain(values), 1)
    assert filled.landmarks[:4, :, 0].mean(1) == pytest.approx([0, 1, 2, 3], abs=1e-5)
    assert filled.seen.tolist() == [True] * 4 + [False] * 3 + [True]
    assert bridge(plain(values), 3).seen.all()
    assert not bridge(plain(values, cuts=(3,)), 1).seen[2]
    assert not bridge(plain([np.nan, 1, np.nan]), 5).seen[[0, 2]].any(), "the ends are left alone"


def test_a_face_is_chosen_by_size_by_number_or_by_a_point():
    left, right = plain([[20.0, 50]] * 3), plain([[200.0, 50]] * 3, side=30)
    assert choose([left, right]) is right
    assert choose([left, right], "1") is right
    assert choose([left, right], "2") is left
    assert choose([left, right], "30,60") is left
    assert choose([left, right], "180,10") is right
    with pytest.raises(ConfigError, match="no face number 3: the clip shows 2"):
        choose([left, right], "3")
    with pytest.raises(ConfigError, match="Write largest, a number"):
        choose([left, right], "bob")
