"""The face mesh: 468 points of one face, found inside a square that is turned with the head."""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np

from synctalkface.faces.detect import Detection
from synctalkface.faces.networks import Network

# Indices into the 468 points of MediaPipe's FaceMesh. Right and left are the person's.
RIGHT_EYE = (33, 133)  # outer and inner corner
LEFT_EYE = (263, 362)
LIPS_OUTER = (61, 185, 40, 39, 37, 0, 267, 269, 270, 409, 291, 375, 321, 405, 314, 17, 84, 181, 91, 146)
LIPS_INNER = (78, 191, 80, 81, 82, 13, 312, 311, 310, 415, 308, 324, 318, 402, 317, 14, 87, 178, 88, 95)
MOUTH_CORNERS = (61, 291)
LIP_GAP = (13, 14)  # middle of the inner upper and lower lip
JAW = (454, 323, 361, 288, 397, 365, 379, 378, 400, 377, 152, 148, 176, 149, 150, 136, 172, 58, 132, 93, 234)
FACE_OVAL = (*JAW, 127, 162, 21, 54, 103, 67, 109, 10, 338, 297, 332, 284, 251, 389, 356)  # jaw, then brow
CHIN = 152
NOSE_TIP = 1
NOSE_BRIDGE = (168, 6, 197, 195, 5)  # from between the eyes down
# What neither speech nor the brows move: the eyes' corners and sockets, the bridge, tip and sides of the nose.
STABLE = (33, 133, 263, 362, 130, 359, 243, 463, 168, 6, 197, 195, 5, 4, 1, 122, 351, 196, 419, 198, 420, 48, 278, 2)

CHEEKS = (50, 280, 205, 425)
# The part of the mesh that is kept of a clip.
KEPT = tuple(sorted({*STABLE, *LIPS_OUTER, *LIPS_INNER, *FACE_OVAL, *CHEEKS}))


class Square(NamedTuple):
    """A turned square of the picture: centre x, y and side in px; angle in radians, that of the line of the eyes."""

    x: float
    y: float
    side: float
    angle: float


def square_of_detection(face: Detection) -> Square:
    """Where the mesh looks at a freshly detected face: its box, square and 1.5 times as large."""
    x, y = (face.box[:2] + face.box[2:]) / 2
    side = 1.5 * float(max(face.box[2:] - face.box[:2]))
    dx, dy = face.points[1] - face.points[0]
    return Square(float(x), float(y), side, float(np.arctan2(dy, dx)))


def square_of_landmarks(landmarks: np.ndarray) -> Square:
    """Where the mesh looks next, given the face's landmarks (468, 2 or more) of the frame before."""
    points = landmarks[:, :2]
    dx, dy = points[LEFT_EYE[0]] - points[RIGHT_EYE[0]]
    angle = float(np.arctan2(dy, dx))
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    level = points @ turn  # as if the eyes were level
    low, high = level.min(0), level.max(0)
    x, y = turn @ ((low + high) / 2)
    return Square(float(x), float(y), 1.5 * float(max(high - low)), angle)


class FaceMesh:
    """MediaPipe's FaceMesh (Kartynnik et al., arXiv 1907.06724); its weights are in this package."""

    size = 192  # px, side of the network's input

    def __init__(self) -> None:
        self._network = Network("face_landmark.onnx")

    def landmarks(self, rgb: np.ndarray, where: Detection | Square | np.ndarray) -> tuple[np.ndarray, float]:
        """The mesh of the face at `where`: a detection, a square, or the landmarks of the frame before.

        rgb: (H, W, 3) uint8. Returns (468, 3) float32 (x, y in px of `rgb`, z in px too, smaller is nearer) and the
        probability 0..1 that there is a face.
        """
        if isinstance(where, Detection):
            where = square_of_detection(where)
        elif isinstance(where, np.ndarray):
            where = square_of_landmarks(where)
        to_image = self._to_image(where)
        pixels = _sample(rgb, to_image, self.size)
        points, logit = self._network(pixels.transpose(2, 0, 1)[None].astype(np.float32) / 255)
        found = points.reshape(-1, 3)
        flat = found[:, :2] @ to_image[:, :2].T + to_image[:, 2]
        depth = found[:, 2:] * (where.side / self.size)
        presence = 1 / (1 + np.exp(-np.clip(float(logit.reshape(-1)[0]), -80, 80)))
        return np.concatenate([flat, depth], 1).astype(np.float32), float(presence)

    def _to_image(self, square: Square) -> np.ndarray:
        """(2, 3): px of the network's input -> px of the picture."""
        step = square.side / self.size
        cos, sin = step * np.cos(square.angle), step * np.sin(square.angle)
        turn = np.array([[cos, -sin], [sin, cos]])
        shift = np.array([square.x, square.y]) - turn @ np.full(2, self.size / 2)
        return np.concatenate([turn, shift[:, None]], 1)


def _sample(rgb: np.ndarray, to_image: np.ndarray, size: int) -> np.ndarray:
    """The turned square as (size, size, 3) uint8; black outside the picture."""
    centred = to_image.copy()
    centred[:, 2] += to_image[:, :2] @ (0.5, 0.5) - 0.5  # OpenCV counts from the centres of pixels, we from their edges
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    return np.asarray(cv2.warpAffine(rgb, centred, (size, size), flags=flags))
