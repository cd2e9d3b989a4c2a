"""Who is in a clip: each face with its number, to choose from."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from synctalkface.errors import NoFaceError
from synctalkface.faces.crop import CENTRE
from synctalkface.faces.pose import fit
from synctalkface.faces.track import FaceTrack
from synctalkface.video import Box, Video, read_frames


class Person(NamedTuple):
    """One face of a clip."""

    number: int  # from 1, the largest over the clip: str(number) is what `dub` takes as `face`
    box: Box | None  # around the face in the cast's picture, px; None where it is not seen there
    first: float  # second in which it is first seen
    seconds: float  # for how long it is seen in all
    size: float = 0.0  # px, the height of the face: the median over the frames that show it
    turned: float = 0.0  # degrees by which the head is turned aside: the median; 0 is frontal
    speaking: float | None = None  # how well the mouth fits the clip's own sound, in standard errors; None: not asked
    speaker: bool = False  # the one of all whose mouth fits best


class Cast(NamedTuple):
    """The people of a clip, and one picture of it: the first frame of those that show the most of them."""

    picture: NDArray[np.uint8]  # (H, W, 3) RGB
    second: float  # where in the clip the picture is
    people: tuple[Person, ...]


def introduce(clip: Video, tracks: Sequence[FaceTrack]) -> Cast:
    """The people whose faces are in `tracks`, as `find_all` gives them. NoFaceError if there are none."""
    if not tracks:
        raise NoFaceError(f"No face in {clip.named}. Choose a clip in which a face can be seen from the front.")
    tracks = sorted(tracks, key=lambda track: -track.area)
    seen = np.stack([track.seen for track in tracks])  # (people, N)
    shown = int(seen.sum(0).argmax())
    lengths = clip.clock.lengths[: seen.shape[1]]
    people = tuple(
        Person(
            number=number,
            box=_box(track, shown, clip),
            first=float(clip.clock.starts[int(row.argmax())]),
            seconds=float(lengths[row].sum()),
            size=float(np.median(np.diff(track.boxes[row][:, 1::2]))),
            turned=float(np.median(np.abs(fit(track, CENTRE).yaw[row]))),
        )
        for number, (track, row) in enumerate(zip(tracks, seen, strict=True), start=1)
    )
    return Cast(next(read_frames(clip, shown, shown + 1)).rgb(), float(clip.clock.starts[shown]), people)


def with_speaker(cast: Cast, scores: Sequence[float]) -> Cast:
    """`cast`, told how well each of its people fits the clip's own sound: in the order of their numbers."""
    best = max(scores)
    heard = zip(cast.people, scores, strict=True)
    return cast._replace(
        people=tuple(person._replace(speaking=score, speaker=score == best) for person, score in heard)
    )


def _box(track: FaceTrack, frame: int, clip: Video) -> Box | None:
    if not track.seen[frame]:
        return None
    x0, y0, x1, y1 = (round(float(value)) for value in track.boxes[frame])
    return max(0, x0), max(0, y0), min(clip.width, x1), min(clip.height, y1)
