"""Follow every face through a clip: where its landmarks are, frame by frame, in pixels of the full-size frame."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Protocol, runtime_checkable

import numpy as np

from synctalkface.errors import ConfigError
from synctalkface.faces.detect import FaceDetector, find_detector
from synctalkface.faces.follow import Follower, nothing_again
from synctalkface.faces.followed import Followed
from synctalkface.faces.mesh import KEPT, FaceMesh

# s: two looks at a face that moves evenly lie so far apart at most. What comes of them is smoothed with a Gaussian of
# faces.crop.STEADY, 0.08 s, which lets through a hundredth of what moves too fast to be seen twelve times a second.
LOOKS = 0.081
TRACKING_SIDE = 640  # px: the longer side of the frames that faces are followed on
_ROW = {index: row for row, index in enumerate(KEPT)}


def rows(indices: Sequence[int]) -> list[int]:
    """The rows of a track's landmarks that hold these points of the mesh (each must be in KEPT)."""
    return [_ROW[index] for index in indices]


@dataclass(frozen=True, eq=False)
class FaceTrack:
    """One face through a clip of N frames.

    landmarks: (N, K, 2) float32, K = len(KEPT), px of the full-size frame (pixel i covers [i, i + 1)); NaN where the
    face was not seen. scores: (N,) float32, probability that the face is there; 0 where it was not seen.
    cuts: the frames that begin a new shot. colours: (N, P + U, 3) uint8 and sharpness: (N,) float32, how the lower face
    looks (see faces.skin), 0 where it was not seen; None where that is not known.
    """

    landmarks: np.ndarray
    scores: np.ndarray
    cuts: tuple[int, ...] = ()
    colours: np.ndarray | None = None
    sharpness: np.ndarray | None = None

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


@runtime_checkable
class Passing(Protocol):
    """Frames of which some may be passed over while `passing` is set: then None comes in their place."""

    passing: bool

    def __iter__(self) -> Iterator[np.ndarray | None]: ...

    def again(self, first: int, stop: int) -> list[np.ndarray]:
        """The frames first..stop, counted from the first that came: all of them."""


def track_faces(
    frames: Iterable[np.ndarray] | Passing,
    scale: float = 1.0,
    detector: FaceDetector | None = None,
    mesh: FaceMesh | None = None,
    every: int = 10,
    most: int = 8,
    step: int = 1,
    on_progress: Callable[[int], None] | None = None,
) -> list[FaceTrack]:
    """Follow the faces of `frames`; the `most` largest tracks (area summed over the clip), largest first.

    frames: (H, W, 3) uint8, read once and not kept; told when some may be passed over, if they can be.
    scale: px of the full-size frame for one px of `frames`.
    every: frames between two looks for new faces (each face is followed by its own mesh in between).
    step: frames from one look of that mesh to the next while all faces move evenly; in between their points lie on a
    straight line.
    on_progress: hears the number of frames done.
    """
    passing = frames if isinstance(frames, Passing) else None
    follower = Follower(
        detector or find_detector(), mesh or FaceMesh(), every, step, passing.again if passing else nothing_again
    )
    for frame in frames:
        follower.see(frame)
        if passing is not None:
            passing.passing = follower.passing
        if on_progress is not None:
            on_progress(follower.count)
    follower.catch_up()
    cuts = tuple(follower.cuts.frames)
    return [_spread(face, follower.count, scale, cuts) for face in follower.faces[:most]]


def tracking_scale(width: int, height: int) -> float:
    """Px of a full-size frame of `width` x `height` px for one of the frames that faces are followed on."""
    return max(1.0, max(width, height) / TRACKING_SIDE)


def step_at(rate: float) -> int:
    """The `step` of `track_faces` at `rate` frames a second: one for clips that teach and clips that are dubbed."""
    return max(1, int(LOOKS * rate))


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


def _spread(face: Followed, count: int, scale: float, cuts: tuple[int, ...]) -> FaceTrack:
    """What was kept of a face, laid out over `count` frames and brought to the full-size frame."""
    landmarks = np.full((count, len(KEPT), 2), np.nan, np.float32)
    scores = np.zeros(count, np.float32)
    landmarks[face.frames] = np.stack(face.points) * np.float32(scale)
    scores[face.frames] = face.scores
    colours = np.zeros((count, *face.looks[0].colours.shape), np.uint8)
    sharpness = np.zeros(count, np.float32)
    colours[face.frames] = np.stack([seen.colours for seen in face.looks])
    sharpness[face.frames] = [seen.sharpness for seen in face.looks]
    return FaceTrack(landmarks, scores, cuts, colours, sharpness)
