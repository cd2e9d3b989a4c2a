"""The averaged weights (EMA) that are evaluated and shipped: steadier than those of any single step."""

from __future__ import annotations

import copy
from typing import TypeVar

import torch
from torch import nn

M = TypeVar("M", bound=nn.Module)


def averaged_copy(model: M) -> M:
    """A copy of `model` that gets no gradients, to be moved by `follow`."""
    return copy.deepcopy(model).requires_grad_(False).eval()


@torch.no_grad()
def follow(average: nn.Module, model: nn.Module, decay: float) -> None:
    """Move every weight and statistic of `average` toward `model`'s by 1 - decay; counters are copied."""
    with_float = [(a, m) for a, m in zip(_tensors(average), _tensors(model), strict=True) if a.is_floating_point()]
    torch._foreach_lerp_([a for a, _ in with_float], [m for _, m in with_float], 1 - decay)
    for mine, theirs in zip(_tensors(average), _tensors(model), strict=True):
        if not mine.is_floating_point():
            mine.copy_(theirs)


def _tensors(module: nn.Module) -> list[torch.Tensor]:
    return [*module.parameters(), *module.buffers()]
