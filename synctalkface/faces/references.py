"""Which two of some frames lend their pixels: one with the lips closed, one with the lips parted, both otherwise usual.

What a mouth looks like inside cannot be moved into place out of a frame that does not show it. N frames.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

OPEN = 3.0  # what an open mouth (gap over width) counts
PARTED = 0.85  # quantile of the gaps: how far the lips of the second reference are parted
APART = 6.0  # what a gap counts that is another (gap over width)
SMILE = 2.0  # a mouth wider or narrower than usual, as a share of the usual width


class References(NamedTuple):
    """Two frames of one shot, by their numbers. A model that takes one reference takes the first."""

    closed: int
    parted: int


def choose(
    gaps: NDArray[np.floating], widths: NDArray[np.floating], faults: NDArray[np.floating] | float = 0.0
) -> References:
    """The best two of N frames, by their indices.

    gaps (N,): between the lips, in widths of the mouth; widths (N,) of the mouth, in any unit of the face;
    faults (N,): how ill suited each is for other reasons, where 1 is much.
    """
    unlike = faults + SMILE * np.abs(widths / max(float(np.median(widths)), 1e-6) - 1)
    wanted = np.quantile(gaps, PARTED)
    return References(
        closed=int((unlike + OPEN * gaps).argmin()),
        parted=int((unlike + APART * np.abs(gaps - wanted)).argmin()),
    )


def gaps_and_widths(lips: NDArray[np.floating], corners: NDArray[np.floating]) -> tuple[NDArray[np.float64], ...]:
    """Of the lips' middle points (N, 2, 2) and the mouth's corners (N, 2, 2): gaps in widths (N,), and widths (N,)."""
    across = _length(corners)
    return _length(lips) / np.maximum(across, 1e-6), across


def _length(pairs: NDArray[np.floating]) -> NDArray[np.float64]:
    return np.asarray(np.linalg.norm(pairs[:, 0] - pairs[:, 1], axis=1), np.float64)
