"""How much of the skin around a mouth does not look like it does in the rest of the shot: a hand, a microphone.

N frames, P points between lips and jaw and U more where the light can be told (see faces.skin).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from synctalkface.faces.mesh import KEPT
from synctalkface.faces.skin import POINTS, places_of
from synctalkface.faces.track import FaceTrack

STRANGE = 0.2  # in logarithms of colour, beyond what three quarters of the shot's frames come near
TIMES = 1.0  # as much as the middle half of the frames spans, beyond it, is still usual
FEWEST = 25  # frames of a shot that tell what is usual
_DARKEST = 8.0  # of 0..255: below it, logarithms tell noise
_ROUNDS = 6  # of reweighted least squares


def unlike(track: FaceTrack, matrices: NDArray[np.float64], shots: NDArray[np.int64]) -> NDArray[np.float32]:
    """(N,) the share of the points that look strange in each frame; 0 where not seen or not known.

    matrices: (N, 2, 3), frame px -> crop coordinates. shots: (N,) the number of each frame's shot: what is usual is
    learnt from the shot's own frames. A change of light, even from one side, does not count; nor do beards, wrinkles
    and shadows that stay. What stays before the mouth for more than a quarter of the shot looks usual too.
    """
    result = np.zeros(len(matrices), np.float32)
    seen = track.seen & (track.scores > 0)  # bridged frames were not looked at
    if track.colours is None:
        return result
    for shot in np.unique(shots[seen]):
        chosen = np.flatnonzero(seen & (shots == shot))
        if len(chosen) >= FEWEST:
            shades = _shades(track.landmarks[chosen], matrices[chosen])
            result[chosen] = _strange(_levelled(track.colours[chosen], shades))
    return result


def _shades(landmarks: NDArray[np.float32], matrices: NDArray[np.float64]) -> NDArray[np.float64]:
    """(P + U, 3): at each point, what light may add: the same everywhere, or more to one side or downwards."""
    aligned = np.einsum("nij,nkj->nki", matrices[:, :, :2], landmarks) + matrices[:, None, :, 2]
    mesh = np.zeros((max(KEPT) + 1, 2), np.float32)
    mesh[list(KEPT)] = np.median(aligned, axis=0)
    places = places_of(mesh).astype(np.float64) - 0.5
    return np.concatenate([np.ones((len(places), 1)), 2 * places], axis=1)


def _levelled(colours: NDArray[np.uint8], shades: NDArray[np.float64]) -> NDArray[np.float64]:
    """(n, P, 3): colours (n, P + U, 3) as logarithms to the shot's median, less the light, by least absolute errors."""
    logarithms = np.log(np.maximum(colours.astype(np.float64), _DARKEST))
    left = logarithms - np.median(logarithms, axis=0)
    errors, weights = left, np.ones(left.shape)
    for _ in range(_ROUNDS):
        normal = np.einsum("ja,njc,jb->ncab", shades, weights, shades) + 1e-3 * np.eye(3)
        projected = np.einsum("ja,njc,njc->nca", shades, weights, left)
        light = np.linalg.solve(normal, projected[..., None])[..., 0]  # (n, 3 channels, 3)
        errors = left - np.einsum("ja,nca->njc", shades, light)
        weights = 1 / np.maximum(np.abs(errors), 0.03)
    return np.asarray(errors[:, :POINTS])


def _strange(levelled: NDArray[np.float64]) -> NDArray[np.float32]:
    """(n,) the share of the points outside the fences of what is usual at each."""
    low, high = np.percentile(levelled, (25, 75), axis=0)
    room = TIMES * (high - low)
    outside = np.maximum(np.maximum(low - room - levelled, levelled - high - room), 0).mean(-1)  # (n, P)
    return np.asarray((outside > STRANGE).mean(1), np.float32)
