"""Where a head is and how it is turned, from landmarks that neither speech nor the brows move."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from synctalkface.faces.mesh import STABLE
from synctalkface.faces.track import FaceTrack, rows

# The mean face: x to the picture's right, y down, z away from the camera; 1 is the distance between the eyes' centres,
# 0 the mean of these points. Computed from the meshes of 12 frontal faces (GRID's two training speakers, 30 first
# frames; ten stills of CREMA-D): each aligned to the mean on these points by a similarity, averaged by person, then
# over people, repeated until it stood still, turned until the eyes were level, made symmetric.
# One side is written down and the other mirrored; points on the middle line have their own index as partner.
_HALF = {
    (33, 263): (-0.723, -0.206, 0.343),  # outer corner of the eye
    (133, 362): (-0.277, -0.188, 0.258),  # inner corner
    (130, 359): (-0.755, -0.200, 0.362),
    (243, 463): (-0.243, -0.183, 0.242),
    (122, 351): (-0.092, -0.145, -0.036),  # side of the bridge
    (196, 419): (-0.089, -0.039, -0.136),
    (198, 420): (-0.221, 0.179, -0.077),
    (48, 278): (-0.297, 0.370, -0.110),  # wing of the nose
    (168, 168): (0.0, -0.299, 0.002),  # bridge, from the top down
    (6, 6): (0.0, -0.173, -0.073),
    (197, 197): (0.0, -0.063, -0.158),
    (195, 195): (0.0, 0.039, -0.252),
    (5, 5): (0.0, 0.148, -0.346),
    (4, 4): (0.0, 0.283, -0.389),
    (1, 1): (0.0, 0.389, -0.358),  # tip
    (2, 2): (0.0, 0.502, -0.119),  # base
}
_MEAN = {right: (x, y, z) for (right, _), (x, y, z) in _HALF.items()}
_MEAN |= {left: (-x, y, z) for (_, left), (x, y, z) in _HALF.items()}
MEAN_FACE = np.array([_MEAN[index] for index in STABLE])
_ROWS = rows(STABLE)


class Pose(NamedTuple):
    """Heads in N frames; NaN where not seen.

    anchor: (N, 2), where a point that is fixed to the head is seen, px. size: (N,), distance between the eyes' centres
    as it would be seen from the front, px. angle: (N,), radians, clockwise in the picture. yaw: (N,), degrees, positive
    if the nose points to the picture's right.
    """

    anchor: NDArray[np.float64]
    size: NDArray[np.float64]
    angle: NDArray[np.float64]
    yaw: NDArray[np.float64]


def fit(track: FaceTrack, anchor: tuple[float, float, float]) -> Pose:
    """The pose of every frame; `anchor` is a point in the coordinates of the mean face.

    Least squares of a scaled orthographic camera (POS, DeMenthon and Davis 1995): unlike that of a flat similarity, its
    size does not shrink when the head turns.
    """
    points = track.landmarks[:, _ROWS].astype(np.float64)  # (N, P, 2)
    middle = points.mean(1)
    mean = MEAN_FACE.mean(0)
    camera = np.einsum("jp,npi->nij", np.linalg.pinv(MEAN_FACE - mean), points - middle[:, None])  # (N, 2, 3)
    seen = track.seen
    size = np.full(len(points), np.nan)
    size[seen] = np.linalg.svd(camera[seen], compute_uv=False).mean(1)
    angle = np.arctan2(camera[:, 1, 0] - camera[:, 0, 1], camera[:, 0, 0] + camera[:, 1, 1])
    across = (
        np.cos(angle) * camera[:, 0, 2] + np.sin(angle) * camera[:, 1, 2]
    )  # where the depth axis points, rolled back
    yaw = np.degrees(np.arcsin(np.clip(-across / size, -1, 1)))
    return Pose(middle + camera @ (np.array(anchor) - mean), size, angle, yaw)


def smooth(values: np.ndarray, runs: Sequence[tuple[int, int]], sigma: float) -> NDArray[np.float64]:
    """`values` (N, ...) smoothed in time within each run [start, stop); NaN outside the runs.

    A local straight line, weighted by a Gaussian of `sigma` frames: it lags nowhere, at the ends of a run neither
    (a motion of constant speed comes back exactly).
    """
    result = np.full(values.shape, np.nan)
    reach = int(np.ceil(3 * sigma))
    steps = np.arange(-reach, reach + 1)
    bell = np.exp(-0.5 * (steps / max(sigma, 1e-6)) ** 2)
    for start, stop in runs:
        flat = values[start:stop].reshape(stop - start, -1).astype(np.float64)
        there = np.pad(np.ones(stop - start), reach)
        padded = np.pad(flat, ((reach, reach), (0, 0)))
        windows = np.lib.stride_tricks.sliding_window_view(there, len(steps)) * bell  # (n, steps), 0 beyond the ends
        s0, s1, s2 = (windows @ steps**power for power in (0, 1, 2))
        around = np.lib.stride_tricks.sliding_window_view(padded, len(steps), axis=0)  # (n, C, steps)
        t0 = np.einsum("nct,nt->nc", around, windows)
        t1 = np.einsum("nct,nt->nc", around, windows * steps)
        spread = s0 * s2 - s1**2
        line = (s2[:, None] * t0 - s1[:, None] * t1) / np.where(spread > 1e-9, spread, 1)[:, None]
        fitted = np.where((spread > 1e-9)[:, None], line, flat)  # a run of one frame has no slope
        result[start:stop] = fitted.reshape(values[start:stop].shape)
    return result
