"""Sharpness and grain: what is drawn gets what it lacks of both beside the frame that surrounds it.

Pixels that were moved were interpolated, which takes fine detail and grain from them. Both are measured on the luma of
the frame and of the drawing in the same place, as medians, in which the mouth itself leaves hardly a trace; only what
is missing is added, so that a picture that is sharp and clean stays as it is. h x w px of the frame.
"""

from __future__ import annotations

import functools
import zlib
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

Plane = NDArray[np.float32]  # (h, w)
Samples = NDArray[np.unsignedinteger[Any]]

SAMPLES = 4_000  # pixels that are measured, spread evenly over the mask
REPLACED = 0.3  # of the mask: where it is less, the drawing is hardly seen
GAIN = 1.8  # of what the measure lacks: it sees less of what sharpening adds than of what was lost
MOST_SHARPENING = 1.2  # of the detail that is there, added to it
MOST_GRAIN = 12.0  # of 255: standard deviation
TILE = 512  # px: side of the grain that is laid over a frame, at a place of its own in each
_LUMA = np.array([[0.299, 0.587, 0.114]], np.float32)
_NOISE = np.array([[1, -2, 1], [-2, 4, -2], [1, -2, 1]], np.float32) / 6  # Immerkaer 1996: sees neither edge nor slope
_TO_SIGMA = 1.4826  # from the median of the absolute values of a normal distribution


def finish(drawn: NDArray[np.float32], alpha: Plane, filmed: Samples, level: float) -> NDArray[np.float32]:
    """`drawn` (h, w, 3) of 0..255 as sharp and as grainy as `filmed` (h, w), the luma of the frame in the same place.

    alpha (h, w): how much of the frame is replaced. level: of `drawn`, what one of `filmed` is, of any depth.
    The grain follows from the pixels of `filmed` alone: a frame that is shown twice looks the same twice.
    """
    step = max(1, round(np.sqrt(alpha.size / SAMPLES)))
    where = alpha[::step, ::step] > REPLACED
    if where.sum() < 64:  # a face of a few pixels has no detail
        return drawn
    around = filmed.astype(np.float32) * np.float32(level)
    luma = np.asarray(cv2.transform(drawn, _LUMA), np.float32)

    def median(plane: Plane) -> float:  # numpy's own takes four times as long for so few
        found = np.abs(plane[::step, ::step][where])
        middle = len(found) // 2
        found.partition(middle)
        return float(found[middle])

    sharpness = median(_middle(luma)) / max(median(_middle(around)), 1e-3)
    sharp = _sharpen(luma, min(MOST_SHARPENING, GAIN * (1 / max(sharpness, 0.1) - 1))) if sharpness < 1 else luma
    noise = _TO_SIGMA * median(_finest(around))
    rounded = np.rint(sharp / np.float32(level)) * np.float32(level)  # as it will be in the frame
    ours = _TO_SIGMA * median(_finest(rounded))
    missing = min(MOST_GRAIN, max(0.0, noise**2 - ours**2) ** 0.5)
    change = sharp - luma
    if missing > 0:
        change += missing * _grain(filmed)
    return np.asarray(cv2.add(drawn, cv2.merge([change] * 3)), np.float32)


def _finest(luma: Plane) -> Plane:
    """What is grain rather than picture, with the standard deviation of the grain."""
    return np.asarray(cv2.filter2D(luma, -1, _NOISE), np.float32)


def _middle(luma: Plane) -> Plane:
    """Detail between two and six pixels: coarser than grain, finer than the features of a face."""
    fine = cv2.boxFilter(luma, -1, (2, 2))
    return np.asarray(fine - cv2.boxFilter(luma, -1, (6, 6)), np.float32)


def _sharpen(luma: Plane, amount: float) -> Plane:
    """`luma` with its detail enlarged by `amount`, nowhere beyond the pixels around it: no halo."""
    raised = luma + np.float32(amount) * (luma - cv2.GaussianBlur(luma, (5, 5), 1.2))
    near = np.ones((3, 3), np.uint8)
    return np.asarray(np.clip(raised, cv2.erode(luma, near), cv2.dilate(luma, near)), np.float32)


def _grain(filmed: Samples) -> Plane:
    """Grain (h, w) of variance 1, at a place of the tile that the pixels of `filmed` choose."""
    height, width = filmed.shape
    chosen = zlib.crc32(filmed.tobytes())
    y, x = chosen % TILE, chosen // TILE % TILE
    tile = _tile()
    while tile.shape[0] < height + TILE or tile.shape[1] < width + TILE:
        tile = np.tile(tile, (2, 2))
    return tile[y : y + height, x : x + width]


@functools.cache
def _tile() -> Plane:
    """White grain, twice its size to both sides so that any window of up to TILE px lies in it."""
    drawn = np.random.default_rng(0).standard_normal((TILE, TILE)).astype(np.float32)
    return np.tile(drawn, (2, 2))
