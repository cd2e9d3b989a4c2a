"""Which two of some frames lend their pixels: one with the lips closed, one with the lips parted, else alike and usual.

What a mouth looks like inside cannot be moved into place out of a frame that does not show it. Where the two differ in
more than that, by a smile or a turn of the head, what is blended of both shows two outlines. N frames.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

OPEN = 8.0  # what an open mouth (gap over width) counts
PARTED = 0.85  # quantile of the gaps: how far the lips of the second reference are parted
APART = 6.0  # what a gap counts that is another (gap over width)
SMILE = 1.0  # a mouth wider or narrower than usual, as a share of the usual width
ALIKE = 0.03  # of the crop's side: by how much the corners of the two mouths lie apart when that counts one
LIKELY = 64  # frames of each kind whose pairs are compared


class References(NamedTuple):
    """Two frames of one shot, by their numbers. A model that takes one reference takes the first."""

    closed: int
    parted: int


def choose(
    lips: NDArray[np.floating], corners: NDArray[np.floating], faults: NDArray[np.floating] | float = 0.0
) -> References:
    """The best two of N frames, by their indices.

    lips (N, 2, 2): the middles of the inner lips, and corners (N, 2, 2) of the mouth, in the coordinates of the crop;
    faults (N,): how ill suited each is for other reasons, where 1 is much.
    """
    gaps, widths = openings(lips, corners), _length(corners)
    unlike = faults + SMILE * np.abs(widths / max(float(np.median(widths)), 1e-6) - 1)
    wanted = np.quantile(gaps, PARTED)
    shut, apart = unlike + OPEN * gaps, unlike + APART * np.abs(gaps - wanted)
    ones, others = np.argsort(shut, kind="stable")[:LIKELY], np.argsort(apart, kind="stable")[:LIKELY]
    between = np.linalg.norm(corners[ones][:, None] - corners[others][None], axis=3).mean(axis=2)
    best = int((shut[ones][:, None] + apart[others][None] + (between / ALIKE) ** 2).argmin())
    return References(closed=int(ones[best // len(others)]), parted=int(others[best % len(others)]))


def openings(lips: NDArray[np.floating], corners: NDArray[np.floating]) -> NDArray[np.float64]:
    """The gap between `lips` (N, 2, 2) in widths of the mouth with `corners` (N, 2, 2): (N,)."""
    return np.asarray(_length(lips) / np.maximum(_length(corners), 1e-6))


def _length(pairs: NDArray[np.floating]) -> NDArray[np.float64]:
    return np.asarray(np.linalg.norm(pairs[:, 0] - pairs[:, 1], axis=1), np.float64)
