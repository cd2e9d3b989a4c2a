"""Follow every face through a clip: where its landmarks are, frame by frame, in pixels of the full-size frame."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from synctalkface.errors import ConfigError
from synctalkface.faces.cuts import Cuts
from synctalkface.faces.detect import FaceDetector, find_detector, iou
from synctalkface.faces.likeness import ALIKE, MOST, agreement, portrait
from synctalkface.faces.mesh import FACE_OVAL, JAW, LIPS_INNER, LIPS_OUTER, NOSE_BRIDGE, NOSE_TIP, STABLE, FaceMesh

# The part of the mesh that is kept; `rows` finds a point of the mesh in it.
KEPT = tuple(sorted({*STABLE, *LIPS_OUTER, *LIPS_INNER, *FACE_OVAL, *JAW, *NOSE_BRIDGE, NOSE_TIP, 50, 280, 205, 425}))
_KEPT = np.array(KEPT)
_ROW = {index: row for row, index in enumerate(KEPT)}

LOST = 0.5  # mesh score below which a face is no longer seen
SAME = 0.5  # overlap from which two boxes are one face
PORTRAIT_EVERY = 25  # frames
PATIENCE = 25  # frames: how long every frame is searched for a face that was lost
SMALLEST = 12  # px of the frames given: faces below this are not followed


def rows(indices: Sequence[int]) -> list[int]:
    """The rows of a track's landmarks that hold these points of the mesh (each must be in KEPT)."""
    return [_ROW[index] for index in indices]


@dataclass(frozen=True, eq=False)
class FaceTrack:
    """One face through a clip of N frames.

    landmarks: (N, K, 2) float32, K = len(KEPT), px of the full-size frame (pixel i covers [i, i + 1)); NaN where the
    face was not seen. scores: (N,) float32, probability that the face is there; 0 where it was not seen.
    cuts: the frames that begin a new shot.
    """

    landmarks: np.ndarray
    scores: np.ndarray
    cuts: tuple[int, ...] = ()

    @property
    def seen(self) -> np.ndarray:
        """(N,) bool: the frames with landmarks."""
        return np.asarray(~np.isnan(self.landmarks[:, 0, 0]))

    @property
    def boxes(self) -> np.ndarray:
        """(N, 4) float32: x0 y0 x1 y1 around the landmarks, NaN where not seen."""
        return np.concatenate([self.landmarks.min(1), self.landmarks.max(1)], 1)

    @property
    def area(self) -> float:
        """Of the boxes, summed over the clip, in square px."""
        box = self.boxes[self.seen]
        return float(np.prod(box[:, 2:] - box[:, :2], axis=1).sum())

    @property
    def runs(self) -> list[tuple[int, int]]:
        """The stretches [start, stop) of one shot in which the face is seen without a break."""
        seen = self.seen
        begins = [i for i in np.flatnonzero(seen) if i == 0 or not seen[i - 1] or i in self.cuts]
        ends = [i + 1 for i in np.flatnonzero(seen) if i + 1 == len(seen) or not seen[i + 1] or i + 1 in self.cuts]
        return [(int(start), int(stop)) for start, stop in zip(begins, ends, strict=True)]


def track_faces(
    frames: Iterable[np.ndarray],
    scale: float = 1.0,
    detector: FaceDetector | None = None,
    mesh: FaceMesh | None = None,
    every: int = 10,
    most: int = 8,
    on_progress: Callable[[int], None] | None = None,
) -> list[FaceTrack]:
    """Follow the faces of `frames`; the `most` largest tracks (area summed over the clip), largest first.

    frames: (H, W, 3) uint8, read once and not kept. scale: px of the full-size frame for one px of `frames`.
    every: frames between two looks for new faces (each face is followed by its own mesh in between).
    on_progress: hears the number of frames done.
    """
    tracker = _Tracker(detector or find_detector(), mesh or FaceMesh(), every)
    for frame in frames:
        tracker.see(frame)
        if on_progress is not None:
            on_progress(tracker.count)
    return tracker.tracks(scale, most)


def choose(tracks: Sequence[FaceTrack], which: str = "largest") -> FaceTrack | None:
    """The track to work on, or None if there is none at all.

    which: "largest" (area summed over the clip), a rank by that measure ("1" is the largest), or a point "x,y" in px of
    the full-size frame: the face that lies nearest to it. Raises ConfigError if it is none of these.
    """
    ranked = sorted(tracks, key=lambda track: -track.area)
    if which != "largest" and not re.fullmatch(r"\d+|[\d.]+,[\d.]+", which):
        raise ConfigError(f"'{which}' names no face. Write largest, a number such as 2, or a point such as 640,200.")
    if not ranked or which == "largest":
        return ranked[0] if ranked else None
    if "," in which:
        point = np.array([float(part) for part in which.split(",")])
        return min(ranked, key=lambda track: _distance(track, point))
    if not 1 <= int(which) <= len(ranked):
        raise ConfigError(f"There is no face number {which}: the clip shows {len(ranked)}. Choose 1 to {len(ranked)}.")
    return ranked[int(which) - 1]


def _distance(track: FaceTrack, point: np.ndarray) -> float:
    """From `point` to the middle of the face, in face sizes, where the face comes nearest to it."""
    box = track.boxes[track.seen]
    size = np.linalg.norm(box[:, 2:] - box[:, :2], axis=1)
    return float((np.linalg.norm((box[:, :2] + box[:, 2:]) / 2 - point, axis=1) / size).min())


def bridge(track: FaceTrack, longest: int) -> FaceTrack:
    """`track` with gaps of at most `longest` frames filled in a straight line, never across a cut; scores stay 0."""
    landmarks = track.landmarks.copy()
    runs = track.runs
    for (_, left), (right, _) in pairwise(runs):
        if right - left <= longest and not any(left <= cut <= right for cut in track.cuts):
            share = (np.arange(left, right) - left + 1) / (right - left + 1)
            step = landmarks[right] - landmarks[left - 1]
            landmarks[left:right] = landmarks[left - 1] + share[:, None, None] * step
    return replace(track, landmarks=landmarks)


class _Follower:
    """A face that is being followed, or was: its last full mesh, and what is kept of each frame it was seen in."""

    def __init__(self) -> None:
        self.mesh = np.empty((0, 3), np.float32)
        self.frames: list[int] = []
        self.points: list[np.ndarray] = []
        self.scores: list[float] = []
        self.portraits: list[np.ndarray] = []
        self.area = 0.0

    @property
    def box(self) -> np.ndarray:
        """Around the last mesh: x0 y0 x1 y1."""
        flat = self.mesh[:, :2]
        return np.concatenate([flat.min(0), flat.max(0)])

    def add(self, frame: int, mesh: np.ndarray, score: float) -> None:
        """The face was seen in frame number `frame`."""
        self.mesh = mesh
        self.frames.append(frame)
        self.points.append(mesh[_KEPT, :2])
        self.scores.append(score)
        box = self.box
        self.area += float(np.prod(box[2:] - box[:2]))

    def remember(self, frame: np.ndarray) -> None:
        """Keep a portrait; of many, the first and the latest."""
        self.portraits.append(portrait(frame, self.mesh))
        if len(self.portraits) > MOST:
            del self.portraits[1]

    def track(self, count: int, scale: float, cuts: tuple[int, ...]) -> FaceTrack:
        """What was kept, spread over `count` frames and brought to the full-size frame."""
        landmarks = np.full((count, len(KEPT), 2), np.nan, np.float32)
        scores = np.zeros(count, np.float32)
        landmarks[self.frames] = np.stack(self.points) * np.float32(scale)
        scores[self.frames] = self.scores
        return FaceTrack(landmarks, scores, cuts)


class _Tracker:
    """What is known between two frames."""

    def __init__(self, detector: FaceDetector, mesh: FaceMesh, every: int) -> None:
        self.detector, self.mesh, self.every = detector, mesh, every
        self.count = 0  # frames seen
        self._cuts = Cuts()
        self._active: list[_Follower] = []
        self._lost: list[_Follower] = []  # of this shot: may come back where they went
        self._past: list[_Follower] = []  # of earlier shots

    def see(self, frame: np.ndarray) -> None:
        """Take the next frame, (H, W, 3) uint8."""
        if self._cuts.at(self.count, frame):
            self._past += self._active + self._lost
            self._active, self._lost = [], []
        for face in self._active:
            mesh, score = self.mesh.landmarks(frame, face.mesh)
            if score >= LOST and _inside(mesh, frame):
                face.add(self.count, mesh, score)
                if len(face.frames) % PORTRAIT_EVERY == 0:
                    face.remember(frame)
        self._part()
        waiting = any(self.count - face.frames[-1] <= PATIENCE for face in self._lost)
        if not self._active or waiting or self.count % self.every == 0:
            self._look(frame)
        self.count += 1

    def tracks(self, scale: float, most: int) -> list[FaceTrack]:
        """The `most` largest tracks, largest first."""
        found = sorted(self._past + self._lost + self._active, key=lambda face: -face.area)
        cuts = tuple(self._cuts.frames)
        return [face.track(self.count, scale, cuts) for face in found[:most]]

    def _part(self) -> None:
        """Those not seen in this frame are lost, and so is the younger of two that follow one face."""
        staying: list[_Follower] = []
        for face in sorted(self._active, key=lambda face: face.frames[0]):
            boxes = np.array([other.box for other in staying]).reshape(-1, 4)
            double = bool((iou(face.box, boxes) > SAME).any())
            seen = face.frames[-1] == self.count
            (staying if seen and not double else self._lost).append(face)
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
            face = self._known(centre, portrait(frame, mesh)) or _Follower()
            face.add(self.count, mesh, score)
            face.remember(frame)
            self._active.append(face)

    def _known(self, centre: np.ndarray, look: np.ndarray) -> _Follower | None:
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
