"""One function a score. Pictures are float 0..1; every score is computed in float, but for psnr_wrapped.

F frames, C channels, H x W pixels.
"""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import avg_pool2d

LARGEST_SHIFT = 15  # frames: the SyncNet protocol looks this far to both sides
SSIM_WINDOW = 7  # px
SSIM_C1, SSIM_C2 = 0.01**2, 0.03**2
SOFT = np.array([0.25, 0.5, 0.25], np.float32)  # 0 at the finest frequency there is


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


def psnr_wrapped(generated: NDArray[np.uint8], true: NDArray[np.uint8]) -> float:
    """What scripts that subtract and square uint8 arrays call PSNR, in dB: differences and squares wrap around at 256.

    It never falls far below 28 dB, however bad the picture. Only to stand beside numbers that were made that way.
    """
    wrapped = (generated - true) ** 2  # both wrap, on purpose
    error = float(wrapped.mean(dtype=np.float64))
    return float("inf") if error == 0 else float(10 * np.log10(255**2 / error))


def ssim(generated: Tensor, true: Tensor) -> float:
    """Structural similarity of (..., 3, H, W) in 0..1, mean over pixels, channels and pictures (Wang et al. 2004).

    scikit-image's default: windows of 7 x 7 with equal weights, sample covariance, a border of 3 px left out.
    """
    shape = (-1, *true.shape[-3:])
    pairs = zip(generated.reshape(shape), true.reshape(shape), strict=True)
    # picture by picture: the sums of one fit into the processor's cache, those of a clip do not (4 times slower)
    return float(torch.stack([_ssim_of_one(ours, theirs) for ours, theirs in pairs]).mean())


def _ssim_of_one(generated: Tensor, true: Tensor) -> Tensor:
    """Of (3, H, W)."""
    x, y = (picture.double().unsqueeze(1) for picture in (generated, true))

    def mean(picture: Tensor) -> Tensor:
        return avg_pool2d(avg_pool2d(picture, (1, SSIM_WINDOW), stride=1), (SSIM_WINDOW, 1), stride=1)

    samples = SSIM_WINDOW**2
    unbiased = samples / (samples - 1)
    mean_x, mean_y = mean(x), mean(y)
    variance_x, variance_y = unbiased * (mean(x * x) - mean_x**2), unbiased * (mean(y * y) - mean_y**2)
    covariance = unbiased * (mean(x * y) - mean_x * mean_y)
    luminance = (2 * mean_x * mean_y + SSIM_C1) / (mean_x**2 + mean_y**2 + SSIM_C1)
    structure = (2 * covariance + SSIM_C2) / (variance_x + variance_y + SSIM_C2)
    return (luminance * structure).mean()


def sharpness(picture: Tensor, weight: Tensor) -> float:
    """How finely (F, 3, H, W) in 0..1 are drawn: the mean size of the Laplacian of grey, weighted by (F, 1, H, W).

    What changes from pixel to pixel and back is taken out before, or grain and chessboards would count as sharp.
    """
    grey = picture.float().mean(dim=1).numpy()
    soft = [cv2.sepFilter2D(frame, cv2.CV_32F, SOFT, SOFT, borderType=cv2.BORDER_REPLICATE) for frame in grey]
    edges = np.stack([np.abs(cv2.Laplacian(frame, cv2.CV_32F, borderType=cv2.BORDER_REPLICATE)) for frame in soft])
    where = weight[:, 0].numpy()
    return float((edges * where).sum() / where.sum())


def landmark_distance(generated: NDArray[np.float32], true: NDArray[np.float32]) -> float:
    """LMD: mean distance of landmarks (F, K, 2), both sets centred in each frame, in their own unit."""
    ours = generated - generated.mean(axis=1, keepdims=True)
    theirs = true - true.mean(axis=1, keepdims=True)
    return float(np.linalg.norm(ours - theirs, axis=-1).mean())


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


def sync_certainty(seen: Tensor, heard: Tensor, window: int = 5) -> float:
    """How sure the offset of lip_sync_error is, for the same features: standard errors above what any shift reaches.

    For each moment, how much nearer the sound is at the best shift than at the median one; the mean of that over its
    standard error, where `window` moments that overlap count as one. Lips that fit no sound reach 2 to 2.5, since the
    best of 31 shifts is taken; unlike LSE-C it knows how long the clip is, and means the same for every sync expert.
    """
    distances = (heard - seen[None]).norm(dim=-1)  # (shifts, F)
    best = int(distances.mean(dim=1).argmin())
    nearer = distances.median(dim=0).values - distances[best]
    error = float(nearer.std()) / max(1.0, len(nearer) / window) ** 0.5
    return float(nearer.mean()) / max(error, 1e-9) if len(nearer) > 1 else 0.0
