"""Clips that stay on the GPU: their crops are cut and changed there, as data.augment does it on the CPU.

P: side of a stored crop with its margin, S: side of the crop.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import grid_sample

from synctalkface.data.articulate import Mouths
from synctalkface.data.augment import Look
from synctalkface.data.pack import MARGIN


def has_room(size: int, device: torch.device) -> bool:
    """Are `size` bytes of crops at most half of what is free on the GPU `device`?"""
    return device.type == "cuda" and size <= torch.cuda.mem_get_info(device)[0] // 2


def crop(stored: Tensor, look: Look, size: int, top: int = 0, mouths: Mouths | None = None) -> Tensor:
    """What Look.crop gives, where the crops are: uint8 (F, P, P, 3) -> uint8 (F, S - top, S, 3).

    To within the rounding of OpenCV, which knows the place of a pixel to 1/32.
    """
    device = stored.device
    frames = stored.movedim(-1, 1).float()  # (F, 3, P, P)
    grid = torch.from_numpy((look.sources(size, top, mouths) + MARGIN) * (2 / (1 + 2 * MARGIN)) - 1).to(device)
    if len(grid) == 1:  # all frames share it
        frames = frames.flatten(0, 1)[None]  # (1, F * 3, P, P)
    warped = grid_sample(frames, grid, padding_mode="reflection", align_corners=False).flatten(0, 1)
    levels = torch.from_numpy(look.gamma).to(device)[warped.round().clamp(0, 255).long()]  # (F * 3, h, S)
    colour = torch.from_numpy(look.colour.astype(np.float32)).to(device)
    rgb = levels.float().view(len(stored), 3, size - top, size).movedim(1, -1) @ colour.T  # (F, h, S, 3)
    toned: Tensor = rgb.round().clamp(0, 255).byte()
    return toned
