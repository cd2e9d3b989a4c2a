"""The frames that lend their pixels are sharp and have nothing before the mouth; each shot has its own two.

One has closed lips, the other parted ones.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from synctalkface.faces.mesh import KEPT, LIP_GAP, MOUTH_CORNERS, STABLE
from synctalkface.faces.pose import MEAN_FACE, Pose
from synctalkface.faces.references import choose
from synctalkface.faces.track import FaceTrack, rows
from synctalkface.person.reference import typical
from synctalkface.person.usable import Usable, Why, fade, shots_of

TALKING = [0.3, 0.0, 0.5, 0.2, 0.0, 0.4, 0.0, 0.25, 0.02]  # as people do: now and then the lips meet
CLOSED = {1, 4, 6, 8}
WIDTH = 30.0  # px, of the mouth
SIDE = 165.0  # px, of the crop of such a face


def both(
    opened: list[float],
    *,
    cuts: tuple[int, ...] = (),
    smiling: tuple[int, ...] = (),
    blurred: tuple[int, ...] = (),
    covered: dict[int, float] | None = None,
    turned: dict[int, float] | None = None,
    why: dict[int, Why] | None = None,
    bridged: tuple[int, ...] = (),
) -> dict[int, tuple[int, int]]:
    """The references of a clip whose mouths are `opened` (gap over width), with faults planted in some frames."""
    count = len(opened)
    landmarks = np.full((count, len(KEPT), 2), 100, np.float32)
    landmarks[:, rows(STABLE)] = 100 + 60 * MEAN_FACE[:, :2]
    scores, sharpness = np.ones(count, np.float32), np.full(count, 0.5, np.float32)
    for index, height in enumerate(opened):
        half = WIDTH / 2 * (1.4 if index in smiling else 1.0)
        landmarks[index, rows(MOUTH_CORNERS)] = [[100 - half, 150], [100 + half, 150]]
        landmarks[index, rows(LIP_GAP)] = [[100, 150 - half * height], [100, 150 + half * height]]
    sharpness[list(blurred)], scores[list(bridged)] = 0.1, 0
    track = FaceTrack(landmarks, scores, cuts, None, sharpness)
    shots, verdict = shots_of(cuts, count), np.zeros(count, np.uint8)
    for index, reason in (why or {}).items():
        verdict[index] = reason
    strange = _planted(count, covered)
    usable = Usable(verdict, fade(verdict, shots, 25.0), strange.astype(np.float32), shots)
    pose = Pose(np.zeros((count, 2)), np.full(count, 60.0), np.zeros(count), _planted(count, turned))
    matrices = np.tile(np.eye(2, 3) / SIDE, (count, 1, 1))
    found = typical(track, matrices, usable, pose)
    return {shot: (references.closed, references.parted) for shot, references in found.items()}


def best(opened: list[float], **faults: Any) -> dict[int, int]:
    """Those with closed lips."""
    return {shot: closed for shot, (closed, _) in both(opened, **faults).items()}


def parted(opened: list[float], **faults: Any) -> int:
    """The one with parted lips, of the first shot."""
    return both(opened, **faults)[0][1]


def _planted(count: int, values: dict[int, float] | None) -> NDArray[np.float64]:
    found = np.zeros(count)
    for index, value in (values or {}).items():
        found[index] = value
    return found


@pytest.mark.parametrize("first", range(9))
def test_closed_lips_are_found_among_open_mouths(first: int) -> None:
    opened = TALKING[first:] + TALKING[:first]
    assert opened[best(opened)[0]] <= 0.02


def test_of_closed_mouths_the_sharp_one_is_taken() -> None:
    assert best(TALKING, blurred=(1, 4, 8))[0] == 6
    assert best(TALKING, blurred=(1, 6, 8))[0] == 4


def test_a_sharp_but_wide_open_mouth_is_no_better_than_a_blurred_closed_one() -> None:
    assert best([0.9, 0.8, 0.0, 0.7], blurred=(2,))[0] == 2


def test_something_before_the_mouth_is_no_reference() -> None:
    covered = {1: Why.COVERED, 4: Why.COVERED}
    assert best(TALKING, why=covered)[0] in {6, 8}
    assert best(TALKING, covered={1: 0.08, 6: 0.08, 8: 0.08})[0] == 4


def test_a_smile_and_a_turned_head_are_avoided() -> None:
    assert best(TALKING, smiling=(1, 4, 8))[0] == 6
    assert best(TALKING, turned={1: 30.0, 6: -30.0, 8: 25.0})[0] == 4


def test_frames_that_nobody_looked_at_or_that_fade_are_avoided() -> None:
    assert best(TALKING, bridged=(1, 4, 6))[0] == 8
    many = [0.3, 0.0] + [0.3] * 8 + [0.0] + [0.3] * 9
    assert best(many, why={0: Why.ABSENT})[0] == 10  # frame 1 is still fading in


def test_each_shot_has_its_own_reference_and_a_shot_without_the_face_has_none() -> None:
    gone = dict.fromkeys((3, 4, 5), Why.ABSENT)
    references = best([0.3, 0.0, 0.5, 0.0, 0.0, 0.0, 0.4, 0.4, 0.0], cuts=(3, 6), why=gone)
    assert references == {0: 1, 2: 8}


def test_a_clip_without_the_face_has_no_reference() -> None:
    assert best([0.0] * 3, why=dict.fromkeys(range(3), Why.ABSENT)) == {}


@pytest.mark.parametrize("first", range(9))
def test_parted_lips_are_open_but_not_the_widest(first: int) -> None:
    opened = TALKING[first:] + TALKING[:first]
    assert opened[parted(opened)] in {0.3, 0.4}  # 85 of 100 frames are less open than about 0.38


def test_the_parted_lips_are_as_sharp_and_free_as_the_closed_ones() -> None:
    talking = [0.0, 0.4, 0.0, 0.41, 0.0, 0.39, 0.1]
    assert parted(talking, blurred=(1, 3)) == 5
    assert parted(talking, covered={1: 0.5, 5: 0.5}) == 3
    assert parted(talking, why={1: Why.COVERED, 3: Why.COVERED}) not in {1, 3}
    assert parted(talking, turned={3: 30.0, 5: -30.0}) == 1


def test_who_never_opens_the_mouth_lends_a_closed_one_twice() -> None:
    assert {0.0} == {([0.0] * 5)[index] for index in both([0.0] * 5)[0]}


def mouths(gaps: list[float], corners: list[float] | None = None) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Lips that are `gaps` apart in mouths of a width of 0.3, the corners of each lifted by so much."""
    lifted = np.array(corners or [0.0] * len(gaps))
    half = 0.15 * np.array(gaps)
    middle = np.full(len(gaps), 0.5)
    lips = np.stack([np.stack([middle, 0.67 - half], 1), np.stack([middle, 0.67 + half], 1)], 1)
    ends = [np.stack([np.full(len(gaps), x), 0.67 - lifted], 1) for x in (0.35, 0.65)]
    return lips, np.stack(ends, 1)


def test_of_two_alike_the_less_faulty_is_chosen() -> None:
    gaps = [0.0, 0.0, 0.4, 0.4]
    assert choose(*mouths(gaps), np.array([0.2, 0.0, 0.2, 0.0])) == (1, 3)
    assert choose(*mouths(gaps), np.array([0.0, 0.2, 0.0, 0.2])) == (0, 2)


def test_of_many_pairs_one_is_chosen_whose_corners_lie_alike() -> None:
    lifted = [0.00, 0.05, 0.10, 0.06, 0.11]
    assert choose(*mouths([0.0, 0.4, 0.4, 0.0, 0.4], lifted)) == (3, 1)
    assert choose(*mouths([0.0, 0.4, 0.4, 0.0, 0.4], lifted[::-1])) == (3, 1)


def test_the_corners_matter_less_than_that_one_is_closed_and_the_other_open() -> None:
    assert choose(*mouths([0.0, 0.4, 0.42, 0.4], [0.02, 0.0, 0.0, 0.0])) in {(0, 1), (0, 3), (0, 2)}


def test_of_thousands_of_frames_the_planted_pair_is_found() -> None:
    rng = np.random.default_rng(0)
    gaps, lifted = rng.uniform(0.1, 0.4, 5_000), rng.uniform(0, 0.1, 5_000)
    lifted[[1_234, 4_321]], gaps[1_234], gaps[4_321] = 0.05, 0.0, np.quantile(gaps, 0.85)
    closed, parted = choose(*mouths(list(gaps), list(lifted)))
    assert closed == 1_234
    assert abs(lifted[parted] - 0.05) < 0.01
