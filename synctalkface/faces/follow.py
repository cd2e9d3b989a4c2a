"""Follow faces from frame to frame: each by its own mesh, which begins where it was the frame before."""

from __future__ import annotations

import numpy as np

from synctalkface.faces.cuts import Cuts
from synctalkface.faces.detect import FaceDetector, iou
from synctalkface.faces.likeness import ALIKE, MOST, agreement, portrait
from synctalkface.faces.mesh import KEPT, FaceMesh
from synctalkface.faces.skin import Look, look

LOST = 0.5  # mesh score below which a face is no longer seen
SAME = 0.5  # overlap from which two boxes are one face
PORTRAIT_EVERY = 25  # frames
PATIENCE = 25  # frames: how long every frame is searched for a face that was lost
SMALLEST = 12  # px of the frames given: faces below this are not followed
_KEPT = np.array(KEPT)


class Followed:
    """A face that is being followed, or was: its last full mesh, and what is kept of each frame it was seen in.

    frames: the numbers of those frames. points: (K, 2) float32 of each, px. scores: of each, 0..1. looks: of each.
    """

    def __init__(self) -> None:
        self.mesh = np.empty((0, 3), np.float32)
        self.frames: list[int] = []
        self.points: list[np.ndarray] = []
        self.scores: list[float] = []
        self.looks: list[Look] = []
        self.portraits: list[np.ndarray] = []
        self.area = 0.0

    @property
    def box(self) -> np.ndarray:
        """Around the last mesh: x0 y0 x1 y1."""
        flat = self.mesh[:, :2]
        return np.concatenate([flat.min(0), flat.max(0)])

    def add(self, frame: int, mesh: np.ndarray, score: float, seen: Look) -> None:
        """The face was seen in frame number `frame`."""
        self.mesh = mesh
        self.frames.append(frame)
        self.points.append(mesh[_KEPT, :2])
        self.scores.append(score)
        self.looks.append(seen)
        box = self.box
        self.area += float(np.prod(box[2:] - box[:2]))

    def forget(self) -> None:
        """The latest frame showed somebody else."""
        for past in (self.frames, self.points, self.scores, self.looks):
            del past[-1]

    def remember(self, frame: np.ndarray) -> None:
        """Keep a portrait; of many, the first and the latest."""
        self.portraits.append(portrait(frame, self.mesh))
        if len(self.portraits) > MOST:
            del self.portraits[1]


class Follower:
    """Watches frame after frame, and knows the faces in them. `cuts`: where shots begin; `count`: frames seen."""

    def __init__(self, detector: FaceDetector, mesh: FaceMesh, every: int) -> None:
        self.detector, self.mesh, self.every = detector, mesh, every
        self.count = 0
        self.cuts = Cuts()
        self._active: list[Followed] = []
        self._lost: list[Followed] = []  # of this shot: may come back where they went
        self._past: list[Followed] = []  # of earlier shots

    def see(self, frame: np.ndarray) -> None:
        """Take the next frame, (H, W, 3) uint8."""
        if self.cuts.at(self.count, frame):
            self._past += self._active + self._lost
            self._active, self._lost = [], []
        for face in self._active:
            mesh, score = self.mesh.landmarks(frame, face.mesh)
            if score >= LOST and _inside(mesh, frame):
                face.add(self.count, mesh, score, look(frame, mesh))
                if len(face.frames) % PORTRAIT_EVERY == 0:
                    face.remember(frame)
        self._part()
        waiting = any(self.count - face.frames[-1] <= PATIENCE for face in self._lost)
        if not self._active or waiting or self.count % self.every == 0:
            self._look(frame)
        self.count += 1

    @property
    def faces(self) -> list[Followed]:
        """All faces so far, largest (by area summed over the clip) first."""
        return sorted(self._past + self._lost + self._active, key=lambda face: -face.area)

    def _part(self) -> None:
        """Those not seen in this frame are lost, and so is the younger of two that follow one face."""
        staying: list[Followed] = []
        for face in sorted(self._active, key=lambda face: face.frames[0]):
            boxes = np.array([other.box for other in staying]).reshape(-1, 4)
            seen = face.frames[-1] == self.count
            if seen and (iou(face.box, boxes) > SAME).any():
                face.forget()
                seen = False
            (staying if seen else self._lost).append(face)
        self._active = staying

    def _look(self, frame: np.ndarray) -> None:
        """Detect, and follow from now on every face that nobody follows yet."""
        for found in self.detector.detect(frame):
            centre = found.points[:3].mean(0)  # eyes and nose
            if any(_near(centre, face.box, 0.5) for face in self._active):
                continue
            mesh, _ = self.mesh.landmarks(frame, found)
            mesh, score = self.mesh.landmarks(frame, mesh)  # again, with the square that following will use
            if score < LOST or not _inside(mesh, frame):
                continue
            face = self._known(centre, portrait(frame, mesh)) or Followed()
            face.add(self.count, mesh, score, look(frame, mesh))
            face.remember(frame)
            self._active.append(face)

    def _known(self, centre: np.ndarray, look: np.ndarray) -> Followed | None:
        """The face that was lost near `centre`, else one that looked alike; taken off the list of those away."""
        near = [face for face in self._lost if _near(centre, face.box, 1.0)]
        away = near or self._lost + self._past
        best = max(away, key=lambda face: agreement(look, face.portraits), default=None)
        if best is None or not (near or agreement(look, best.portraits) >= ALIKE):
            return None
        (self._lost if best in self._lost else self._past).remove(best)
        return best


def _near(point: np.ndarray, box: np.ndarray, reach: float) -> bool:
    """Is `point` within `reach` box sizes of the middle of `box`? 0.5: inside."""
    middle, size = (box[:2] + box[2:]) / 2, box[2:] - box[:2]
    return bool((np.abs(point - middle) <= reach * size).all())


def _inside(mesh: np.ndarray, frame: np.ndarray) -> bool:
    """Is the middle of the face in the picture, and the face larger than a speck?"""
    low, high = mesh[:, :2].min(0), mesh[:, :2].max(0)
    middle = (low + high) / 2
    return bool((middle >= 0).all() and (middle < frame.shape[1::-1]).all() and (high - low).min() >= SMALLEST)
