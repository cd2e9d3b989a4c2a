"""The optimiser of a run: Adam, in one fused kernel where the device has one."""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import nn

FUSED = {"cpu", "cuda"}  # devices for which every supported torch has the kernel


def adam(
    parameters: Iterable[nn.Parameter], rate: float, betas: tuple[float, float], device: torch.device
) -> torch.optim.Adam:
    """Adam over `parameters`, which lie on `device`."""
    return torch.optim.Adam(parameters, rate, betas, fused=device.type in FUSED)
