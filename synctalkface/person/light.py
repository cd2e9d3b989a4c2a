"""The light of the frame on what is drawn: gains that make both alike where both show the same skin.

What is drawn has the colours of the reference, which may have been filmed in other light. Light scales each channel of
a colour; coded with a power law, as video is, that is a gain still. The gain may differ from side to side and from top
to bottom, and nothing finer: three numbers a channel, fitted to some hundred cells along the soft edge of the mask, so
robustly that no smoothing in time is needed. h x w px of the lower half of the crop.
"""

from __future__ import annotations

import functools
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

Cells = NDArray[np.float32]
CELLS = (32, 16)  # across and down the lower half: what is compared are their means
DARK = 16.0  # of 255: cells about this dark count half, for black says nothing about light
FAR = 0.06  # of the logarithm: cells that differ by more than this from the rest show something else
STEADY = 6.0  # how many cells' worth of evidence a slope of the gain has to overcome
HUE = 0.012  # of the logarithm: a difference between channels of this size is half believed, for codecs make as much
LARGEST = 0.7  # of the logarithm: a factor of two
ROUNDS = 4  # of reweighting


def relight(drawn: NDArray[np.float32], filmed: NDArray[np.uint8], mask: NDArray[np.float32]) -> NDArray[np.float32]:
    """`drawn` (h, w, 3) of 0..255 in the light of `filmed`, the same part of the frame at any size.

    mask (h, w): how much of the frame is replaced. Nothing is known, and nothing changed, where it has no soft edge.
    """
    ours, theirs, share = (_cells(picture) for picture in (drawn, filmed, mask))
    fitted = _fit(ours.reshape(-1, 3), theirs.reshape(-1, 3), (4 * share * (1 - share)).reshape(-1))
    height, width = drawn.shape[:2]
    across = np.exp(fitted[0] + fitted[1] * _places(width)[:, None])  # (w, 3)
    down = np.exp(fitted[2] * _places(height)[:, None])  # (h, 3)
    gain = cv2.merge([np.outer(down[:, c], across[:, c]) for c in range(3)])
    return np.asarray(cv2.multiply(drawn, gain), np.float32)


def _cells(picture: NDArray[Any]) -> Cells:
    return np.asarray(cv2.resize(picture, CELLS, interpolation=cv2.INTER_AREA), np.float32)


def _fit(ours: Cells, theirs: Cells, edge: Cells) -> Cells:
    """(3, 3): level, slope across and slope down of the logarithms of theirs / ours (cells, 3), for R, G and B.

    edge (cells,): how much of each cell is soft edge of the mask.
    """
    bright = np.minimum(ours, theirs).min(axis=1)
    weight = edge * bright / (bright + DARK)
    there = np.flatnonzero(weight > 0.05)
    fitted = np.zeros((3, 3), np.float32)
    if len(there) < STEADY:
        return fitted
    x, y, weight = _plane()[there], np.log((theirs[there] + 1) / (ours[there] + 1)), weight[there]
    ridge = np.diag([1e-6, STEADY, STEADY]).astype(np.float32)
    fitted[0] = np.partition(y, len(y) // 2, axis=0)[len(y) // 2]
    turned, mean = x.T.copy(), np.full(3, 1 / (3 * FAR**2), np.float32)
    for _ in range(ROUNDS):
        left = y - x @ fitted
        weighted = turned * (weight / np.square(1 + np.square(left) @ mean))
        fitted = cv2.solve(weighted @ x + ridge, weighted @ y, flags=cv2.DECOMP_CHOLESKY)[1]
    grey = fitted[0].mean()
    hue = fitted[0] - grey
    fitted[0] = (grey + hue**3 / (hue**2 + HUE**2)).clip(-LARGEST, LARGEST)
    return np.asarray(fitted, np.float32)


@functools.cache
def _places(count: int) -> NDArray[np.float32]:
    """The centres of `count` equal parts of -1..1."""
    return np.asarray((np.arange(count) + 0.5) / count * 2 - 1, np.float32)


@functools.cache
def _plane() -> NDArray[np.float32]:
    """(cells, 3): one, place across, place down."""
    x, y = np.meshgrid(_places(CELLS[0]), _places(CELLS[1]))
    return np.stack([np.ones_like(x), x, y], -1).reshape(-1, 3)
