"""Who judges whether lips and sound belong together: a sync expert, ours or a published one, over a whole clip.

F frames, n samples, M moments, C channels of a feature, P side of a crop with its margin.
"""

from __future__ import annotations

from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from synctalkface.metrics import LARGEST_SHIFT, LipSyncError, lip_sync_error

WINDOW = 5  # frames a judge sees at once


class Judge(Protocol):
    """A pair of encoders into one space, where mouths and the sound they made lie close."""

    name: str
    sample_rate: int  # of the waveform it hears

    def see(self, crops: NDArray[np.uint8]) -> Tensor:
        """Aligned face crops with their margin (F, P, P, 3) -> features (F - 4, C) of the frames with a full window."""
        ...

    def hear(self, waveform: NDArray[np.float32], moments: NDArray[np.float64]) -> Tensor:
        """Features (M, C) of the sound (n,) around `moments` (M,), seconds."""
        ...


def measure(
    judge: Judge,
    seen: Tensor,
    waveform: NDArray[np.float32],
    centres: NDArray[np.float64],
    frame_rate: float,
    largest: int = LARGEST_SHIFT,
) -> LipSyncError:
    """LSE-D, LSE-C and offset of mouths `seen` (F - 4, C) in a clip of F frames at `centres` (F,) seconds."""
    return lip_sync_error(seen, listen(judge, waveform, centres, frame_rate, largest))


def listen(
    judge: Judge,
    waveform: NDArray[np.float32],
    centres: NDArray[np.float64],
    frame_rate: float,
    largest: int = LARGEST_SHIFT,
) -> Tensor:
    """What is heard at every shift of the sound, (2 * largest + 1, F - 4, C), shift -largest first."""
    half = WINDOW // 2
    around = np.arange(half - largest, len(centres) - half + largest)
    inside = around.clip(0, len(centres) - 1)
    heard = judge.hear(waveform, centres[inside] + (around - inside) / frame_rate)  # each sound once, for all shifts
    return heard.unfold(0, len(centres) - 2 * half, 1).movedim(-1, 1)
