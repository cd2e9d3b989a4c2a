"""A face that sits for the atlas: one frame of the user's choice, drawn with the mouth of any address.

S slots, P side of a picture in px, K points of the lips.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from synctalkface.address import Shapes
from synctalkface.config import Config
from synctalkface.data import pack
from synctalkface.faces.crop import cut
from synctalkface.faces.detect import find_detector
from synctalkface.faces.lip_reader import LipReader
from synctalkface.faces.mesh import FaceMesh
from synctalkface.models.generator import SyncTalkFace
from synctalkface.person import Portrait, follow, stills
from synctalkface.video import probe

SIDE = 160  # px of the pictures
SEARCHED = 2.0  # s from the begin of the clip in which the face is looked for


class Sitter:
    """A frame of `clip` that shows the face called `face` with closed lips. Raises as person.follow and Portrait."""

    def __init__(
        self, model: SyncTalkFace, config: Config, clip: Path, face: str = "largest", shapes: Shapes | None = None
    ) -> None:
        video, mesh = probe(clip), FaceMesh()
        stop = round(SEARCHED * float(video.clock.rate)) + 1
        followed = follow(video, find_detector(), mesh, face, stop=stop)
        lent = stills(video, followed, followed.references_of(followed.first))
        frame, where = lent[0]
        self.slots = config.memory.slots
        self._portrait = Portrait(model, config, lent, shapes or {})
        self._matrix = pack.with_margin(where.matrix[None])[0]
        self._reader = LipReader(mesh)
        self.filmed = cut(frame.rgb(), (0, 0), self._matrix, SIDE)  # (P, P, 3)
        self._squares = self._reader.squares(self.filmed[None])

    def draw(self, address: NDArray[np.float32]) -> NDArray[np.uint8]:
        """The face with the mouth at `address` (S,), without sound: (P, P, 3)."""
        return cut(self._portrait.draw(address), (0, 0), self._matrix, SIDE)

    def draw_slot(self, slot: int) -> NDArray[np.uint8]:
        """The face with one slot addressed fully: (P, P, 3)."""
        return self.draw(one_slot(slot, self.slots))

    def rest(self) -> NDArray[np.float32]:
        """The address (S,) of silence."""
        return self._portrait.address({})

    def lips(self, picture: NDArray[np.uint8]) -> NDArray[np.float32]:
        """The lips in a picture that was drawn (P, P, 3): (K, 2) px."""
        found: NDArray[np.float32] = self._reader.lips(picture[None], self._squares)[0]
        return found


def one_slot(slot: int, slots: int) -> NDArray[np.float32]:
    """The address (S,) that reads one slot alone."""
    address = np.zeros(slots, np.float32)
    address[slot] = 1
    return address
