"""One prepared clip with all that scoring needs: its crops with their margin, its sound, and new mouths put into them.

F frames, S side of the crop, P with its margin.
"""

from __future__ import annotations

from collections.abc import Iterator
from copy import copy
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from synctalkface.config import Config
from synctalkface.data import manifest, pack
from synctalkface.data.clip import Clip, unpacked
from synctalkface.data.corpora import Split
from synctalkface.data.dataset import Clips
from synctalkface.data.redraw import with_mouths
from synctalkface.errors import DataError
from synctalkface.faces.crop import mouth_mask


class Take:
    """The clip of `entry`, whose pack is `stored`, with the spectrogram that `config` asks for."""

    def __init__(self, stored: pack.Pack, entry: manifest.Entry, config: Config, size: int) -> None:
        self.clip: Clip = unpacked(stored, entry, config)
        self.clip.centres = self.clip.centres + entry.correction  # as in training: where sound and picture meet
        self.clips = Clips([self.clip], config, size)
        self.name, self.speaker = entry.identifier, entry.speaker
        self.stored, self.waveform = stored.crops, stored.waveform  # (F, P, P, 3), (n,)
        self.landmarks = stored.landmarks  # (F, K, 2), 0..1 inside the crop without its margin
        self.size, self.edge = size, (stored.crops.shape[1] - size) // 2

    @property
    def filmed(self) -> NDArray[np.uint8]:
        """(F, S, S, 3)."""
        return self.inner(self.stored)

    def inner(self, stored: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Stored crops (F, P, P, 3) without their margin: (F, S, S, 3)."""
        inside = slice(self.edge, self.edge + self.size)
        return np.ascontiguousarray(stored[:, inside, inside])

    def with_mouths(self, halves: Tensor) -> NDArray[np.uint8]:
        """The stored crops (F, P, P, 3) with lower halves (F, 3, S/2, S) of 0..1 put into them."""
        return with_mouths(self.stored, halves)

    def as_dubbed(self, crops: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """What a dub shows of drawn `crops` (F, P, P, 3): they are laid over the filmed ones, around mouth and chin."""
        upright, inside = np.eye(2, 3), slice(self.edge, self.edge + self.size)
        shown = self.stored.copy()
        for frame, drawn, points in zip(shown, crops, self.landmarks, strict=True):
            mask = mouth_mask(points, upright, self.size)[..., None]
            filmed = frame[inside, inside].astype(np.float32)
            frame[inside, inside] = np.rint(filmed + mask * (drawn[inside, inside] - filmed))
        return shown

    def part(self, frames: slice) -> Take:
        """The `frames` of the clip, with its whole sound, to score a part of it."""
        rest = copy(self)
        rest.stored, rest.landmarks = self.stored[frames], self.landmarks[frames]
        rest.clip = self.clip.part(frames.start, frames.stop)
        rest.clips = Clips([rest.clip], self.clips.config, self.size)
        return rest

    def held(self) -> NDArray[np.uint8]:
        """The stored crops (F, P, P, 3) with the mouth of the first reference in all of them."""
        changed = self.stored.copy()
        rows = slice(self.edge + self.size // 2, self.edge + self.size)
        lent = self.clip.references().closed
        changed[:, rows, self.edge : self.edge + self.size] = self.stored[lent, rows, self.edge : self.edge + self.size]
        return changed


def takes(folder: Path, split: Split | None, config: Config, limit: int | None = None) -> list[manifest.Entry]:
    """The entries of `split` (None: all) in the prepared `folder`; `limit` takes that many, spread. DataError."""
    book = manifest.load(folder)
    entries = [entry for _, entry in sorted(book.entries.items()) if split in (None, entry.split)]
    if not entries:
        raise DataError(f"{folder} holds no clip of the split '{split}'. Prepare more clips, or name another split.")
    if book.size != config.face.size:
        raise DataError(f"{folder} holds crops of {book.size} px, the model wants {config.face.size}. Prepare again.")
    if limit is not None and len(entries) > limit:
        entries = [entries[i] for i in np.linspace(0, len(entries) - 1, limit).round().astype(int)]
    return entries


def each(folder: Path, entries: list[manifest.Entry], config: Config) -> Iterator[Take]:
    """The clips of `entries`, one in memory at a time."""
    for entry in entries:
        yield Take(pack.load(folder / entry.file), entry, config, config.face.size)
