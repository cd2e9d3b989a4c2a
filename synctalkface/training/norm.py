"""Batch norm whose statistics are those of all the processes of a run: a batch is a batch, however it is shared.

torch.nn.SyncBatchNorm does this on GPUs alone; this one runs wherever the processes can talk, so that a test can show
two processes to equal one.
"""

from __future__ import annotations

from typing import TypeVar

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from synctalkface.training.crew import Crew


class SharedNorm(_BatchNorm):
    """(N, C, ...) -> the same shape. It takes over the weights and the names of the batch norm in its place."""

    def __init__(self, norm: _BatchNorm, crew: Crew) -> None:
        super().__init__(norm.num_features, norm.eps, norm.momentum, norm.affine)
        self.crew = crew
        self._parameters, self._buffers, self.training = norm._parameters, norm._buffers, norm.training

    def forward(self, x: Tensor) -> Tensor:
        if not self.training:
            return super().forward(x)
        values = x.float()
        mean, variance = self._statistics(values)
        shape = [1, -1, *[1] * (x.dim() - 2)]
        scale = torch.rsqrt(variance + self.eps)
        if self.affine:
            scale = scale * self.weight
        y = (values - mean.view(shape)) * scale.view(shape)
        return (y + self.bias.view(shape) if self.affine else y).to(x.dtype)

    def _statistics(self, values: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and variance (C,) over all processes, combined from each one's own; the running ones follow them."""
        variance, mean = torch.var_mean(values, [0, *range(2, values.dim())], correction=0)
        count = torch.full_like(mean, values.numel() / values.shape[1])
        means, variances, counts = self.crew.gather(torch.stack([mean, variance, count])).unbind(1)  # (W, C) each
        total = counts.sum(0)
        mean = (counts * means).sum(0) / total
        variance = (counts * (variances + (means - mean).square())).sum(0) / total
        with torch.no_grad():
            step = self.momentum or 0.0
            self.running_mean.lerp_(mean, step)  # type: ignore[union-attr]  # buffers of a norm that keeps statistics
            self.running_var.lerp_(variance * (total / (total - 1)), step)  # type: ignore[union-attr]
            self.num_batches_tracked.add_(1)  # type: ignore[union-attr]
        return mean, variance

    def _check_input_dim(self, input: Tensor) -> None:
        """Any number of dimensions: it stands in for the norms of one and of two."""


M = TypeVar("M", bound=nn.Module)


def share_statistics(module: M, crew: Crew) -> M:
    """`module` with every batch norm's statistics shared by `crew`; as it was if there is one process alone."""
    for parent in list(module.modules()) if crew.size > 1 else []:
        for name, child in parent.named_children():
            if isinstance(child, nn.BatchNorm1d | nn.BatchNorm2d):
                setattr(parent, name, SharedNorm(child, crew))
    return module
