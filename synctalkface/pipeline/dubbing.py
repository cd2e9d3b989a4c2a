"""The drawing of one result: which face says what, and the frames of any stretch of it.

M frames of the result, B frames drawn at once.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from synctalkface.clock import Timeline
from synctalkface.config import Config
from synctalkface.models.generator import SyncTalkFace
from synctalkface.person import Followed, Hearing, Mouth, of_frames
from synctalkface.video import Frame, Video, read_frames, read_sequence

BATCH = 8  # frames drawn at once


class Role(NamedTuple):
    """One face of the clip, and what it is to say."""

    followed: Followed
    hearing: Hearing


class Dubbing:
    """All that is needed to draw any frame of a result. `moments` (M,): the second that is heard at each frame."""

    def __init__(
        self,
        model: SyncTalkFace,
        config: Config,
        clip: Video,
        timeline: Timeline,
        roles: list[Role],
        moments: NDArray[np.float64],
    ) -> None:
        self.model, self.config, self.clip, self.timeline = model, config, clip, timeline
        self.roles, self.moments = roles, moments
        self._mouths: dict[int, Mouth] = {}

    def __len__(self) -> int:
        return len(self.timeline.clock)

    def frames(self, begin: int = 0, stop: int | None = None) -> Iterator[Frame]:
        """The frames begin..stop of the result, drawn in batches.

        A stretch that begins at a multiple of BATCH is bit for bit that stretch of the whole.
        """
        stop = len(self) if stop is None else stop
        shown = read_sequence(self.clip, self.timeline.source[begin:stop])
        while batch := list(islice(shown, BATCH)):
            for number in range(len(self.roles)):
                self._draw(number, batch, begin)
            yield from batch
            begin += len(batch)

    def missing(self) -> NDArray[np.bool_]:
        """(M,) the frames of the result in which none of the faces is seen: they stay as filmed."""
        sources = self.timeline.source
        return np.array([all(role.followed.at(int(s)) is None for role in self.roles) for s in sources])

    def _draw(self, number: int, batch: list[Frame], begin: int) -> None:
        """Change the mouth of one role in the frames of `batch`, which are those from `begin` on."""
        followed, hearing = self.roles[number]
        places = [followed.at(int(source)) for source in self.timeline.source[begin : begin + len(batch)]]
        seen = [index for index, place in enumerate(places) if place is not None]
        if not seen:
            return
        # all of the batch is heard, also where no face is: an exported track was computed alike
        heard = of_frames(hearing.at(self.moments[begin : begin + len(batch)]), seen)
        self._mouth(number).draw([batch[index] for index in seen], [p for p in places if p is not None], heard)

    def _mouth(self, number: int) -> Mouth:
        if number not in self._mouths:
            followed = self.roles[number].followed
            where = followed.at(followed.reference)
            assert where is not None  # noqa: S101 (it is a frame in which the face was found)
            reference = next(read_frames(self.clip, followed.reference, followed.reference + 1))
            self._mouths[number] = Mouth(self.model, self.config, reference, where)
        return self._mouths[number]
