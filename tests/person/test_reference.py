"""The frame that lends its pixels shows the typical lower face with closed lips, and finding it costs little memory."""

from __future__ import annotations

import weakref
from collections.abc import Iterator

import numpy as np
import pytest
from numpy.typing import NDArray

from synctalkface.faces.mesh import LIP_GAP, MOUTH_CORNERS
from synctalkface.faces.track import KEPT, rows
from synctalkface.person.reference import MOST, Glimpses, typical

Frames = list[NDArray[np.uint8]]
SIDE = 96  # px of a glimpse, which the face fills
SCALE = 2.0  # px of the full-size frame for one px of a glimpse
MOUTH, HALF_WIDTH = (0.5, 0.75), 0.15  # shares of the side


def watched(frames: Frames) -> Glimpses:
    glimpses = Glimpses()
    assert sum(1 for _ in glimpses.watch(frames)) == len(frames)
    return glimpses


def numbered(count: int) -> Iterator[NDArray[np.uint8]]:
    return (np.full((2, 2, 3), index % 256, np.uint8) for index in range(count))


def face(opened: float = 0.0, light: int = 0, seed: int = 0) -> NDArray[np.uint8]:
    """A face, shaded from left to right, with a dark mouth `opened` times as high as wide, and a little noise."""
    y, x = (np.mgrid[:SIDE, :SIDE] + 0.5) / SIDE
    height = max(opened * HALF_WIDTH, 0.02)
    mouth = ((x - MOUTH[0]) / HALF_WIDTH) ** 2 + ((y - MOUTH[1]) / height) ** 2 < 1
    picture = np.where(mouth, 60, 110 + 60 * x) + light + np.random.default_rng(seed).normal(0, 2, x.shape)
    return np.repeat(picture[..., None], 3, axis=2).astype(np.uint8)


def with_hand(frame: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """`frame` with a bright block before the lower face."""
    covered = frame.copy()
    covered[SIDE * 5 // 8 :, SIDE // 4 : SIDE * 3 // 4] = 230
    return covered


def best(frames: Frames, opened: list[float], unseen: tuple[int, ...] = ()) -> int | None:
    """What is chosen from `frames` whose mouths the landmarks say to be `opened`; in `unseen` no face was found."""
    full = SCALE * SIDE
    matrices = np.tile(np.array([[1 / full, 0, 0], [0, 1 / full, 0]]), (len(frames), 1, 1))
    landmarks = np.full((len(frames), len(KEPT), 2), 0.5 * full, np.float32)
    for index, height in enumerate(opened):
        across, along = np.array([HALF_WIDTH, 0]), np.array([0, HALF_WIDTH * height])
        landmarks[index, rows(MOUTH_CORNERS)] = full * np.stack([MOUTH - across, MOUTH + across])
        landmarks[index, rows(LIP_GAP)] = full * np.stack([MOUTH - along, MOUTH + along])
    matrices[list(unseen)], landmarks[list(unseen)] = np.nan, np.nan
    return typical(watched(frames), SCALE, matrices, landmarks)


def test_all_frames_pass_on_as_they_come() -> None:
    assert [int(frame[0, 0, 0]) for frame in Glimpses().watch(numbered(200))] == list(range(200))


@pytest.mark.parametrize("count", [0, 1, 31, 32, 33, 64, 65, 1000, 10_000])
def test_a_clip_of_any_length_leaves_an_even_row_of_glimpses(count: int) -> None:
    glimpses = Glimpses()
    for _ in glimpses.watch(numbered(count)):
        pass
    kept = list(glimpses.kept)
    assert min(count, MOST // 2) <= len(kept) <= MOST
    assert kept == list(range(0, count, kept[1] - kept[0] if len(kept) > 1 else 1))  # to the end of the clip
    assert all(frame[0, 0, 0] == index % 256 for index, frame in glimpses.kept.items())


def test_no_more_frames_are_alive_at_any_moment_than_are_kept() -> None:
    living: list[weakref.ref[NDArray[np.uint8]]] = []

    def stream() -> Iterator[NDArray[np.uint8]]:
        for frame in numbered(2000):
            living.append(weakref.ref(frame))
            yield frame

    most = 0
    for _ in Glimpses().watch(stream()):
        living[:] = [reference for reference in living if reference() is not None]
        most = max(most, len(living))
    assert MOST <= most <= MOST + 2  # the next to come and the last are still on their way


TALKING = [0.3, 0.0, 0.5, 0.2, 0.0, 0.4, 0.0, 0.25, 0.02]  # as people do: now and then the lips meet
CLOSED = {1, 4, 6, 8}


def turned(items: list[float], by: int) -> list[float]:
    return items[by:] + items[:by]


@pytest.mark.parametrize("first", range(9))
def test_closed_lips_are_found_among_open_mouths(first: int) -> None:
    opened = turned(TALKING, first)
    chosen = best([face(height, seed=i) for i, height in enumerate(opened)], opened)
    assert chosen is not None
    assert opened[chosen] <= 0.02


@pytest.mark.parametrize("first", range(9))
def test_a_hand_before_the_mouth_is_no_reference_though_the_mesh_guesses_closed_lips_behind_it(first: int) -> None:
    opened = turned(TALKING, first)
    frames = [face(height, seed=i) for i, height in enumerate(opened)]
    hidden = [(place - first) % 9 for place in (1, 2, 4)]
    for index in hidden:
        frames[index], opened[index] = with_hand(frames[index]), 0.0
    chosen = best(frames, opened)
    assert chosen not in hidden
    assert chosen in {(place - first) % 9 for place in (6, 8)}


def test_of_closed_mouths_the_most_typical_is_taken() -> None:
    frames = [face(light=index % 3, seed=index) for index in range(7)]
    for index in (0, 1, 3, 4, 5, 6):  # a shadow that is elsewhere in every one
        frames[index][50 + 6 * index : 56 + 6 * index] //= 2
    assert best(frames, [0.0] * 7) == 2


def test_light_that_changes_does_not_count() -> None:
    lit = [face(height, light=0 if place in CLOSED else 50, seed=place) for place, height in enumerate(TALKING)]
    assert best(lit, TALKING) in CLOSED


def test_only_frames_with_the_face_can_be_chosen() -> None:
    frames = [face(height, seed=place) for place, height in enumerate(TALKING)]
    assert best(frames, TALKING, unseen=(1, 8)) in {4, 6}
    assert best(frames, TALKING, unseen=(4, 6)) in {1, 8}


def test_a_clip_without_the_face_has_no_reference() -> None:
    frames = [face(seed=index) for index in range(3)]
    assert best(frames, [0.0] * 3, unseen=(0, 1, 2)) is None
    assert best([], []) is None
