"""Where one person's face lies in each frame of a clip."""

from __future__ import annotations

import time
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from synctalkface.errors import NoFaceError
from synctalkface.events import Listener, Progress, ignore
from synctalkface.faces.crop import align, steady
from synctalkface.faces.detect import FaceDetector
from synctalkface.faces.mesh import FaceMesh
from synctalkface.faces.track import FaceTrack, bridge, choose, track_faces
from synctalkface.person.reference import Glimpses, typical
from synctalkface.video import Video, read_small

TRACKING_SIDE = 640  # px: faces are followed on frames scaled down to this
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
    typical: int | None = None  # the source frame that is the best reference

    def at(self, frame: int) -> Place | None:
        """Where the face lies in a source frame; None where it was not seen."""
        place = frame - self.first
        if not 0 <= place < len(self.matrices) or np.isnan(self.matrices[place, 0, 0]):
            return None
        return Place(self.matrices[place], self.landmarks[place])

    @property
    def reference(self) -> int:
        """The source frame whose pixels are moved: the typical one, else the first that shows the face."""
        return (
            self.typical
            if self.typical is not None
            else self.first + int(np.flatnonzero(~np.isnan(self.matrices[:, 0, 0]))[0])
        )


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
    glimpses = Glimpses()
    tracks = find_all(clip, detector, mesh, first, stop, on_progress, glimpses)
    track = choose(tracks, face)
    if track is None:
        raise NoFaceError(f"No face in {clip.path}. Choose a clip in which a face can be seen from the front.")
    track = bridge(track, round(LONGEST_GAP * float(clip.clock.rate)))
    cuts = tuple(first + cut for cut in track.cuts)
    matrices, landmarks = align(track), steady(track).landmarks
    best = typical(glimpses, tracking_scale(clip), matrices, landmarks)
    return Followed(matrices, landmarks, len(tracks), first, cuts, None if best is None else first + best)


def find_all(
    clip: Video,
    detector: FaceDetector,
    mesh: FaceMesh,
    first: int = 0,
    stop: int | None = None,
    on_progress: Listener = ignore,
    glimpses: Glimpses | None = None,
) -> list[FaceTrack]:
    """Every face in the frames first..stop of `clip`, the largest first. `glimpses` keeps some of the frames."""
    stop = len(clip.clock) if stop is None else min(stop, len(clip.clock))
    total, started = stop - first, time.monotonic()

    def tell(done: int) -> None:
        left = (time.monotonic() - started) / done * (total - done) if total >= done else None
        on_progress(Progress("find faces", done, total, left))

    small = read_small(clip, TRACKING_SIDE, first, stop)
    seen = small if glimpses is None else glimpses.watch(small)
    return track_faces(seen, tracking_scale(clip), detector, mesh, on_progress=tell)


def tracking_scale(clip: Video) -> float:
    """Pixels of the full-size frame for one of the frames that faces are followed on."""
    return max(1.0, max(clip.width, clip.height) / TRACKING_SIDE)
