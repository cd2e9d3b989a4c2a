"""What the skin around a mouth looks like, at points that move with the mesh: by it a hand before the mouth is seen.

The points lie between the lips and the outline of the jaw (P of them), so that neither speech nor a turn of the head
changes much; U more lie on nose and cheeks, where the light can be told.
"""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from synctalkface.faces.mesh import CHEEKS, NOSE_BRIDGE

# From the lips' outline to the jaw's or the nose: pairs of points of the mesh, the person's right side first.
RAYS = (
    *((61, 132), (61, 58), (61, 172), (146, 136), (91, 150), (181, 149), (84, 176), (185, 205)),
    *((291, 361), (291, 288), (291, 397), (375, 365), (321, 379), (405, 378), (314, 400), (409, 425)),
    *((17, 152), (0, 2)),
)
SHARES = (0.2, 0.4, 0.6, 0.8)  # of the way
POINTS = len(RAYS) * len(SHARES)  # P
BARE = (*CHEEKS, *NOSE_BRIDGE)  # U points by which the light is told
_LIPS, _OUTLINE = np.array(RAYS).T
_BARE = np.array(BARE)
_WAY = np.array(SHARES, np.float32)[:, None, None]
_WIDTH = 48  # px at which the points are looked at


class Look(NamedTuple):
    """One lower face. colours: (P + U, 3) uint8 RGB. sharpness: the Laplacian's variance as a share of the grey's."""

    colours: NDArray[np.uint8]
    sharpness: float


def look(rgb: NDArray[np.uint8], mesh: NDArray[np.float32]) -> Look:
    """The lower face whose mesh (468, 2 or more) px lies in `rgb` (H, W, 3)."""
    places = places_of(mesh[:, :2])
    limits = np.array(rgb.shape[1::-1])
    low = np.clip(places.min(0).astype(int) - 2, 0, limits - 4)
    high = np.clip(places.max(0).astype(int) + 3, low + 4, limits)
    zoom = min(1.0, _WIDTH / float(high[0] - low[0]))
    size = np.maximum(4, (high - low) * zoom).astype(int)
    part = rgb[low[1] : high[1], low[0] : high[0]]
    small = cv2.resize(part, (int(size[0]), int(size[1])), interpolation=cv2.INTER_AREA)
    at = (places - low) * (size / (high - low)) - 0.5
    column, row = np.clip(np.rint(at).astype(int), 0, size - 1).T
    colours = cv2.blur(small, (3, 3))[row, column]  # a spot rather than a pixel
    return Look(np.asarray(colours, np.uint8), _sharpness(np.asarray(small, np.uint8)))


def midway(one: Look, other: Look) -> Look:
    """How the face looks between two frames."""
    colours = (one.colours.astype(np.uint16) + other.colours + 1) // 2
    return Look(colours.astype(np.uint8), (one.sharpness + other.sharpness) / 2)


def places_of(points: NDArray[np.float32]) -> NDArray[np.float32]:
    """Where the colours are taken, (P + U, 2), given the points (468, 2) of a mesh; in the same coordinates."""
    lips, outline = points[_LIPS], points[_OUTLINE]
    between = lips + _WAY * (outline - lips)  # (shares, rays, 2)
    return np.concatenate([between.reshape(-1, 2), points[_BARE]])


def _sharpness(picture: NDArray[np.uint8]) -> float:
    grey = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)
    _, fine = cv2.meanStdDev(cv2.Laplacian(grey, cv2.CV_32F))
    _, whole = cv2.meanStdDev(grey)
    return float(fine[0, 0] ** 2 / (whole[0, 0] ** 2 + 25))  # 25: noise of a grey wall is not sharp
