"""The blocks every network is built from, and how they are folded for use.

N images or clips, C channels, H x W pixels, T mel steps.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import TypeVar, cast

import torch
from torch import Tensor, nn
from torch.nn.functional import pixel_unshuffle
from torch.nn.utils.fusion import fuse_conv_bn_eval

from synctalkface.errors import ConfigError

Pair = tuple[int, int]
WINDOW_STRIDES: tuple[Pair, ...] = ((3, 1), (3, 3), (3, 2))  # 80 x 16 mel: 80, 27, 9, 3 bands x 16, 16, 6, 3 steps
LARGEST_CLOSED = 4  # px: a map this small is taken to 1 x 1 by one convolution


def after(size: Pair, stride: Pair) -> Pair:
    """The size of a map of `size` after a 3 x 3 convolution padded by one (or a larger one padded by its half)."""
    return ((size[0] - 1) // stride[0] + 1, (size[1] - 1) // stride[1] + 1)


class ConvBlock(nn.Module):
    """Convolution, batch norm, ReLU: (N, C, H, W) -> (N, C', H', W'). A residual one adds its input before the ReLU."""

    def __init__(
        self,
        inputs: int,
        outputs: int,
        kernel: int | Pair = 3,
        stride: int | Pair = 1,
        padding: int | Pair = 1,
        residual: bool = False,
    ) -> None:
        super().__init__()
        self.residual = residual
        self.conv: nn.Module = nn.Conv2d(inputs, outputs, kernel, stride, padding, bias=False)
        self.norm: nn.Module = nn.BatchNorm2d(outputs)

    def forward(self, x: Tensor) -> Tensor:
        y = self.norm(self.conv(x))
        return torch.relu(y + x if self.residual else y)


class TimeBlock(nn.Module):
    """The same over time, without padding: (N, C, T) -> (N, C', T - (kernel - 1) * dilation).

    Nothing is padded, so a step's value depends on the steps under the kernel alone, wherever the clip was cut.
    """

    def __init__(self, inputs: int, outputs: int, kernel: int, dilation: int = 1) -> None:
        super().__init__()
        self.reach = (kernel - 1) * dilation // 2 if inputs == outputs else None
        self.conv: nn.Module = nn.Conv1d(inputs, outputs, kernel, dilation=dilation, bias=False)
        self.norm: nn.Module = nn.BatchNorm1d(outputs)

    def forward(self, x: Tensor) -> Tensor:
        y = self.norm(self.conv(x))
        if self.reach is not None:  # residual: the input steps under the middle of the kernel
            y = y + x[..., self.reach : self.reach + y.shape[-1]]
        return torch.relu(y)


def residual_blocks(width: int, count: int) -> list[nn.Module]:
    """`count` residual convolutions that keep size and width."""
    return [ConvBlock(width, width, residual=True) for _ in range(count)]


class VectorEncoder(nn.Module):
    """Convolution stages that take an image to one vector: (N, C, H, W) -> (N, outputs).

    `kernel` and `stride` are the first stage's; `strides` are those of the stages after it. None: each halves the map,
    at first the longer side alone, until it is square; what remains is halved on at the last width until it is small.
    One convolution as large as the map closes it.
    """

    def __init__(
        self,
        inputs: int,
        size: Pair,
        widths: Sequence[int],
        outputs: int,
        residuals: int,
        kernel: int = 3,
        stride: int = 1,
        fold: int = 1,
        strides: Sequence[Pair] | None = None,
    ) -> None:
        super().__init__()
        self.fold = fold  # px: squares of this side become channels, which makes the first stage cheap
        if strides is not None and len(widths) - 1 > len(strides):
            limit = len(strides) + 1
            raise ConfigError(
                f"audio_widths has {len(widths)} numbers; a mel window takes {limit} at most. Leave some out."
            )
        size = after((size[0] // fold, size[1] // fold), (stride, stride))
        layers: list[nn.Module] = [ConvBlock(inputs * fold**2, widths[0], kernel, stride, kernel // 2)]
        layers += residual_blocks(widths[0], residuals)
        last = widths[0]
        for stage, width in enumerate(widths[1:]):
            step = _halving(size) if strides is None else strides[stage]
            layers += [ConvBlock(last, width, 3, step), *residual_blocks(width, residuals)]
            size, last = after(size, step), width
        while strides is None and max(size) > LARGEST_CLOSED:
            step = _halving(size)
            layers.append(ConvBlock(last, last, 3, step))
            size = after(size, step)
        layers.append(ConvBlock(last, outputs, size, 1, 0))  # (N, outputs, 1, 1)
        self.layers = nn.Sequential(*layers)

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.layers(pixel_unshuffle(x, self.fold))
        return out.flatten(1)


def _halving(size: Pair) -> Pair:
    height, width = size
    return (2 if height >= width else 1, 2 if width >= height else 1)


def in_float32(device: torch.device) -> AbstractContextManager[object]:
    """A context without automatic mixed precision: for softmax, cosines and pictures, which bfloat16 would coarsen."""
    kind = device.type
    return torch.autocast(kind, enabled=False) if torch.amp.is_autocast_available(kind) else nullcontext()


M = TypeVar("M", bound=nn.Module)


def fold(module: M) -> M:
    """A copy of `module` in evaluation mode with every convolution and batch norm folded into one: the same outputs."""
    folded = copy.deepcopy(module).eval()
    for block in folded.modules():
        if isinstance(block, ConvBlock | TimeBlock) and not isinstance(block.norm, nn.Identity):
            block.conv = fuse_conv_bn_eval(cast(nn.Conv2d, block.conv), cast(nn.BatchNorm2d, block.norm))
            block.norm = nn.Identity()
    return folded


@contextmanager
def frozen(module: nn.Module) -> Iterator[None]:
    """Inside, `module` judges and does not learn: evaluation mode, and no gradient to its parameters.

    Gradients still pass through it to its inputs. Modes and flags are put back at the end.
    """
    modes = [(part, part.training) for part in module.modules()]
    flags = [(parameter, parameter.requires_grad) for parameter in module.parameters()]
    module.eval().requires_grad_(False)
    try:
        yield
    finally:
        for part, mode in modes:
            part.training = mode
        for parameter, flag in flags:
            parameter.requires_grad_(flag)
