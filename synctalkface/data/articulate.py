"""Another way of speaking: the same mouth, opened wider or less wide than it was filmed.

Of two people who say the same, one parts the lips twice as far as the other, and two people teach only two ways. In
pictures F of one person the jaw is moved by the gap between the lips, so that closed lips stay closed.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

UPPER = 0.25  # of the change: what the upper lip moves; the lower one and the chin move the rest
NOSE, CHIN = 0.35, 0.9  # in widths of the mouth, from the lips: from there on nothing moves
ACROSS = 0.9  # in widths of the mouth, from its middle: from there on nothing moves

Places = NDArray[np.floating[Any]]


class Mouths(NamedTuple):
    """Where the mouth lies in F pictures, in any unit."""

    lips: Places  # (F, 2, 2): middles of the inner upper and lower lip, x and y
    corners: Places  # (F, 2, 2)


def before(places: Places, mouths: Mouths, gain: float) -> Places:
    """Where the pixels at `places` (..., 2) came from, in each picture, as the lips parted `gain` times as far.

    (F, ..., 2), in the unit of `mouths`. At the corners, where lips meet, they part less.
    """
    return np.stack([_moved(places, one, gain, after=True) for one in _each(mouths)])


def after(points: Places, mouths: Mouths, gain: float) -> Places:
    """Where the `points` (F, ..., 2) of each picture go as the lips part `gain` times as far: `before` undone."""
    return np.stack(
        [_moved(each, one, gain, after=False) for each, one in zip(points, _each(mouths), strict=True)]
    ).astype(points.dtype, copy=False)


def _each(mouths: Mouths) -> list[Mouths]:
    return [Mouths(lips, corners) for lips, corners in zip(*mouths, strict=True)]


def _moved(places: Places, mouth: Mouths, gain: float, *, after: bool) -> Places:
    """`places` (..., 2) of one picture, taken from after the change to before it, or the other way."""
    upper, lower = mouth.lips[:, 1].min(), mouth.lips[:, 1].max()
    middle, width = mouth.lips[:, 0].mean(), max(float(np.linalg.norm(mouth.corners[0] - mouth.corners[1])), 1e-6)
    more = (gain - 1) * (lower - upper)
    rises, falls = UPPER * more, (1 - UPPER) * more
    x, y = places[..., 0], places[..., 1]
    was = [upper - NOSE * width, upper, lower, lower + CHIN * width]
    becomes = [was[0], upper - rises, lower + falls, was[3]]
    moves = np.array([0.0, -rises, falls, 0.0])
    shift = np.interp(y, becomes, -moves) if after else np.interp(y, was, moves)
    share = np.cos(np.pi / 2 * np.clip(np.abs(x - middle) / (ACROSS * width), 0, 1)) ** 2
    return np.stack([x, y + shift * share], axis=-1)
