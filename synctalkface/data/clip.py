"""One prepared clip in memory. F frames, P side of a stored crop, K lip landmarks, T mel steps."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from synctalkface.audio import log_mel
from synctalkface.config import Config
from synctalkface.data import manifest, pack
from synctalkface.data.articulate import Mouths
from synctalkface.faces.articulation import articulation
from synctalkface.faces.mesh import FACE_OVAL, LIP_GAP, LIPS_INNER, LIPS_OUTER, MOUTH_CORNERS
from synctalkface.faces.references import References, choose, openings
from synctalkface.faces.track import rows

_LIPS = LIPS_OUTER + LIPS_INNER
_GAP, _CORNERS = ([_LIPS.index(point) for point in points] for points in (LIP_GAP, MOUTH_CORNERS))


@dataclass
class Clip:
    """One clip in memory."""

    identifier: str
    speaker: str
    crops: NDArray[np.uint8]  # (F, P, P, 3)
    mel: NDArray[np.float32]  # (bands, T)
    centres: NDArray[np.float64]  # (F,) seconds
    lips: NDArray[np.float32]  # (F, K, 2) crop units
    frame_rate: float
    outline: NDArray[np.float32]  # (F, K', 2) crop units: of the face

    def mouths(self, frames: slice | NDArray[np.int64]) -> Mouths:
        """Where the mouth lies in some of the crops, in crop units."""
        return Mouths(self.lips[frames][:, _GAP], self.lips[frames][:, _CORNERS])

    def part(self, begin: int, end: int | None = None) -> Clip:
        """The frames [begin, end); what is heard stays the whole."""
        frames = slice(begin, end)
        return replace(
            self,
            crops=self.crops[frames],
            centres=self.centres[frames],
            lips=self.lips[frames],
            outline=self.outline[frames],
        )

    @property
    def openings(self) -> NDArray[np.float64]:
        """The gap between the lips in widths of the mouth: (F,)."""
        return openings(self.lips[:, _GAP], self.lips[:, _CORNERS])

    def references(self) -> References:
        """The frames that lend their pixels in use."""
        return choose(self.lips[:, _GAP], self.lips[:, _CORNERS])

    def articulation(self) -> float:
        """How wide the lips part."""
        return articulation(self.openings)


def read(folder: Path, entry: manifest.Entry, config: Config) -> Clip:
    """One prepared clip with the spectrogram that `config` asks for. Raises DataError if its pack is damaged."""
    return unpacked(pack.load(folder / entry.file), entry, config)


def unpacked(stored: pack.Pack, entry: manifest.Entry, config: Config) -> Clip:
    """The clip in a pack that has been read, with the spectrogram that `config` asks for."""
    mel = log_mel(stored.waveform, config.audio).numpy()
    lips, outline = (stored.landmarks[:, rows(points)] for points in (_LIPS, FACE_OVAL))
    return Clip(entry.identifier, entry.speaker, stored.crops, mel, stored.centres, lips, entry.frame_rate, outline)
