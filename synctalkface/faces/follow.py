"""Follow faces from frame to frame: each by its own mesh, which begins where it was the frame before.

Where heads move evenly the mesh need not look at every frame: between two looks the points lie on a straight line.
"""

from __future__ import annotations

from itertools import combinations
from typing import NamedTuple

import numpy as np

from synctalkface.faces.cuts import Cuts
from synctalkface.faces.detect import FaceDetector, iou
from synctalkface.faces.followed import Followed, box_of
from synctalkface.faces.likeness import ALIKE, agreement, portrait
from synctalkface.faces.mesh import FaceMesh
from synctalkface.faces.skin import look

LOST = 0.5  # mesh score below which a face is no longer seen
SAME = 0.5  # overlap from which two boxes are one face
PORTRAIT_EVERY = 25  # frames
PATIENCE = 25  # frames: how long every frame is searched for a face that was lost
SMALLEST = 12  # px of the frames given: faces below this are not followed


class Shown(NamedTuple):
    """A frame and its number."""

    number: int
    rgb: np.ndarray  # (H, W, 3) uint8


class Follower:
    """Watches frame after frame, and knows the faces in them. `cuts`: where shots begin; `count`: frames seen.

    step: the mesh looks at one frame in so many where every face moves evenly, else at each. After the last frame,
    `catch_up`.
    """

    def __init__(self, detector: FaceDetector, mesh: FaceMesh, every: int, step: int = 1) -> None:
        self.detector, self.mesh, self.every, self.step = detector, mesh, every, step
        self.count = 0
        self.cuts = Cuts()
        self._waiting: list[Shown] = []  # frames that are not followed through yet
        self._active: list[Followed] = []
        self._lost: list[Followed] = []  # of this shot: may come back where they went
        self._past: list[Followed] = []  # of earlier shots

    def see(self, frame: np.ndarray) -> None:
        """Take the next frame, (H, W, 3) uint8."""
        if self.cuts.at(self.count, frame):
            self.catch_up()
            self._past += self._active + self._lost
            self._active, self._lost = [], []
        self._waiting.append(Shown(self.count, frame))
        if len(self._waiting) >= self.step or self._searched(self.count):
            self._glide()
            self.catch_up()
        self.count += 1

    def catch_up(self) -> None:
        """Follow through every frame that was taken."""
        for shown in self._waiting:
            self._follow(shown)
        self._waiting = []

    @property
    def faces(self) -> list[Followed]:
        """All faces so far, largest (by area summed over the clip) first."""
        return sorted(self._past + self._lost + self._active, key=lambda face: -face.area)

    def _searched(self, number: int) -> bool:
        """Is this frame searched for faces that nobody follows?"""
        waiting = any(number - face.frames[-1] <= PATIENCE for face in self._lost)
        return not self._active or waiting or number % self.every == 0

    def _follow(self, shown: Shown) -> None:
        for face in self._active:
            mesh, score = self.mesh.landmarks(shown.rgb, face.mesh)
            if score >= LOST and _inside(mesh, shown.rgb):
                self._add(face, shown, mesh, score)
        self._part(shown.number)
        self._search(shown)

    def _add(self, face: Followed, shown: Shown, mesh: np.ndarray, score: float) -> None:
        face.add(shown.number, mesh, score, look(shown.rgb, mesh))
        if len(face.frames) % PORTRAIT_EVERY == 0:
            face.remember(shown.rgb)

    def _glide(self) -> None:
        """Follow the faces through the waiting frames by what the last of them shows; those between only if need be."""
        *between, last = self._waiting
        faces = list(self._active)
        ends = [self.mesh.landmarks(last.rgb, face.mesh) for face in faces if between]
        if not ends or not all(score >= LOST and _inside(mesh, last.rgb) for mesh, score in ends):
            return
        if any(_overlap(one, other) > SAME for (one, _), (other, _) in combinations(ends, 2)):
            return
        even = all(face.evenly(last.number, mesh) for face, (mesh, _) in zip(faces, ends, strict=True))
        for shown in between:
            if even:
                self._between(shown, last.number, ends)
            else:
                self._follow(shown)
        self._waiting = [last]
        if faces == self._active:
            for face, (mesh, score) in zip(faces, ends, strict=True):
                self._add(face, last, mesh, score)
            self._waiting = []
            self._search(last)

    def _between(self, shown: Shown, number: int, ends: list[tuple[np.ndarray, float]]) -> None:
        """Put the faces on a straight line to where they are in frame `number`."""
        for face, (mesh, score) in zip(self._active, ends, strict=True):
            share = np.float32((shown.number - face.frames[-1]) / (number - face.frames[-1]))
            self._add(face, shown, face.mesh + share * (mesh - face.mesh), score)

    def _part(self, number: int) -> None:
        """Those not seen in frame `number` are lost, and so is the younger of two that follow one face."""
        staying: list[Followed] = []
        for face in sorted(self._active, key=lambda face: face.frames[0]):
            boxes = np.array([other.box for other in staying]).reshape(-1, 4)
            seen = face.frames[-1] == number
            if seen and (iou(face.box, boxes) > SAME).any():
                face.forget()
                seen = False
            (staying if seen else self._lost).append(face)
        self._active = staying

    def _search(self, shown: Shown) -> None:
        """Where it is time to: detect, and follow from now on every face that nobody follows yet."""
        number, frame = shown
        if not self._searched(number):
            return
        for found in self.detector.detect(frame):
            centre = found.points[:3].mean(0)  # eyes and nose
            if any(_near(centre, face.box, 0.5) for face in self._active):
                continue
            mesh, _ = self.mesh.landmarks(frame, found)
            mesh, score = self.mesh.landmarks(frame, mesh)  # again, with the square that following will use
            if score < LOST or not _inside(mesh, frame):
                continue
            face = self._known(centre, portrait(frame, mesh)) or Followed()
            face.add(number, mesh, score, look(frame, mesh))
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


def _overlap(one: np.ndarray, other: np.ndarray) -> float:
    """Of the boxes around two meshes."""
    return float(iou(box_of(one), box_of(other)[None])[0])


def _inside(mesh: np.ndarray, frame: np.ndarray) -> bool:
    """Is the middle of the face in the picture, and the face larger than a speck?"""
    low, high = mesh[:, :2].min(0), mesh[:, :2].max(0)
    middle = (low + high) / 2
    return bool((middle >= 0).all() and (middle < frame.shape[1::-1]).all() and (high - low).min() >= SMALLEST)
