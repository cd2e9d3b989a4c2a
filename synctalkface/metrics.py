"""One function a score. Pictures are float 0..1; every score is computed in float, never in wrapping uint8.

F frames, C channels, H x W pixels.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

LARGEST_SHIFT = 15  # frames: the SyncNet protocol looks this far to both sides


def l1(generated: Tensor, true: Tensor, weight: Tensor | None = None) -> float:
    """Mean absolute difference of (..., 3, H, W), optionally weighted by (..., 1, H, W)."""
    difference = (generated.float() - true.float()).abs()
    if weight is None:
        return float(difference.mean())
    return float((difference * weight).sum() / (weight.sum() * difference.shape[-3]))


def psnr(generated: Tensor, true: Tensor, weight: Tensor | None = None) -> float:
    """Peak signal-to-noise ratio in dB of (..., 3, H, W) in 0..1; infinite for equal pictures.

    Scripts in this field subtract uint8 arrays, which wraps around and lifts bad scores to about 28 dB; this does not.
    """
    square = (generated.float() - true.float()).square()
    if weight is None:
        error = float(square.mean())
    else:
        error = float((square * weight).sum() / (weight.sum() * square.shape[-3]))
    return float("inf") if error == 0 else float(-10 * torch.log10(torch.tensor(error)))


class LipSyncError(NamedTuple):
    """The SyncNet protocol's answer for one clip."""

    distance: float  # LSE-D: the smallest mean distance over all shifts
    confidence: float  # LSE-C: the median minus the minimum
    offset: float  # frames by which the sound comes late, at the minimum


def lip_sync_error(seen: Tensor, heard: Tensor, largest: int = LARGEST_SHIFT) -> LipSyncError:
    """Compare mouths seen (F, C) with sounds heard at every shift: (2 * largest + 1, F, C), shift -largest first.

    Distances are averaged over the clip for each shift (Chung and Zisserman 2016). With our own SyncNet the numbers
    compare with each other only; the published ones need the published weights.
    """
    curve = (heard - seen[None]).norm(dim=-1).mean(dim=1)  # (shifts,)
    best = int(curve.argmin())
    lowest = float(curve[best])
    return LipSyncError(lowest, float(curve.median()) - lowest, float(best - largest))
