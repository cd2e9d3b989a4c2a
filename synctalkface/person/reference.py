"""Which frame of a clip lends its pixels: one whose lower face is typical, lips closed, nothing before the mouth.

The paper takes the first frame. In footage from outside a studio that frame may show a hand before the mouth or a broad
smile, which every drawn frame would then inherit.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np
from numpy.typing import NDArray

from synctalkface.faces.crop import cut
from synctalkface.faces.mesh import LIP_GAP, MOUTH_CORNERS
from synctalkface.faces.track import rows

MOST = 32  # glimpses kept, however long the clip: memory stays the same
THUMBNAIL = 48  # px
OPEN = 3.0  # how much an open mouth (gap over width) counts beside the distance from the typical face
_GAP, _CORNERS = rows(LIP_GAP), rows(MOUTH_CORNERS)


class Glimpses:
    """Frames kept while they stream by, evenly spread over the clip: of too many, every second is dropped."""

    def __init__(self) -> None:
        self.kept: dict[int, NDArray[np.uint8]] = {}
        self._stride = 1

    def watch(self, frames: Iterable[NDArray[np.uint8]]) -> Iterator[NDArray[np.uint8]]:
        """`frames` (H, W, 3) as they come."""
        for index, frame in enumerate(frames):
            if index % self._stride == 0:
                self.kept[index] = frame
                if len(self.kept) > MOST:
                    self._stride *= 2
                    self.kept = {i: kept for i, kept in self.kept.items() if i % self._stride == 0}
            yield frame


def typical(
    glimpses: Glimpses, scale: float, matrices: NDArray[np.float64], landmarks: NDArray[np.float32]
) -> int | None:
    """The index of the glimpse that is the best reference; None if no glimpse shows the face.

    scale: px of the full-size frame for one px of a glimpse; matrices (N, 2, 3) and landmarks (N, K, 2) are of the
    full-size frames. Distances are measured to the median of all glimpses, on which a hand or a laugh leaves no trace.
    """
    seen = [i for i in glimpses.kept if i < len(matrices) and not np.isnan(matrices[i, 0, 0])]
    if not seen:
        return None
    faces = np.stack([_lower_face(glimpses.kept[i], scale, matrices[i]) for i in seen])
    distance = np.abs(faces - np.median(faces, axis=0)).mean(axis=(1, 2, 3))
    corners, gap = landmarks[seen][:, _CORNERS], landmarks[seen][:, _GAP]
    width = np.linalg.norm(corners[:, 0] - corners[:, 1], axis=1)
    opened = np.linalg.norm(gap[:, 0] - gap[:, 1], axis=1) / np.maximum(width, 1e-6)
    score = distance / max(float(np.median(distance)), 1e-6) + OPEN * opened
    return seen[int(score.argmin())]


def _lower_face(frame: NDArray[np.uint8], scale: float, matrix: NDArray[np.float64]) -> NDArray[np.float32]:
    small = matrix.copy()
    small[:, :2] *= scale  # now maps px of the glimpse
    face = cut(frame, (0, 0), small, THUMBNAIL)[THUMBNAIL // 2 :].astype(np.float32)
    levelled: NDArray[np.float32] = face - face.mean(axis=(0, 1))  # light may change over the clip
    return levelled
