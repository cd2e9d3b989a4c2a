"""Which frames of each shot lend their pixels: sharp, typical, nothing before the mouth, lips closed or parted.

The paper takes the first frame. In footage from outside a studio that frame may show a hand before the mouth, a broad
smile or a head in motion, which every drawn frame would then inherit. N frames.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from synctalkface.faces.mesh import LIP_GAP, MOUTH_CORNERS
from synctalkface.faces.pose import Pose
from synctalkface.faces.references import References, choose
from synctalkface.faces.track import FaceTrack, rows
from synctalkface.person.usable import Usable, Why

BLUR = 1.0  # a picture less sharp than the sharpest tenth, as a share of that
STRANGE = 4.0  # the share of the skin that looks strange
TURNED = 1.0 / 30  # a degree by which the head is turned away
FADING = 0.5  # a frame beside a gap: whatever comes is near already
_GAP, _CORNERS = rows(LIP_GAP), rows(MOUTH_CORNERS)


def typical(track: FaceTrack, matrices: NDArray[np.float64], usable: Usable, pose: Pose) -> dict[int, References]:
    """For each shot that shows the face usably: its number -> the frames of the track that are the best references.

    matrices (N, 2, 3): frame px -> crop.
    """
    best = {}
    drawn = (usable.why == Why.DRAWN) & (track.scores > 0)  # bridged frames were not looked at
    for shot in np.unique(usable.shots[drawn]):
        chosen = np.flatnonzero(drawn & (usable.shots == shot))
        points = np.einsum("nij,nkj->nki", matrices[chosen, :, :2], track.landmarks[chosen, :][:, _GAP + _CORNERS])
        points += matrices[chosen, None, :, 2]
        found = choose(points[:, :2], points[:, 2:], _faults(track, usable, pose, chosen))
        best[int(shot)] = References(*(int(chosen[index]) for index in found))
    return best


def _faults(track: FaceTrack, usable: Usable, pose: Pose, chosen: NDArray[np.int64]) -> NDArray[np.float64]:
    """(n,) how ill suited each of the `chosen` frames of one shot is, whatever its mouth does."""
    faults = STRANGE * usable.covered[chosen] + FADING * (usable.strength[chosen] < 1)
    faults = faults + TURNED * np.abs(pose.yaw[chosen])
    if track.sharpness is not None:
        sharp = track.sharpness[chosen]
        faults += BLUR * np.clip(1 - sharp / max(float(np.percentile(sharp, 90)), 1e-6), 0, 1)
    return np.asarray(faults, np.float64)
