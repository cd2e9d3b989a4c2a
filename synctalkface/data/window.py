"""What a step of training is given: windows of clips for the generator, pairs of lips and sound for the sync expert."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor


class Window(NamedTuple):
    """B windows of F target frames; the lip encoder sees `reach` frames more on each side."""

    faces: Tensor  # (B, F + 2 * reach, 3, S, S), 0..1
    seen: Tensor  # the same before they were articulated: what the lip encoder sees
    references: Tensor  # (B, K, 3, S, S)
    mel: Tensor  # (B, bands, L)
    starts: Tensor  # (B, F)
    sync_mel: Tensor  # (B, bands, sync steps): what the sync expert hears at the middle target frame
    mouth: Tensor  # (B, F, 1, S/2, S): 1 around the lips, 0 far from them
    articulation: Tensor  # (B,) how many times as far as the memory has it the lips part


class SyncBatch(NamedTuple):
    """N = clips x windows pairs in sync; windows of one clip are each other's hard negatives."""

    faces: Tensor  # (N, frames, 3, S/2, S)
    mel: Tensor  # (N, bands, steps)
    clip: Tensor  # (N,) which clip of the batch
    seconds: Tensor  # (N,) where in it


def stacked(windows: list[Window]) -> Window:
    """Windows of one as a batch."""
    return Window(*(torch.cat(column) for column in zip(*windows, strict=True)))


def mouth_weight(lips: NDArray[np.float32], size: int) -> Tensor:
    """Lip landmarks (F, K, 2) in crop units -> (F, 1, size/2, size): a soft ellipse around the mouth."""
    low, high = lips.min(axis=1), lips.max(axis=1)  # (F, 2)
    centre, width = (low + high) / 2, high[:, 0] - low[:, 0]
    across, down = 0.7 * width + 0.02, 0.5 * width + 0.5 * (high - low)[:, 1] * 0.5 + 0.02
    x = (np.arange(size) + 0.5)[None, None] / size - centre[:, 0, None, None]
    y = (np.arange(size // 2, size) + 0.5)[None, :, None] / size - centre[:, 1, None, None]
    radius = (x / across[:, None, None]) ** 2 + (y / down[:, None, None]) ** 2
    weight = 1 / (1 + np.exp(np.clip((radius - 1) * 5, -30, 30)))
    return torch.from_numpy(weight[:, None].astype(np.float32))
