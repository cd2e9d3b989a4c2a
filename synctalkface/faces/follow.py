"""Follow faces from frame to frame: each by its own mesh, which begins where it was the frame before.

Where heads move evenly the mesh need not look at every frame: between two looks the points lie on a straight line. So
frames that it would not look at need not even come.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations, takewhile
from typing import NamedTuple

import numpy as np

from synctalkface.faces.cuts import Cuts
from synctalkface.faces.detect import FaceDetector, iou
from synctalkface.faces.followed import EVEN, NEARLY, Followed, box_of
from synctalkface.faces.likeness import ALIKE, agreement, portrait
from synctalkface.faces.mesh import FaceMesh
from synctalkface.faces.skin import Look, look, midway

LOST = 0.5  # mesh score below which a face is no longer seen
SAME = 0.5  # overlap from which two boxes are one face
PORTRAIT_EVERY = 25  # frames
PATIENCE = 25  # frames: how long every frame is searched for a face that was lost
CALM = 8  # frames: how long every face must have moved evenly before frames may be passed over
SMALLEST = 12  # px of the frames given: faces below this are not followed


class Shown(NamedTuple):
    """A frame and its number."""

    number: int
    rgb: np.ndarray  # (H, W, 3) uint8


class Over(NamedTuple):
    """A frame that was passed over."""

    number: int


Again = Callable[[int, int], list[np.ndarray]]  # the frames first..stop, of which some were passed over


def nothing_again(first: int, stop: int) -> list[np.ndarray]:
    """Of frames that all come, none is wanted again."""
    raise AssertionError(f"The frames {first}..{stop} were not passed over.")


@dataclass(frozen=True, eq=False)
class End:
    """Where a face has come to in a frame that the mesh looked at."""

    shown: Shown
    mesh: np.ndarray
    score: float

    @property
    def seen(self) -> bool:
        return self.score >= LOST and _inside(self.mesh, self.shown.rgb)

    @cached_property
    def look(self) -> Look:
        return look(self.shown.rgb, self.mesh)


class Follower:
    """Watches frame after frame, and knows the faces in them. `cuts`: where shots begin; `count`: frames seen.

    step: the mesh looks at one frame in so many where every face moves evenly, else at each. `again` gives frames that
    were passed over, where they are needed after all. After the last frame, `catch_up`.
    """

    def __init__(
        self, detector: FaceDetector, mesh: FaceMesh, every: int, step: int = 1, again: Again = nothing_again
    ) -> None:
        self.detector, self.mesh, self.every, self.step = detector, mesh, every, step
        self.count = 0
        self.cuts = Cuts()
        self._again = again
        self._waiting: list[Shown | Over] = []  # frames that are not followed through yet
        self._active: list[Followed] = []
        self._lost: list[Followed] = []  # of this shot: may come back where they went
        self._past: list[Followed] = []  # of earlier shots
        self._block = -1  # of `every` frames: the last that was searched
        self._uneven = 0  # the frame in which a face last moved unevenly
        self._sparse = False  # more frames were passed over at once than the mesh may go without

    @property
    def passing(self) -> bool:
        """Whether the next frames may be passed over where that costs less: all faces have moved evenly for a while."""
        calm = self.count - self._uneven > CALM and not self._missing(self.count)
        return self.step > 1 and calm and bool(self._active) and not self._sparse

    def see(self, frame: np.ndarray | None) -> None:
        """Take the next frame, (H, W, 3) uint8, or None if it was passed over."""
        over = len(list(takewhile(lambda one: isinstance(one, Over), reversed(self._waiting))))
        if frame is None:
            if self._waiting and not over and len(self._waiting) + 2 > self.step:
                self._settle()  # or the mesh would look too late
            self._waiting.append(Over(self.count))
        elif not over:
            self._take(Shown(self.count, frame))
        elif over < self.step and not self.cuts.between(frame):
            self._waiting.append(Shown(self.count, frame))
            self._move_on()
        else:  # which of them belongs to which shot, or how the head went, must be seen
            self._sparse = self._sparse or over >= self.step
            missed, self._waiting = self._waiting[-over:], self._waiting[:-over]
            for shown in (*self._fetched(missed), Shown(self.count, frame)):
                self._take(shown)
        self.count += 1

    def _take(self, shown: Shown) -> None:
        if self.cuts.at(shown.number, shown.rgb):
            self.catch_up()
            self._past += self._active + self._lost
            self._active, self._lost = [], []
        self._waiting.append(shown)
        self._move_on()

    def _move_on(self) -> None:
        """Follow through the waiting frames if the latest of them is one to look at."""
        if len(self._waiting) >= self.step or self._searched(self._waiting[-1].number):
            self._settle()

    def _settle(self) -> None:
        self._glide()
        self.catch_up()

    def catch_up(self) -> None:
        """Follow through every frame that was taken."""
        for shown in self._fetched(self._waiting):
            self._follow(shown)
        self._waiting = []

    def _fetched(self, frames: list[Shown | Over]) -> list[Shown]:
        """`frames`, with those that were passed over, as far as they can be had."""
        over = [one.number for one in frames if isinstance(one, Over)]
        if not over:
            return [one for one in frames if isinstance(one, Shown)]
        first = over[0]
        pictures = dict(enumerate(self._again(first, over[-1] + 1), first))
        pictures |= {one.number: one.rgb for one in frames if isinstance(one, Shown)}
        return [Shown(one.number, pictures[one.number]) for one in frames if one.number in pictures]

    @property
    def faces(self) -> list[Followed]:
        """All faces so far, largest (by area summed over the clip) first."""
        return sorted(self._past + self._lost + self._active, key=lambda face: -face.area)

    def _missing(self, number: int) -> bool:
        """Is somebody looked for in this frame who was seen not long before?"""
        return any(number - face.frames[-1] <= PATIENCE for face in self._lost)

    def _searched(self, number: int) -> bool:
        """Is this frame searched for faces that nobody follows?"""
        return not self._active or self._missing(number) or number // self.every > self._block

    def _follow(self, shown: Shown) -> None:
        for face in self._active:
            mesh, score = self.mesh.landmarks(shown.rgb, face.mesh)
            if score >= LOST and _inside(mesh, shown.rgb):
                self._add(face, shown, mesh, score, look(shown.rgb, mesh))
        self._part(shown.number)
        self._search(shown)

    def _add(self, face: Followed, shown: Shown, mesh: np.ndarray, score: float, seen: Look) -> None:
        face.add(shown.number, mesh, score, seen)
        if len(face.frames) - face.painted >= PORTRAIT_EVERY:
            face.remember(shown.rgb)

    def _glide(self) -> None:
        """Follow the faces through the waiting frames by what the last of them shows; those between only if need be."""
        *between, last = self._waiting
        if not isinstance(last, Shown):
            return
        faces = list(self._active)
        ends = [End(last, *self.mesh.landmarks(last.rgb, face.mesh)) for face in faces if between]
        if not ends or not all(end.seen for end in ends):
            return
        if any(_overlap(one.mesh, other.mesh) > SAME for one, other in combinations(ends, 2)):
            return
        missed = max(face.missed(last.number, end.mesh) for face, end in zip(faces, ends, strict=True))
        if missed > EVEN:
            self._uneven = last.number
        if missed > NEARLY:
            between = list(self._fetched(between))
        for one in between:
            if isinstance(one, Shown) and missed > EVEN:
                self._follow(one)
            else:
                self._between(one, ends)
        self._waiting = [last]
        if faces == self._active:
            for face, end in zip(faces, ends, strict=True):
                self._add(face, last, end.mesh, end.score, end.look)
            self._waiting = []
            self._search(last)

    def _between(self, one: Shown | Over, ends: list[End]) -> None:
        """Put the faces on a straight line to where they are at its `ends`."""
        for face, end in zip(self._active, ends, strict=True):
            share = np.float32((one.number - face.frames[-1]) / (end.shown.number - face.frames[-1]))
            mesh = face.mesh + share * (end.mesh - face.mesh)
            if isinstance(one, Shown):
                self._add(face, one, mesh, end.score, look(one.rgb, mesh))
            else:
                face.add(one.number, mesh, end.score, midway(face.looks[-1], end.look))

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
        self._block = number // self.every
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
