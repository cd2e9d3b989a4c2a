"""The sync expert that travels with the weights: it sees mouths and hears sounds, into one space where they meet.

F frames, n samples, M moments, C channels of a feature, P side of a crop with its margin.
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from synctalkface.audio import log_mel
from synctalkface.config import Config
from synctalkface.inputs import lower, pictures, speech_chunk
from synctalkface.models.syncnet import SyncNet

BATCH = 64  # windows judged at once


class OwnJudge:
    """A SyncNet, `net`, with the `config` that it was trained with."""

    name = "own SyncNet"

    def __init__(self, net: SyncNet, config: Config) -> None:
        self.net, self.config = net.eval(), config
        self.sample_rate = config.audio.sample_rate

    def see(self, crops: NDArray[np.uint8]) -> Tensor:
        """Face crops (F, P, P, 3), with a margin or without -> features (F - 4, C) of the frames with a full window."""
        edge = (crops.shape[1] - self.config.face.size) // 2
        inner = slice(edge, edge + self.config.face.size)
        faces = pictures(np.ascontiguousarray(crops[:, inner, inner]))
        windows = lower(faces).unfold(0, self.config.syncnet.frames, 1).movedim(-1, 1)  # (F - 4, 5, 3, S/2, S), a view
        device = next(self.net.parameters()).device
        with torch.no_grad():
            parts = [self.net.see(windows[i : i + BATCH].to(device)).cpu() for i in range(0, len(windows), BATCH)]
        return torch.cat(parts)

    def hear(self, waveform: NDArray[np.float32], moments: NDArray[np.float64]) -> Tensor:
        """Features (M, C) of the sound (n,) around `moments` (M,), seconds."""
        mel, audio, steps = log_mel(waveform, self.config.audio), self.config.audio, self.config.syncnet.audio_steps
        device = next(self.net.parameters()).device
        parts = []
        with torch.no_grad():
            for begin in range(0, len(moments), BATCH):
                windows = [speech_chunk(mel, moments[i : i + 1], steps, audio).mel for i in _span(begin, len(moments))]
                parts.append(self.net.hear(torch.stack(windows).to(device)).cpu())
        return torch.cat(parts)


def _span(begin: int, end: int) -> range:
    return range(begin, min(begin + BATCH, end))
