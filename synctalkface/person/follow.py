"""Where one person's face lies in each frame of a clip."""

from __future__ import annotations

import time
from bisect import bisect
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from synctalkface.errors import NoFaceError
from synctalkface.events import Listener, Progress, ignore
from synctalkface.faces.articulation import articulation
from synctalkface.faces.crop import CENTRE, align, steady
from synctalkface.faces.detect import FaceDetector
from synctalkface.faces.mesh import LIP_GAP, MOUTH_CORNERS, FaceMesh
from synctalkface.faces.pose import fit
from synctalkface.faces.references import References, openings
from synctalkface.faces.track import (
    TRACKING_SIDE,
    FaceTrack,
    bridge,
    choose,
    rows,
    step_at,
    track_faces,
    tracking_scale,
)
from synctalkface.person.reference import typical
from synctalkface.person.usable import Usable, Why, use
from synctalkface.video import Glances, Video

LONGEST_GAP = 0.4  # seconds without a face that are bridged


class Place(NamedTuple):
    """Where the face of one frame lies."""

    matrix: NDArray[np.float64]  # (2, 3): frame px -> crop coordinates
    landmarks: NDArray[np.float32]  # (K, 2) px, smoothed in time


class Followed(NamedTuple):
    """The chosen face through N frames of the source clip, from frame `first` on."""

    matrices: NDArray[np.float64]  # (N, 2, 3), NaN where it was not seen
    landmarks: NDArray[np.float32]  # (N, K, 2) px
    faces: int  # people in these frames
    first: int = 0
    cuts: tuple[int, ...] = ()  # frames of the clip that begin a new shot
    references: tuple[References, ...] = ()  # source frames that are the best references of each shot that has any
    usable: Usable | None = None  # None: wherever the face is seen
    articulation: float = 1.0  # how wide the person parts the lips (faces.articulation)

    def at(self, frame: int) -> Place | None:
        """Where the face lies in a source frame; None where it was not seen."""
        place = frame - self.first
        if not 0 <= place < len(self.matrices) or np.isnan(self.matrices[place, 0, 0]):
            return None
        return Place(self.matrices[place], self.landmarks[place])

    def why(self, frame: int) -> Why:
        """Whether a source frame is drawn, and if not, why."""
        if self.at(frame) is None:
            return Why.ABSENT
        return Why.DRAWN if self.usable is None else Why(int(self.usable.why[frame - self.first]))

    def strength(self, frame: int) -> float:
        """How much of the change is shown in a source frame, 0..1."""
        if self.at(frame) is None:
            return 0.0
        return 1.0 if self.usable is None else float(self.usable.strength[frame - self.first])

    def references_of(self, frame: int) -> References:
        """The source frames whose pixels are moved in `frame`: of its own shot if it has some, else the nearest."""
        if not self.references:
            return References(*[self.first + int(np.flatnonzero(~np.isnan(self.matrices[:, 0, 0]))[0])] * 2)
        own = [one for one in self.references if bisect(self.cuts, one.closed) == bisect(self.cuts, frame)]
        return min(own or self.references, key=lambda one: abs(one.closed - frame))


def follow(
    clip: Video,
    detector: FaceDetector,
    mesh: FaceMesh,
    face: str = "largest",
    first: int = 0,
    stop: int | None = None,
    on_progress: Listener = ignore,
) -> Followed:
    """Follow the face called `face` (see faces.track.choose) through the frames first..stop of `clip`.

    Raises NoFaceError if they show none.
    """
    tracks = find_all(clip, detector, mesh, first, stop, on_progress)
    return take(clip, tracks, choose(tracks, face), first)


def take(clip: Video, tracks: Sequence[FaceTrack], track: FaceTrack | None, first: int = 0) -> Followed:
    """One `track` of `tracks`, ready to be drawn on; they begin at frame `first` of `clip`.

    Raises NoFaceError if the track is None.
    """
    if track is None:
        raise NoFaceError(f"No face in {clip.named}. Choose a clip in which a face can be seen from the front.")
    rate = float(clip.clock.rate)
    track = bridge(track, round(LONGEST_GAP * rate))
    matrices, landmarks, pose = align(track, rate), steady(track, rate).landmarks, fit(track, CENTRE)
    usable = use(track, matrices, pose, rate)
    shots = typical(track, matrices, usable, pose).values()
    references = tuple(References(first + one.closed, first + one.parted) for one in shots)
    cuts = tuple(first + cut for cut in track.cuts)
    wide = articulation(_openings(track)[usable.why == Why.DRAWN])
    return Followed(matrices, landmarks, len(tracks), first, cuts, references, usable, wide)


def _openings(track: FaceTrack) -> NDArray[np.float64]:
    """The gap between the lips in widths of the mouth: (N,)."""
    lips, corners = (track.landmarks[:, rows(points)] for points in (LIP_GAP, MOUTH_CORNERS))
    return openings(lips, corners)


def find_all(
    clip: Video,
    detector: FaceDetector,
    mesh: FaceMesh,
    first: int = 0,
    stop: int | None = None,
    on_progress: Listener = ignore,
) -> list[FaceTrack]:
    """Every face in the frames first..stop of `clip`, the largest first."""
    stop = len(clip.clock) if stop is None else min(stop, len(clip.clock))
    total, started = stop - first, time.monotonic()

    def tell(done: int) -> None:
        left = (time.monotonic() - started) / done * (total - done) if total >= done else None
        on_progress(Progress("find faces", done, total, left))

    small = Glances(clip, TRACKING_SIDE, first, stop)
    step = step_at(float(clip.clock.rate))
    scale = tracking_scale(clip.width, clip.height)
    return track_faces(small, scale, detector, mesh, step=step, on_progress=tell)
