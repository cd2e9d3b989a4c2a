"""Who judges whether lips and sound belong together: a sync expert, ours or a published one, over a whole clip.

F frames, n samples, M moments, C channels of a feature, P side of a crop with its margin.
"""

from __future__ import annotations

from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from synctalkface.audio import log_mel
from synctalkface.config import Config
from synctalkface.inputs import lower, pictures, speech_chunk
from synctalkface.metrics import LARGEST_SHIFT, LipSyncError, lip_sync_error
from synctalkface.models.syncnet import SyncNet

WINDOW = 5  # frames a judge sees at once
BATCH = 64  # windows judged at once


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


class OwnJudge:
    """The sync expert that travels with the weights."""

    name = "own SyncNet"

    def __init__(self, net: SyncNet, config: Config) -> None:
        self.net, self.config = net.eval(), config
        self.sample_rate = config.audio.sample_rate

    def see(self, crops: NDArray[np.uint8]) -> Tensor:
        """See Judge."""
        edge = (crops.shape[1] - self.config.face.size) // 2
        inner = slice(edge, edge + self.config.face.size)
        faces = pictures(np.ascontiguousarray(crops[:, inner, inner]))
        windows = lower(faces).unfold(0, self.config.syncnet.frames, 1).movedim(-1, 1)  # (F - 4, 5, 3, S/2, S), a view
        device = next(self.net.parameters()).device
        with torch.no_grad():
            parts = [self.net.see(windows[i : i + BATCH].to(device)).cpu() for i in range(0, len(windows), BATCH)]
        return torch.cat(parts)

    def hear(self, waveform: NDArray[np.float32], moments: NDArray[np.float64]) -> Tensor:
        """See Judge."""
        mel, audio, steps = log_mel(waveform, self.config.audio), self.config.audio, self.config.syncnet.audio_steps
        device = next(self.net.parameters()).device
        parts = []
        with torch.no_grad():
            for begin in range(0, len(moments), BATCH):
                windows = [speech_chunk(mel, moments[i : i + 1], steps, audio).mel for i in _span(begin, len(moments))]
                parts.append(self.net.hear(torch.stack(windows).to(device)).cpu())
        return torch.cat(parts)


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


def _span(begin: int, end: int) -> range:
    return range(begin, min(begin + BATCH, end))
