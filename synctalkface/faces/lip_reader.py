"""Where the lips are in aligned crops, filmed or drawn, found by the face mesh in the same way for both.

F frames, P side of a stored crop with its margin, K = 40 points of the outer and the inner lips.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from synctalkface.faces.mesh import LIPS_INNER, LIPS_OUTER, FaceMesh, Square, square_of_landmarks

_LIPS = [*LIPS_OUTER, *LIPS_INNER]
_UPPER, _LOWER = LIPS_INNER.index(13), LIPS_INNER.index(14)  # the middle of the inner lips
_RIGHT, _LEFT = LIPS_OUTER.index(61), LIPS_OUTER.index(291)  # the corners


class LipReader:
    """The face mesh, looking through the squares that the filmed faces gave it."""

    def __init__(self, mesh: FaceMesh | None = None) -> None:
        self._mesh = mesh or FaceMesh()

    def squares(self, filmed: NDArray[np.uint8]) -> list[Square]:
        """Where to look in each frame of the filmed crops (F, P, P, 3)."""
        side = filmed.shape[1]
        square, found = Square(side / 2, side / 2, float(side), 0.0), []
        for frame in filmed:
            points, _ = self._mesh.landmarks(frame, square)
            square = square_of_landmarks(points)
            found.append(square)
        return found

    def lips(self, crops: NDArray[np.uint8], squares: list[Square]) -> NDArray[np.float32]:
        """The lips in crops (F, P, P, 3), filmed or drawn: (F, K, 2) px of the crops."""
        meshes = [self._mesh.landmarks(frame, square)[0] for frame, square in zip(crops, squares, strict=True)]
        return np.stack([points[_LIPS, :2] for points in meshes])


def movement(lips: NDArray[np.float32]) -> float:
    """How far a point of the lips (F, K, 2) moves from frame to frame within the mouth: mean distance, px a frame."""
    centred = lips - lips.mean(axis=1, keepdims=True)
    return float(np.linalg.norm(np.diff(centred, axis=0), axis=-1).mean())


def opening(lips: NDArray[np.float32]) -> NDArray[np.float32]:
    """How far the lips (F, K, 2) are apart, as a share of the mouth's width: (F,)."""
    inner = len(LIPS_OUTER)
    gap = np.linalg.norm(lips[:, inner + _UPPER] - lips[:, inner + _LOWER], axis=-1)
    return np.asarray(gap / width(lips), dtype=np.float32)


def width(lips: NDArray[np.float32]) -> NDArray[np.float32]:
    """From corner to corner of the lips (F, K, 2): (F,) px."""
    return np.asarray(np.linalg.norm(lips[:, _RIGHT] - lips[:, _LEFT], axis=-1), dtype=np.float32)
