"""Tell by the look of a face whether it is one that was seen before, when its place in the picture cannot tell."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from synctalkface.faces.mesh import LEFT_EYE, RIGHT_EYE

# Agreement from which two portraits show one person: cautious, since a stranger with the wrong voice is worse than a
# second track. Of ten people filmed in one studio and seven in the wild, 99.8 % of the pairs of two people lie below,
# and 81 % of the pairs from one shot above.
ALIKE = 0.85
MOST = 8  # portraits kept of one person
NOSE_BASE = 2
_SIDE = 18  # px
_FRAME = 96  # px


def portrait(rgb: np.ndarray, mesh: np.ndarray) -> NDArray[np.float32]:
    """A tiny picture of the face as a unit vector; the dot product of two is their agreement, -1..1.

    rgb: (H, W, 3) uint8; mesh: (468, 2 or more) px. Brightness and contrast do not count, colour does.
    """
    corners = mesh[[RIGHT_EYE[0], LEFT_EYE[0], NOSE_BASE], :2].astype(np.float32)
    places = np.array([[0.14, 0.21], [0.86, 0.21], [0.5, 0.57]], np.float32) * _FRAME  # brows to chin
    upright = cv2.getAffineTransform(corners, places)
    face = cv2.warpAffine(rgb, upright, (_FRAME, _FRAME), borderMode=cv2.BORDER_REPLICATE)
    small = cv2.resize(face, (_SIDE, _SIDE), interpolation=cv2.INTER_AREA).astype(np.float32)
    small -= small.mean((0, 1))
    return np.asarray(small.ravel() / max(float(np.linalg.norm(small)), 1e-6), np.float32)


def agreement(one: np.ndarray, others: Sequence[np.ndarray]) -> float:
    """How well the portrait `one` agrees with the best of `others`; -1 if there are none."""
    return max((float(one @ other) for other in others), default=-1.0)
