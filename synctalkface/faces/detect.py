"""Find the faces of one picture: the embedded BlazeFace, or InsightFace where the user has its models."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Protocol

import cv2
import numpy as np

from synctalkface.errors import ConfigError
from synctalkface.faces.networks import Network

Kind = Literal["auto", "embedded", "insightface"]
Warn = Callable[[str], None]

PACK_VARIABLE = "SYNCTALKFACE_INSIGHTFACE"
LICENCE_NOTE = (
    "InsightFace's models find the faces: they are licensed for non-commercial research only. "
    'Choose the "embedded" detector for any other use.'
)


@dataclass(frozen=True, eq=False)
class Detection:
    """One face of one picture, in pixels (pixel i covers [i, i + 1)).

    box: (4,) float32, x0 y0 x1 y1. points: (5, 2) float32, as seen by the camera from left to right on an upright face:
    the person's right eye, left eye, nose tip, right mouth corner, left mouth corner. score: 0..1.
    """

    box: np.ndarray
    points: np.ndarray
    score: float

    @property
    def area(self) -> float:
        """Of the box, in square pixels."""
        return float((self.box[2] - self.box[0]) * (self.box[3] - self.box[1]))


class FaceDetector(Protocol):
    """Anything that finds faces."""

    def detect(self, rgb: np.ndarray) -> list[Detection]:
        """The faces of `rgb` (H, W, 3) uint8, the largest first."""
        ...


def iou(box: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Intersection over union of `box` (4,) with each of `others` (N, 4) -> (N,)."""
    corner0 = np.maximum(box[:2], others[:, :2])
    corner1 = np.minimum(box[2:], others[:, 2:])
    shared = np.prod(np.clip(corner1 - corner0, 0, None), axis=1)
    areas = np.prod(others[:, 2:] - others[:, :2], axis=1)
    together = np.prod(box[2:] - box[:2]) + areas - shared
    return np.asarray(shared / np.maximum(together, 1e-9))


class BlazeFace:
    """MediaPipe's BlazeFace, full range (Bazarevsky et al., arXiv 1907.05047); its weights are in this package."""

    size = 192  # px, side of the network's input
    cells = 48  # anchors a side, one a cell

    def __init__(self, threshold: float = 0.5) -> None:
        self.threshold = threshold
        self._network = Network("face_detection_full_range.onnx")
        centres = (np.arange(self.cells) + 0.5) * (self.size / self.cells)
        self._anchors = np.stack(np.meshgrid(centres, centres), -1).reshape(-1, 2)  # (2304, 2) x, y in input px

    def detect(self, rgb: np.ndarray) -> list[Detection]:
        """See FaceDetector."""
        height, width = rgb.shape[:2]
        scale = self.size / max(height, width)
        small_width, small_height = max(1, round(width * scale)), max(1, round(height * scale))
        method = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
        canvas = np.full((self.size, self.size, 3), 127, np.uint8)
        left, top = (self.size - small_width) // 2, (self.size - small_height) // 2
        small = cv2.resize(rgb, (small_width, small_height), interpolation=method)
        canvas[top : top + small_height, left : left + small_width] = small
        values, logits = self._network(canvas.transpose(2, 0, 1)[None].astype(np.float32) / 127.5 - 1)
        scores = 1 / (1 + np.exp(-np.clip(logits[0, :, 0], -80, 80)))
        kept = scores > self.threshold
        faces = _merge(self._decode(values[0][kept], self._anchors[kept]), scores[kept])
        stretch = np.array([width / small_width, height / small_height])
        found = [_detection((points - (left, top)) * stretch, score) for points, score in faces]
        return sorted(found, key=lambda face: -face.area)

    @staticmethod
    def _decode(values: np.ndarray, anchors: np.ndarray) -> np.ndarray:
        """Raw boxes (N, 16) -> (N, 8, 2) in input px: two box corners, then BlazeFace's six points."""
        centre, half = values[:, :2] + anchors, values[:, 2:4] / 2
        points = values[:, 4:].reshape(-1, 6, 2) + anchors[:, None]
        return np.concatenate([(centre - half)[:, None], (centre + half)[:, None], points], 1)


def _merge(faces: np.ndarray, scores: np.ndarray, overlap: float = 0.3) -> list[tuple[np.ndarray, float]]:
    """Weighted non-maximum suppression: overlapping faces become their mean, weighted by score: steadier than the best.

    faces: (N, 8, 2), two box corners first. scores: (N,).
    """
    merged = []
    order = np.argsort(-scores)
    boxes = faces[:, :2].reshape(-1, 4)
    while order.size:
        same = iou(boxes[order[0]], boxes[order]) > overlap
        same[0] = True
        group = order[same]
        mean = np.average(faces[group], axis=0, weights=scores[group])
        merged.append((mean, float(scores[order[0]])))
        order = order[~same]
    return merged


def _detection(face: np.ndarray, score: float) -> Detection:
    """BlazeFace knows the mouth's centre only: its corners are put 0.38 eye distances to the sides."""
    corner0, corner1, right_eye, left_eye, nose, mouth = face[:6]
    aside = 0.38 * (left_eye - right_eye)
    points = np.stack([right_eye, left_eye, nose, mouth - aside, mouth + aside])
    return Detection(np.concatenate([corner0, corner1]).astype(np.float32), points.astype(np.float32), score)


class InsightFace:
    """The detector of a local InsightFace pack (SCRFD). Never downloads anything; `pack` is the pack's folder."""

    def __init__(self, pack: Path, warn: Warn | None = None, threshold: float = 0.5, size: int = 320) -> None:
        try:
            from insightface.model_zoo import model_zoo  # type: ignore[import-not-found, import-untyped, unused-ignore]
        except ImportError:
            raise ConfigError(
                "The InsightFace detector needs the package insightface. Run pip install insightface, "
                'or choose the "embedded" detector.'
            ) from None
        files = sorted(pack.glob("det_*.onnx"))
        if not files:
            raise ConfigError(f'{pack} holds no det_*.onnx. Put a pack there, or choose the "embedded" detector.')
        (warn or logging.getLogger(__name__).warning)(LICENCE_NOTE)
        self._model: Any = model_zoo.get_model(str(files[0]), providers=["CPUExecutionProvider"])
        self._model.prepare(ctx_id=-1, input_size=(size, size), det_thresh=threshold)

    def detect(self, rgb: np.ndarray) -> list[Detection]:
        """See FaceDetector."""
        boxes, points = self._model.detect(np.ascontiguousarray(rgb[:, :, ::-1]))  # it wants BGR
        pairs = zip(np.asarray(boxes, np.float32), np.asarray(points, np.float32), strict=True)
        found = [Detection(box[:4], five, float(box[4])) for box, five in pairs]
        return sorted(found, key=lambda face: -face.area)


def insightface_pack() -> Path | None:
    """The folder of the user's InsightFace pack, or None if there is none."""
    named = os.environ.get(PACK_VARIABLE)
    folder = Path(named) if named else Path.home() / ".insightface" / "models" / "buffalo_l"
    return folder if any(folder.glob("det_*.onnx")) else None


def find_detector(kind: Kind = "auto", warn: Warn | None = None) -> FaceDetector:
    """The detector called `kind`; "auto" takes InsightFace if its pack is on the disk, else the embedded one.

    `warn` hears the one sentence about InsightFace's licence. Raises ConfigError if the choice is impossible.
    """
    if kind not in ("auto", "embedded", "insightface"):
        raise ConfigError(f'There is no face detector "{kind}". Choose auto, embedded or insightface.')
    pack = None if kind == "embedded" else insightface_pack()
    if pack is None and kind == "insightface":
        raise ConfigError(
            "No InsightFace pack was found. Put buffalo_l into ~/.insightface/models, or name its folder in "
            f"{PACK_VARIABLE}."
        )
    if pack is None:
        return BlazeFace()
    return InsightFace(pack, warn)
