"""A plain pipeline of the published sizes, of our own layers and untrained: what it costs, not what it draws.

Wav2Lip's generator has 36 M parameters and takes 4 GMAC for a face of 96 px; its detector, S3FD, is a VGG-16 run over
the whole frame: 290 GMAC at 1280 x 720.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.functional import interpolate

from synctalkface.models.layers import WINDOW_STRIDES, ConvBlock, VectorEncoder, residual_blocks

DOWN = (16, 32, 64, 128, 256, 512, 512)  # widths at 96, 48, 24, 12, 6, 3 and 1 px
UP = ((512, 0), (512, 1), (512, 1), (384, 2), (256, 1), (128, 0), (48, 0))
VGG = ((64, 2), (128, 2), (256, 3), (512, 3), (512, 3))


class Generator(nn.Module):
    """Face (N, 6, 96, 96) and mel (N, 1, 80, 16) -> a face (N, 3, 96, 96): encoder, decoder, skips."""

    def __init__(self) -> None:
        super().__init__()
        self.sound = VectorEncoder(1, (80, 16), (32, 64, 128, 256), 512, 2, strides=WINDOW_STRIDES)
        stages, before = [nn.Sequential(ConvBlock(6, DOWN[0], 7, 1, 3))], DOWN[0]
        for width in DOWN[1:-1]:
            stages.append(nn.Sequential(ConvBlock(before, width, 3, 2), *residual_blocks(width, 2)))
            before = width
        stages.append(nn.Sequential(ConvBlock(before, DOWN[-1], 3, 1, 0), ConvBlock(DOWN[-1], DOWN[-1], 1, 1, 0)))
        self.down = nn.ModuleList(stages)
        self.up = nn.ModuleList()
        before = 512
        for (width, residuals), skip in zip(UP, reversed(DOWN), strict=True):
            kernel, padding = (1, 0) if skip is DOWN[-1] and not self.up else (3, 1)
            first = ConvBlock(before, width, kernel, 1, padding)
            self.up.append(nn.Sequential(first, *residual_blocks(width, residuals)))
            before = width + skip
        self.head = nn.Sequential(ConvBlock(before, 32), nn.Conv2d(32, 3, 1), nn.Sigmoid())

    def forward(self, face: Tensor, sound: Tensor) -> Tensor:
        skips = []
        for stage in self.down:
            face = stage(face)
            skips.append(face)
        x = self.sound(sound)[..., None, None]
        for level, skip in zip(self.up, reversed(skips), strict=True):
            x = level(interpolate(x, size=skip.shape[-2:]) if x.shape[-2:] != skip.shape[-2:] else x)
            x = torch.cat([x, skip], dim=1)
        picture: Tensor = self.head(x)
        return picture


class Detector(nn.Module):
    """Frames (N, 3, H, W) -> scores and boxes of each cell, as S3FD's backbone computes them."""

    def __init__(self) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        before = 3
        for width, count in VGG:
            for _ in range(count):
                layers += [nn.Conv2d(before, width, 3, padding=1), nn.ReLU(inplace=True)]
                before = width
            layers.append(nn.MaxPool2d(2))
        layers += [nn.Conv2d(before, 1024, 3, padding=1), nn.ReLU(inplace=True), nn.Conv2d(1024, 1024, 1)]
        self.layers = nn.Sequential(*layers, nn.Conv2d(1024, 6, 3, padding=1))

    def forward(self, frames: Tensor) -> Tensor:
        cells: Tensor = self.layers(frames)
        return cells


def cost(module: nn.Module, *shapes: tuple[int, ...]) -> tuple[float, float]:
    """Millions of parameters, and thousands of millions of multiply-adds for inputs of these shapes."""
    total = 0

    def count(layer: nn.Module, _: object, output: Tensor) -> None:
        nonlocal total
        weight = layer.get_parameter("weight")
        total += output.numel() * (weight.numel() // len(weight))

    meta = module.to("meta").eval()
    for layer in meta.modules():
        if isinstance(layer, nn.Conv2d):
            layer.register_forward_hook(count)
    with torch.no_grad():
        meta(*(torch.zeros(shape, device="meta") for shape in shapes))
    return sum(parameter.numel() for parameter in meta.parameters()) / 1e6, total / 1e9
