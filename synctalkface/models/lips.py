"""The lip encoder: five true frames around the target -> what the lips are doing. Used in training only.

B windows, F target frames, C channels, H x W pixels: the whole crop (128 x 128) or its lower half (64 x 128).
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.functional import pixel_unshuffle

from synctalkface.config import Config
from synctalkface.models.layers import VectorEncoder

FOLD = 4  # px: squares of this side of a lower half become channels before the first convolution


class LipEncoder(nn.Module):
    """frames (B, F + 4, 3, H, W) in 0..1 -> one vector for each of the F frames in the middle: (B, F, C).

    The paper's 3D convolution spans all five frames and takes them to one, so it is a 2D convolution over the five
    frames stacked on channels, and is written as one. A whole crop has its upper half blanked here.
    """

    def __init__(self, config: Config) -> None:
        super().__init__()
        side, model = config.face.size, config.model
        self.frames = model.lip_frames
        self.blank_upper = config.face.region == "face"
        self.fold = 1 if self.blank_upper else FOLD
        self.stack = VectorEncoder(
            inputs=3 * self.fold**2 * model.lip_frames,
            size=(side, side) if self.blank_upper else (side // 2 // FOLD, side // FOLD),
            widths=model.lip_widths,
            outputs=model.channels,
            residuals=model.lip_residuals,
            kernel=7 if self.blank_upper else 3,
            stride=2 if self.blank_upper else 1,
        )

    def forward(self, frames: Tensor) -> Tensor:
        if self.blank_upper:
            half = frames.shape[-2] // 2
            frames = torch.cat([torch.zeros_like(frames[..., :half, :]), frames[..., half:, :]], dim=-2)
        folded = pixel_unshuffle(frames, self.fold)
        windows = folded.unfold(1, self.frames, 1).movedim(-1, 2)  # (B, F, 5, 3, H, W), or 48 channels of H/4 x W/4
        features: Tensor = self.stack(windows.flatten(2, 3).flatten(0, 1))  # (B * F, C)
        return features.view(*windows.shape[:2], -1)
