"""What is known of one face that is being followed: where it was, how it looked, how it moves."""

from __future__ import annotations

import numpy as np

from synctalkface.faces.likeness import MOST, portrait
from synctalkface.faces.mesh import KEPT
from synctalkface.faces.skin import Look

# How far a straight line may miss the way of a head, in face sizes: the mesh itself trembles so much
EVEN = 0.002
NEARLY = 0.004  # and where the frame on the way was passed over
_KEPT = np.array(KEPT)


class Followed:
    """A face that is being followed, or was: its last full mesh, and what is kept of each frame it was seen in.

    frames: the numbers of those frames. points: (K, 2) float32 of each, px. scores: of each, 0..1. looks: of each.
    """

    def __init__(self) -> None:
        self.mesh = np.empty((0, 3), np.float32)
        self.speed: np.ndarray | None = None  # px a frame of each point on the way to `mesh`; None: seen once only
        self.frames: list[int] = []
        self.points: list[np.ndarray] = []
        self.scores: list[float] = []
        self.looks: list[Look] = []
        self.portraits: list[np.ndarray] = []
        self.painted = 0  # frames it had been seen in when the latest of these was made
        self.area = 0.0

    @property
    def box(self) -> np.ndarray:
        """Around the last mesh: x0 y0 x1 y1."""
        return box_of(self.mesh)

    def add(self, frame: int, mesh: np.ndarray, score: float, seen: Look) -> None:
        """The face was seen in frame number `frame`."""
        self.speed = (mesh - self.mesh) / (frame - self.frames[-1]) if self.frames else None
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

    def missed(self, frame: int, mesh: np.ndarray) -> float:
        """How far off a straight line to where the face is in `frame` lies, in face sizes, as its speed before tells.

        Infinite if that is not known.
        """
        if self.speed is None:
            return float("inf")
        steps = frame - self.frames[-1]
        change = (mesh - self.mesh) / steps - self.speed  # of speed; a parabola leaves its chord by an eighth of that
        missed = np.median(np.linalg.norm(change[:, :2], axis=1)) * steps / 8
        box = self.box
        return float(missed / (box[2:] - box[:2]).max())

    def remember(self, frame: np.ndarray) -> None:
        """Keep a portrait; of many, the first and the latest."""
        self.portraits.append(portrait(frame, self.mesh))
        self.painted = len(self.frames)
        if len(self.portraits) > MOST:
            del self.portraits[1]


def box_of(mesh: np.ndarray) -> np.ndarray:
    """Around `mesh` (468, 2 or more): x0 y0 x1 y1."""
    flat = mesh[:, :2]
    return np.concatenate([flat.min(0), flat.max(0)])
