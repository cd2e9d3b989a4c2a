"""Clips that stay on the GPU: their crops are cut and changed there, as data.augment does it on the CPU.

P: side of a stored crop with its margin, S: side of the crop.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import grid_sample, interpolate

from synctalkface.data.articulate import Mouths, before
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
    grid = _grid(look, size, top, mouths, device)
    if len(grid) == 1:  # all frames share it
        frames = frames.flatten(0, 1)[None]  # (1, F * 3, P, P)
    warped = grid_sample(frames, grid, padding_mode="reflection", align_corners=False).flatten(0, 1)
    levels = torch.from_numpy(look.gamma).to(device)[warped.round().clamp(0, 255).long()]  # (F * 3, h, S)
    colour = torch.from_numpy(look.colour.astype(np.float32)).to(device)
    rgb = levels.float().view(len(stored), 3, size - top, size).movedim(1, -1) @ colour.T  # (F, h, S, 3)
    toned: Tensor = rgb.round().clamp(0, 255).byte()
    return toned


def _grid(look: Look, size: int, top: int, mouths: Mouths | None, device: torch.device) -> Tensor:
    """Where in the stored crop each pixel comes from, -1..1 from edge to edge: for all frames, or for each."""
    linear = torch.from_numpy(look.to_stored.astype(np.float32)).to(device)
    places = (torch.arange(size, device=device) + 0.5) / size
    rows, columns = torch.meshgrid(places[top:], places, indexing="ij")
    source = torch.stack([columns, rows], dim=-1) @ linear[:, :2].T + linear[:, 2]  # crop units
    bend = torch.from_numpy(look.bend).to(device).movedim(-1, 0)[None]
    source = source + interpolate(bend, (size, size), mode="bicubic")[0, :, top:].movedim(0, -1)
    sources = source[None] if mouths is None or look.articulation == 1 else before(source, mouths, look.articulation)
    return (sources + MARGIN) * (2 / (1 + 2 * MARGIN)) - 1
