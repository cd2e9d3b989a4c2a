"""Who speaks: a judge that knows the answer finds the face, in parts of long clips, across cuts and without hands."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from synctalkface.person import Followed, Why, find_all, take
from synctalkface.person.speaker import MOST, STRETCH, agreement
from synctalkface.person.usable import Usable
from synctalkface.video import Box, Video, probe

SOUNDS = np.random.default_rng(0).normal(size=(4000, 8)).astype(np.float32)  # what is said at each moment


class Oracle:
    """Knows what is said at each moment; a face agrees if its crops show the moment's own number."""

    config = SimpleNamespace(face=SimpleNamespace(size=8))

    def __init__(self) -> None:
        self.windows: list[list[int]] = []

    def see(self, crops: NDArray[np.uint8]) -> torch.Tensor:
        shown = crops[:, 0, 0].astype(int) @ (1, 256, 0)
        self.windows.append(shown.tolist())
        return torch.from_numpy(SOUNDS[shown[2:-2]])

    def hear(self, waveform: NDArray[np.float32], moments: NDArray[np.float64]) -> torch.Tensor:
        return torch.from_numpy(SOUNDS[np.clip(np.round(moments * 25 - 0.5).astype(int), 0, len(SOUNDS) - 1)])


class Numbered:
    """A clip whose frames show their number in the left half, and a wrong one in the right."""

    width, height = 32, 16

    def __init__(self, count: int) -> None:
        starts = np.arange(count) / 25
        self.clock = SimpleNamespace(
            starts=starts, lengths=np.full(count, 0.04), duration=count / 25, rate=25, __len__=lambda: count
        )

    def frame(self, number: int) -> SimpleNamespace:
        rgb = np.zeros((16, 32, 3), np.uint8)
        rgb[:, :16], rgb[:, 16:] = (number % 256, number // 256, 0), ((number * 7 + 13) % 256, number % 8, 0)

        def planes(box: Box) -> tuple[list[tuple[NDArray[np.uint8], tuple[int, int]]], tuple[int, int]]:
            x0, y0, x1, y1 = box
            return [(rgb[y0:y1, x0:x1, channel], (1, 1)) for channel in range(3)], (x0, y0)

        return SimpleNamespace(width=32, height=16, planes=planes, as_rgb=np.dstack)  # the numbers are exact in RGB


@pytest.fixture
def see(monkeypatch: pytest.MonkeyPatch) -> Callable[..., tuple[list[float], Oracle]]:
    """A function (frames, faces) -> how well each agrees, and the oracle that was asked."""
    monkeypatch.setattr("synctalkface.person.speaker.read_sequence", lambda clip, sources: map(clip.frame, sources))
    monkeypatch.setattr(
        "synctalkface.person.speaker.shown_at",
        lambda clock, seconds: np.clip((seconds * 25).astype(int), 0, len(clock.starts) - 1),
    )

    def run(count: int, faces: list[Followed]) -> tuple[list[float], Oracle]:
        oracle = Oracle()
        return agreement(oracle, Numbered(count), faces, np.zeros(1, np.float32)), oracle  # type: ignore[arg-type]

    return run


def half(left: bool, count: int, first: int = 0, cuts: tuple[int, ...] = ()) -> Followed:
    """A face that fills one half of the frame."""
    matrix = np.array([[1 / 16, 0, 0 if left else -1], [0, 1 / 16, 0]])
    return Followed(np.repeat(matrix[None], count, 0), np.zeros((count, 2, 2), np.float32), 2, first, cuts)


def test_the_face_that_says_what_is_heard_stands_out(see: Callable[..., tuple[list[float], Oracle]]) -> None:
    (wrong, right), _ = see(100, [half(False, 100), half(True, 100)])
    assert right > 10
    assert wrong < 4


def test_of_a_long_clip_stretches_from_all_over_it_are_looked_at(
    see: Callable[..., tuple[list[float], Oracle]],
) -> None:
    _, oracle = see(3000, [half(True, 3000)])
    assert len(oracle.windows) == MOST
    assert {len(shown) for shown in oracle.windows} == {STRETCH}
    assert (oracle.windows[0][0], oracle.windows[-1][-1]) == (0, 2999)


def test_only_the_part_in_which_the_faces_were_followed_is_looked_at(
    see: Callable[..., tuple[list[float], Oracle]],
) -> None:
    (score,), oracle = see(3000, [half(True, 60, first=1000)])
    assert score > 10
    assert [(shown[0], shown[-1]) for shown in oracle.windows] == [(1000, 1059)]


def test_no_window_reaches_across_a_cut_or_a_hand(see: Callable[..., tuple[list[float], Oracle]]) -> None:
    face = half(True, 60, cuts=(20,))
    why = np.zeros(60, np.uint8)
    why[40:44] = Why.COVERED
    usable = Usable(why, np.ones(60, np.float32), np.zeros(60, np.float32), np.zeros(60, np.int64))
    _, oracle = see(60, [face._replace(usable=usable)])
    assert [(shown[0], shown[-1]) for shown in oracle.windows] == [(0, 19), (20, 39), (44, 59)]


def test_a_face_never_seen_long_enough_scores_nothing(see: Callable[..., tuple[list[float], Oracle]]) -> None:
    face = half(True, 60)
    face.matrices[3:] = np.nan
    (score,), oracle = see(60, [face])
    assert score == 0
    assert oracle.windows == []
    assert see(60, [])[0] == []


def test_a_face_that_is_taken_is_ready_to_be_drawn_on(sample_face: Path) -> None:
    from synctalkface.faces.detect import BlazeFace
    from synctalkface.faces.mesh import FaceMesh

    clip: Video = probe(sample_face)
    tracks = find_all(clip, BlazeFace(), FaceMesh(), 0, 30)
    followed = take(clip, tracks, tracks[0])
    assert {followed.why(frame) for frame in range(30)} == {Why.DRAWN}
    assert followed.why(30) == Why.ABSENT
    assert (followed.strength(29), followed.strength(30)) == (1.0, 0.0)
    assert len(followed.references) == 1
