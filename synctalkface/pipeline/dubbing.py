"""The drawing of one result: which face says what, and the frames of any stretch of it.

M frames of the result, B frames drawn at once.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Generator, Iterator
from contextlib import closing
from itertools import groupby, islice
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from synctalkface.ahead import ahead
from synctalkface.clock import Timeline
from synctalkface.config import Config
from synctalkface.events import Listener, Progress
from synctalkface.faces.references import References
from synctalkface.models.generator import Heard, SyncTalkFace
from synctalkface.person import Followed, Hearing, Mouth, Place, Why, of_frames, stills
from synctalkface.pipeline.label import Label
from synctalkface.pipeline.stages import one_thread_each
from synctalkface.video import Frame, Video, read_sequence

BATCH = 8  # frames drawn at once
NOTHING: NDArray[np.float32] = np.empty(0, np.float32)
MOUTHS = 4  # of one role that are kept: shots often come back


class Role(NamedTuple):
    """One face of the clip, and what it is to say."""

    followed: Followed
    hearing: Hearing


class Face(NamedTuple):
    """One role in some frames of a batch, on its way through the stages."""

    role: int
    mouth: Mouth
    chosen: list[int]  # which frames of the batch
    shown: list[Frame]  # these frames
    places: list[Place]
    strengths: NDArray[np.float32]
    filmed: NDArray[np.uint8]  # cut out of them
    lower: NDArray[np.float32] = NOTHING  # generated for them

    def generated(self, heard: Heard) -> Face:
        """With the lower halves that say what is `heard`."""
        return self._replace(lower=self.mouth.generate(self.filmed, heard))


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
        self._mouths: OrderedDict[tuple[int, References], Mouth] = OrderedDict()  # by role, latest used last

    def __len__(self) -> int:
        return len(self.timeline.clock)

    def frames(self, begin: int = 0, stop: int | None = None) -> Iterator[Frame]:
        """The frames begin..stop of the result, drawn in batches.

        A stretch that begins at a multiple of BATCH is bit for bit that stretch of the whole. Three stages work at the
        same time: reading and cutting, generating, and, for whoever takes the frames, pasting (and encoding).
        """
        stop = len(self) if stop is None else stop
        with (
            one_thread_each(),
            closing(ahead(self._read(begin, stop))) as batches,
            closing(ahead(self._generated(batches))) as generated,
        ):
            for frames, faces in generated:
                for each in faces:
                    each.mouth.paste(each.shown, each.places, each.lower, each.filmed, each.strengths)
                yield from frames

    def _read(self, begin: int, stop: int) -> Iterator[tuple[int, list[Frame], list[Face]]]:
        """Batch after batch: the number of its first frame, its frames, and the faces cut out of them."""
        shown = read_sequence(self.clip, self.timeline.source[begin:stop])
        while batch := list(islice(shown, BATCH)):
            faces = [face for number in range(len(self.roles)) for face in self._cut(number, batch, begin)]
            yield begin, batch, faces
            begin += len(batch)

    def _generated(
        self, batches: Iterator[tuple[int, list[Frame], list[Face]]]
    ) -> Iterator[tuple[list[Frame], list[Face]]]:
        """The same with what each of the faces is to show."""
        for begin, batch, faces in batches:
            # all of the batch is heard, also where no face is: an exported track was computed alike
            moments = self.moments[begin : begin + len(batch)]
            heard = {number: self.roles[number].hearing.at(moments) for number in {face.role for face in faces}}
            yield batch, [face.generated(of_frames(heard[face.role], face.chosen)) for face in faces]

    def missing(self) -> NDArray[np.bool_]:
        """(M,) the frames of the result in which no face is given another mouth: they stay as filmed."""
        return np.asarray(self.reasons() != Why.DRAWN)

    def reasons(self) -> NDArray[np.uint8]:
        """(M,) why the frames of the result stay as filmed; Why.DRAWN if any of the roles is drawn."""
        sources = np.unique(self.timeline.source)
        each = np.array([[role.followed.why(int(source)) for source in sources] for role in self.roles], np.uint8)
        drawn = (each == Why.DRAWN).any(axis=0)
        why = np.where(drawn, np.uint8(Why.DRAWN), each.max(axis=0))  # to be there, and covered, says more than absent
        return why[np.searchsorted(sources, self.timeline.source)]

    def _cut(self, number: int, batch: list[Frame], begin: int) -> Iterator[Face]:
        """The faces of one role in the frames of `batch`, which are those from `begin` on, by their references."""
        followed = self.roles[number].followed
        sources = [int(source) for source in self.timeline.source[begin : begin + len(batch)]]
        drawn = [index for index, source in enumerate(sources) if followed.strength(source) > 0]
        for references, group in groupby(drawn, key=lambda index: followed.references_of(sources[index])):
            chosen = list(group)
            places = [place for index in chosen if (place := followed.at(sources[index])) is not None]
            strengths = np.array([followed.strength(sources[index]) for index in chosen], np.float32)
            shown = [batch[index] for index in chosen]
            mouth = self._mouth(number, references)
            yield Face(number, mouth, chosen, shown, places, strengths, mouth.cut(shown, places))

    def _mouth(self, number: int, references: References) -> Mouth:
        """That of one role, with the pixels of the source frames `references`."""
        key = (number, references)
        if key not in self._mouths:
            lent = references[: self.config.model.references]
            followed = self.roles[number].followed
            lending = stills(self.clip, followed, lent)
            self._mouths[key] = Mouth(self.model, self.config, lending, followed.articulation)
        self._mouths.move_to_end(key)
        while len(self._mouths) > MOUTHS * len(self.roles):
            self._mouths.popitem(last=False)
        return self._mouths[key]


def told(dubbing: Dubbing, plate: Label | None, on_progress: Listener, begin: int) -> Generator[Frame, None, None]:
    """The frames of the result from `begin` on, with the label; progress is told as they are taken."""
    started, total = time.monotonic(), len(dubbing)
    for done, frame in enumerate(dubbing.frames(begin), start=1):
        if plate:
            plate.put(frame)
        left = (time.monotonic() - started) / done * (total - begin - done)
        on_progress(Progress("dub", begin + done, total, left))
        yield frame
