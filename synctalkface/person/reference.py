"""Which frame of each shot lends its pixels: sharp, lips closed, looking as usual, nothing before the mouth.

The paper takes the first frame. In footage from outside a studio that frame may show a hand before the mouth, a broad
smile or a head in motion, which every drawn frame would then inherit. N frames.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from synctalkface.faces.mesh import LIP_GAP, MOUTH_CORNERS
from synctalkface.faces.pose import Pose
from synctalkface.faces.track import FaceTrack, rows
from synctalkface.person.usable import Usable, Why

OPEN = 3.0  # what an open mouth (gap over width) counts
SMILE = 2.0  # a mouth wider or narrower than usual, as a share of the usual width
BLUR = 1.0  # a picture less sharp than the sharpest tenth, as a share of that
STRANGE = 4.0  # the share of the skin that looks strange
TURNED = 1.0 / 30  # a degree by which the head is turned away
FADING = 0.5  # a frame beside a gap: whatever comes is near already
_GAP, _CORNERS = rows(LIP_GAP), rows(MOUTH_CORNERS)


def typical(track: FaceTrack, usable: Usable, pose: Pose) -> dict[int, int]:
    """For each shot that shows the face usably: its number -> the index of the frame that is the best reference."""
    best = {}
    drawn = (usable.why == Why.DRAWN) & (track.scores > 0)  # bridged frames were not looked at
    for shot in np.unique(usable.shots[drawn]):
        chosen = np.flatnonzero(drawn & (usable.shots == shot))
        best[int(shot)] = int(chosen[int(_faults(track, usable, pose, chosen).argmin())])
    return best


def _faults(track: FaceTrack, usable: Usable, pose: Pose, chosen: NDArray[np.int64]) -> NDArray[np.float64]:
    """(n,) how ill suited each of the `chosen` frames of one shot is."""
    points = track.landmarks[chosen]
    across = _length(points[:, _CORNERS])
    width = across / np.maximum(pose.size[chosen], 1e-6)
    faults = OPEN * _length(points[:, _GAP]) / np.maximum(across, 1e-6)
    faults += SMILE * np.abs(width / max(float(np.median(width)), 1e-6) - 1)
    faults += STRANGE * usable.covered[chosen] + FADING * (usable.strength[chosen] < 1)
    faults += TURNED * np.abs(pose.yaw[chosen])
    if track.sharpness is not None:
        sharp = track.sharpness[chosen]
        faults += BLUR * np.clip(1 - sharp / max(float(np.percentile(sharp, 90)), 1e-6), 0, 1)
    return np.asarray(faults, np.float64)


def _length(pairs: NDArray[np.float32]) -> NDArray[np.float64]:
    """Of (n, 2 points, 2) -> (n,) px."""
    return np.asarray(np.linalg.norm(pairs[:, 0] - pairs[:, 1], axis=1), np.float64)
