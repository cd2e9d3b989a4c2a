"""Where the mask gives way: far from lips and chin, what was filmed stays where the drawing shows something else.

What is drawn is moved from the reference. Where the head is turned otherwise than there, the reference's hair or the
background would come to lie on a cheek, or its jaw's outline beside the filmed one. Such things differ strongly from
the frame even in its own light. Lips and chin differ too, as they must: there the mask stays whole. h x w px of the
lower half of the crop; distances are shares of the crop's side.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from synctalkface.faces.mesh import CHIN, LIPS_OUTER
from synctalkface.faces.track import rows

Plane = NDArray[np.float32]

CELLS = (64, 32)  # across and down the lower half: what is compared are their means
DARK = 24.0  # of 255: added to both, for ratios of dark pixels are noise
SAME, OTHER = (
    0.07,
    0.25,
)  # of the logarithm: folds and codecs differ by less than the one, hair and outlines by the other
OPENED = 1.2  # of the way from mouth to chin: how far a jaw may open beyond that of the frame
NEAR, FAR = 0.01, 0.13  # from mouth and chin: nothing gives way up to the one, all may from the other on
CALM = 1.5, 2.0  # cells: how softly differences are seen, and how softly the mask gives way
_LIPS = rows(LIPS_OUTER)
_CHIN = rows((148, CHIN, 377))
_NOSE = rows((48, 278))  # its wings: how nostrils differ trembles too much to be followed


def give_way(
    mask: Plane,
    drawn: NDArray[np.float32],
    filmed: NDArray[np.uint8],
    landmarks: NDArray[np.float32],
    matrix: NDArray[np.float64],
) -> Plane:
    """`mask` (s, s) of the whole crop, smaller where `drawn` and `filmed` differ far from lips and chin, never larger.

    drawn (h, w, 3) of 0..255, in the light of the frame; filmed: the lower half of the frame's crop, at any size.
    landmarks (K, 2): px, of `faces.crop.steady`; matrix (2, 3): frame px -> crop.
    """
    far = _far(landmarks @ matrix[:, :2].T + matrix[:, 2])
    differ = cv2.GaussianBlur(_difference(drawn, filmed), (0, 0), CALM[0])
    given = _ramp((differ * far - SAME) / (OTHER - SAME))
    if not given.any():
        return mask
    soft = cv2.GaussianBlur(cv2.dilate(given, np.ones((3, 3), np.uint8)), (0, 0), CALM[1]) * np.minimum(1, 2 * far)
    lower = len(mask) // 2
    kept = cv2.resize(1 - soft, (len(mask), lower), interpolation=cv2.INTER_LINEAR)
    return np.concatenate([mask[:-lower], mask[-lower:] * kept.clip(0, 1)])


def _difference(drawn: NDArray[np.float32], filmed: NDArray[np.uint8]) -> Plane:
    """How differently the cells look: the root of the mean square of the three channels' logarithms."""
    ours, theirs = (cv2.resize(one, CELLS, interpolation=cv2.INTER_AREA).astype(np.float32) for one in (drawn, filmed))
    ratio = np.log((np.maximum(ours, 0) + DARK) / (theirs + DARK))
    return np.asarray(np.sqrt(np.square(ratio).mean(axis=2)), np.float32)


def _far(points: NDArray[np.floating]) -> Plane:
    """0 from the nose over the lips to the chin, as filmed and as it may be drawn, 1 far from there.

    points (K, 2): the landmarks in the crop.
    """
    lips, chin = points[_LIPS], points[_CHIN]
    mouth = lips.mean(axis=0)
    opened = mouth + OPENED * (chin - mouth)
    corners = np.concatenate([points[_NOSE], lips, chin, opened]) * CELLS[0] - (0.5, CELLS[1] + 0.5)
    outside = np.ones(CELLS[::-1], np.uint8)
    hull = cv2.convexHull(corners.astype(np.float32))[:, 0]
    cv2.fillConvexPoly(outside, np.round(hull * 16).astype(np.int32), 0, cv2.LINE_8, 4)
    away = cv2.GaussianBlur(cv2.distanceTransform(outside, cv2.DIST_L2, 5), (0, 0), 1.0) / CELLS[0]
    return _ramp((away - NEAR) / (FAR - NEAR))


def _ramp(x: NDArray[np.floating]) -> Plane:
    """0 below 0, 1 above 1, smooth in between."""
    x = np.clip(x, 0, 1)
    return np.asarray(x * x * (3 - 2 * x), np.float32)
