"""In which frames a face can be given another mouth, why not in the others, and how the change fades in and out.

N frames.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import IntEnum
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from synctalkface.faces.pose import Pose
from synctalkface.faces.track import FaceTrack
from synctalkface.person.covered import unlike

SMALLEST = 40.0  # px, side of the face's crop: the mouth in it is about 12 px wide
TURNED, BACK = 45.0, 40.0  # degrees of yaw from which one mouth corner hides; it must come back by some
COVERED, EDGE = 0.09, 0.04  # share of strange skin (see person.covered) that betrays a hand; that of frames around it
NEAR = 0.08  # seconds before and after it is seen in which a hand is on its way
FADE = 0.16  # seconds in which the change comes and goes
SHORTEST = 0.4  # seconds: for less than that between two gaps, which would be fades alone, no mouth is drawn


class Why(IntEnum):
    """Why a frame stays as filmed."""

    DRAWN = 0
    ABSENT = 1
    SMALL = 2
    TURNED = 3
    COVERED = 4

    @property
    def sentence(self) -> str:
        """For a person: "left as filmed, because ..."."""
        return _SENTENCES[self]


_SENTENCES = {
    Why.DRAWN: "",
    Why.ABSENT: "no face was seen",
    Why.SMALL: "the face is too small",
    Why.TURNED: "the head is turned too far",
    Why.COVERED: "something is before the mouth",
}


class Usable(NamedTuple):
    """What can be done with one face in each of N frames."""

    why: NDArray[np.uint8]  # (N,) Why
    strength: NDArray[np.float32]  # (N,) 0..1, how much of the change is shown
    covered: NDArray[np.float32]  # (N,) the share of the skin around the mouth that looks strange
    shots: NDArray[np.int64]  # (N,) the number of the shot, from 0


def use(track: FaceTrack, matrices: NDArray[np.float64], pose: Pose, rate: float) -> Usable:
    """What can be done with `track`, which is bridged; matrices (N, 2, 3): frame px -> crop; rate: frames a second."""
    shots = shots_of(track.cuts, len(matrices))
    covered = unlike(track, matrices, shots)
    sizes = 1 / np.hypot(matrices[:, 0, 0], matrices[:, 0, 1])
    why = judge(track.seen, sizes, pose.yaw, covered, shots, rate)
    return Usable(why, fade(why, shots, rate), covered, shots)


def judge(
    seen: NDArray[np.bool_],
    sizes: NDArray[np.float64],
    yaw: NDArray[np.float64],
    covered: NDArray[np.float32],
    shots: NDArray[np.int64],
    rate: float,
) -> NDArray[np.uint8]:
    """(N,) the Why of each frame, given where the face is `seen` (N,).

    sizes: (N,) px, of the crop. yaw: (N,) degrees. covered: (N,) share of strange skin. shots: (N,) numbers.
    rate: frames a second.
    """
    why = np.where(seen, Why.DRAWN, Why.ABSENT).astype(np.uint8)
    strange = _grown(covered, COVERED, EDGE, shots)
    strange = _closed(_widened(strange, round(NEAR * rate), shots), round(SHORTEST * rate), shots)
    why[seen & strange] = Why.COVERED
    away = np.abs(np.nan_to_num(yaw))
    why[seen & _grown(away, TURNED, BACK, shots)] = Why.TURNED
    why[seen & (np.nan_to_num(sizes) < SMALLEST)] = Why.SMALL
    for start, stop in runs(why == Why.DRAWN, shots):
        inside = start > 0 and stop < len(why) and shots[start - 1] == shots[stop]
        if inside and stop - start < SHORTEST * rate:
            why[start:stop] = why[start - 1]
    return why


def fade(why: NDArray[np.uint8], shots: NDArray[np.int64], rate: float) -> NDArray[np.float32]:
    """(N,) how much of the change is shown: 0 in gaps, rising and falling beside them, 1 elsewhere.

    At a cut, and where the clip begins or ends, it is whole at once.
    """
    strength = np.zeros(len(why), np.float32)
    steps = max(1, round(FADE * rate))
    ramp = (np.arange(1, steps + 1) / (steps + 1)).astype(np.float32)
    ramp = ramp * ramp * (3 - 2 * ramp)
    for start, stop in runs(why == Why.DRAWN, shots):
        length = stop - start
        shown = np.ones(length, np.float32)
        if start > 0 and shots[start - 1] == shots[start]:
            shown[:steps] = np.minimum(shown[:steps], ramp[:length])
        if stop < len(why) and shots[stop] == shots[start]:
            shown[-steps:] = np.minimum(shown[-steps:], ramp[:length][::-1])
        strength[start:stop] = shown
    return strength


def shots_of(cuts: Sequence[int], count: int) -> NDArray[np.int64]:
    """(N,) the number of the shot that each of `count` frames belongs to; `cuts` begin new ones."""
    return np.searchsorted(np.asarray(sorted(cuts), dtype=np.int64), np.arange(count), side="right").astype(np.int64)


def runs(chosen: NDArray[np.bool_], shots: NDArray[np.int64]) -> list[tuple[int, int]]:
    """The stretches [start, stop) of one shot in which `chosen` (N,) is true throughout."""
    label = np.where(chosen, shots, -1)
    edges = np.flatnonzero(np.diff(label, prepend=-1, append=-1))
    return [(int(a), int(b)) for a, b in pairwise(edges) if chosen[a]]


def _grown(values: NDArray[np.floating], least: float, edge: float, shots: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Where `values` (N,) reach `least`, and from there on to both sides as long as they stay above `edge`."""
    result = np.zeros(len(values), bool)
    for start, stop in runs(values > edge, shots):
        result[start:stop] = bool((values[start:stop] >= least).any())
    return result


def _widened(chosen: NDArray[np.bool_], steps: int, shots: NDArray[np.int64]) -> NDArray[np.bool_]:
    """`chosen` (N,), begun and ended `steps` frames earlier and later, within each shot."""
    result = chosen.copy()
    for start, stop in runs(chosen, shots):
        near = slice(max(0, start - steps), stop + steps)
        result[near] |= shots[near] == shots[start]
    return result


def _closed(chosen: NDArray[np.bool_], longest: int, shots: NDArray[np.int64]) -> NDArray[np.bool_]:
    """`chosen` (N,), with interruptions of at most `longest` frames within a shot filled."""
    result = chosen.copy()
    for start, stop in runs(~chosen, shots):
        if start > 0 and stop < len(chosen) and stop - start <= longest and shots[start - 1] == shots[stop]:
            result[start:stop] = True
    return result
