"""Several speeches as one sound: they begin together and sound together, without clipping."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import zip_longest
from pathlib import Path

import numpy as np

from synctalkface.video.bed import CEILING, CHANNELS, Sound, decoded, stored
from synctalkface.video.scratch import Scratch


@contextmanager
def together(speeches: Sequence[Path]) -> Iterator[Path]:
    """A file with the sound of all `speeches`, as long as the longest; of one, that file itself.

    Each keeps its loudness, unless their sum would clip: then all are made softer alike. Raises MediaError if one
    cannot be decoded.
    """
    if len(speeches) == 1:
        yield speeches[0]
        return
    with Scratch() as scratch:
        raw, peak = scratch.path / "speeches.raw", 0.0
        with raw.open("wb") as file:
            for blocks in zip_longest(*(decoded(speech, 0.0) for speech in speeches)):
                block = _sum([block for block in blocks if block is not None])
                peak = max(peak, float(np.abs(block).max()))
                file.write(block.astype("<f4").tobytes())
        yield stored(raw, min(1.0, CEILING / max(peak, 1e-9)), scratch.path / "speeches.mka", None)


def _sum(blocks: list[Sound]) -> Sound:
    """Of blocks that begin at the same sample, the last of a file being shorter."""
    total = np.zeros((max(map(len, blocks)), CHANNELS), np.float32)
    for block in blocks:
        total[: len(block)] += block
    return total
