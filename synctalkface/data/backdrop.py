"""Put something else behind a face: what lies there differs from film to film, and says nothing about the mouth.

F frames, P side of a stored crop with its margin, K points of the face's outline.
"""

from __future__ import annotations

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from synctalkface.data.pack import MARGIN

SIDE = 176  # px
DARKEST, BRIGHTEST = 20.0, 235.0
COARSE = ((3, 60.0), (9, 40.0), (33, 20.0))  # cells a side of a layer of noise, and its standard deviation at most
ROOM = 1.04  # times as large as the outline: what stays of the footage
SOFT = 1 / 90  # of P: standard deviation of the edge


def paint(rng: np.random.Generator) -> NDArray[np.uint8]:
    """Something that is no film: one colour under noise of three sizes. (SIDE, SIDE, 3)"""
    picture = np.broadcast_to(rng.uniform(DARKEST, BRIGHTEST, 3), (SIDE, SIDE, 3)).astype(np.float32)
    for cells, most in COARSE:
        layer = rng.standard_normal((cells, cells, 3)).astype(np.float32) * np.float32(most * rng.uniform(0.1, 1))
        picture += cv2.resize(layer, (SIDE, SIDE), interpolation=cv2.INTER_CUBIC)
    return np.clip(picture, 0, 255).astype(np.uint8)


def behind(stored: Tensor, outlines: NDArray[np.float32], backdrop: NDArray[np.uint8]) -> Tensor:
    """Crops uint8 (F, P, P, 3) with `backdrop` instead of all outside the `outlines` (F, K, 2) in crop units."""
    side = stored.shape[1]
    picture = cv2.resize(backdrop, (side, side), interpolation=cv2.INTER_LINEAR)
    faces = np.stack([_face(points, side) for points in outlines])[..., None]
    there, face = (torch.from_numpy(each).to(stored.device) for each in (picture, faces))
    return torch.lerp(there.float(), stored.float(), face).round().byte()


def _face(points: NDArray[np.float32], side: int) -> NDArray[np.float32]:
    """1 inside the outline `points` (K, 2), 0 outside: (P, P)."""
    middle = points.mean(axis=0)
    places = (middle + (points - middle) * ROOM + MARGIN) * (side / (1 + 2 * MARGIN)) - 0.5
    mask = np.zeros((side, side), np.float32)
    cv2.fillPoly(mask, [np.round(places * 16).astype(np.int32)], 1.0, cv2.LINE_AA, 4)
    return np.asarray(cv2.GaussianBlur(mask, (0, 0), side * SOFT), dtype=np.float32)
