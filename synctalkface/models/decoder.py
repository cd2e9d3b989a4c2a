"""The decoder: lips, sound and face -> a drawing, and how a drawing becomes a picture.

B windows, F frames, C channels, K references, S side of the crop; h x w is the drawn region: S x S, or S/2 x S for the
lower half.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn.functional import avg_pool2d, grid_sample, interpolate, pad, pixel_shuffle

from synctalkface.config import ModelConfig
from synctalkface.errors import ConfigError
from synctalkface.models.layers import ConvBlock, Pair, in_float32, residual_blocks

HEAD_GAIN = 0.1  # the head starts at a tenth of its usual weights: a drawing begins as hardly any change
KEEP_BIAS = 1.0  # of the first reference's logit: toward its moved pixels, which are sharp from the first step


class Drawing(NamedTuple):
    """What to do with the references' pixels; `paint` alone where the head only paints. All float32."""

    paint: Tensor  # (B, F, 3, h, w) colours in 0..1
    keep: Tensor | None  # (B, F, K, h, w) in 0..1: share of each reference's moved pixel; the rest of 1 is painted
    flow: Tensor | None  # (B, F, 2 K, h, w) x, y of each: where to fetch the pixel from, in sides of the crop


class Decoder(nn.Module):
    """Starts from lips and sound, doubles the map level by level, and looks at the face's map of each size.

    `maps` are channels and size of the face encoder's skips from the largest to the smallest; the head enlarges the
    last map by `fold`.
    """

    def __init__(self, model: ModelConfig, maps: list[tuple[int, Pair]], fold: int) -> None:
        super().__init__()
        widths, residuals = model.decoder_widths, model.decoder_residuals
        if not len(widths) == len(residuals) == len(maps):
            raise ConfigError(
                f"model.decoder_widths has {len(widths)} levels, model.decoder_residuals {len(residuals)} and "
                f"model.face_widths {len(maps)}. Give all three the same length."
            )
        levels = list(reversed(maps))
        self.first: Pair = levels[0][1]
        self.fuse = ConvBlock(2 * model.channels, model.channels * self.first[0] * self.first[1], 1, 1, 0)
        self.levels = nn.ModuleList()
        before = model.channels
        for width, count, (skip, _) in zip(widths, residuals, levels, strict=True):
            self.levels.append(nn.Sequential(ConvBlock(before + skip, width), *residual_blocks(width, count)))
            before = width
        self.fold = fold
        self.max_flow = model.max_flow if model.head == "move" else None
        self.references = model.references if model.head == "move" else 0
        self.head = _head(before, self.references, fold)

    def forward(self, audio: Tensor, lips: Tensor, skips: list[Tensor]) -> Drawing:
        """audio, lips (B, F, C); skips (B * F, C_i, H_i, W_i) from the largest map to the smallest."""
        vector = torch.cat([lips.to(audio.dtype), audio], dim=-1).flatten(0, 1)  # (B * F, 2 C)
        x = self.fuse(vector[..., None, None]).view(vector.shape[0], -1, *self.first)
        for level, skip in zip(self.levels, reversed(skips), strict=True):
            if x.shape[-2:] != skip.shape[-2:]:
                x = interpolate(x, size=skip.shape[-2:], mode="nearest")
            x = level(torch.cat([x, skip.to(x.dtype)], dim=1))
        out = pixel_shuffle(self.head(x), self.fold).float()
        out = out.reshape(*audio.shape[:2], *out.shape[1:])  # (B, F, 3 K + 3, h, w)
        if self.max_flow is None:
            return Drawing(torch.sigmoid(out), None, None)
        flow, keep, paint = parts(out, self.references, dim=2)
        shares = torch.softmax(torch.cat([keep, torch.zeros_like(keep[:, :, :1])], dim=2), dim=2)  # the last paints
        return Drawing(torch.sigmoid(paint), shares[:, :, :-1], smooth(self.max_flow * torch.tanh(flow)))


def parts(values: Tensor, references: int, dim: int) -> tuple[Tensor, Tensor, Tensor]:
    """What belongs to flows, masks and colours of `references`, in the order in which the head has them along `dim`."""
    unit = values.shape[dim] // (3 * references + 3)
    flow, keep, paint = torch.split(values, [2 * references * unit, references * unit, 3 * unit], dim=dim)
    return flow, keep, paint


def smooth(flow: Tensor) -> Tensor:
    """`flow` (B, F, 2 K, h, w) without what changes from pixel to pixel: each becomes 1/4, 1/2, 1/4 of its neighbours.

    The head writes `fold` x `fold` pixels at once, each with weights of its own; where these disagree, lips and teeth
    would be fetched in a pattern of dots. Skin and lips move smoothly.
    """
    flat = pad(flow.flatten(0, 1), (1, 1, 1, 1), mode="replicate")
    return avg_pool2d(avg_pool2d(flat, 2, 1), 2, 1).view(flow.shape)


def moved_alone(drawing: Drawing, where: Tensor | None) -> Drawing:
    """`drawing` without its paint in the windows that `where` (B,) bool names: moved pixels take its share over."""
    if where is None or drawing.keep is None:
        return drawing
    whole = drawing.keep / drawing.keep.sum(2, keepdim=True).clamp_min(1e-6)
    return drawing._replace(keep=torch.where(where[:, None, None, None, None], whole, drawing.keep))


def render(drawing: Drawing, references: Tensor, size: int | None = None) -> Tensor:
    """The drawn region as a picture (B, F, 3, h, w) in 0..1 of a crop of side `size` (None: the references' own side).

    The sum of keep * reference moved by its flow, and paint for the rest. The references (B, K, 3, R, R) may be finer
    than the drawing: flows, masks and paint are enlarged smoothly, and what is moved keeps the footage's own sharpness.
    """
    size = references.shape[-1] if size is None else size
    with in_float32(references.device):
        height = size * drawing.paint.shape[-2] // drawing.paint.shape[-1]
        paint = _enlarge(drawing.paint, (height, size))
        if drawing.keep is None or drawing.flow is None:
            return paint
        keep = _enlarge(drawing.keep, (height, size))
        flow = _enlarge(drawing.flow, (height, size))
        picture = (1 - keep.sum(2, keepdim=True)) * paint
        for k in range(keep.shape[2]):
            moved = warp(references[:, k].float(), flow[:, :, 2 * k : 2 * k + 2])
            picture = picture + keep[:, :, k : k + 1] * moved
        return picture


def warp(reference: Tensor, flow: Tensor) -> Tensor:
    """The last h rows of `reference` (B, 3, R, R), each pixel fetched `flow` (B, F, 2, h, w) away -> (B, F, 3, h, w).

    w is the side of the crop; the flow counts in sides, so that it means the same at every size.
    """
    frames, _, height, side = flow.shape[1:]
    x = torch.arange(side, device=flow.device) + 0.5
    y = torch.arange(side - height, side, device=flow.device) + 0.5
    identity = torch.stack(torch.meshgrid(x, y, indexing="xy"), dim=-1) * (2 / side) - 1  # (h, w, 2)
    grid = identity + 2 * flow.movedim(2, -1)  # (B, F, h, w, 2); a side is 2 long here
    rows = grid.flatten(1, 2)  # (B, F * h, w, 2): all frames below each other, so the reference is not copied
    moved = grid_sample(reference, rows, mode="bilinear", padding_mode="border", align_corners=False)
    return moved.view(*moved.shape[:2], frames, height, side).transpose(1, 2)


def _enlarge(maps: Tensor, size: Pair) -> Tensor:
    """(B, F, C, h, w) -> (B, F, C, *size), smoothly."""
    if tuple(maps.shape[-2:]) == size:
        return maps
    flat = interpolate(maps.flatten(0, 1), size=size, mode="bilinear", align_corners=False)
    return flat.view(*maps.shape[:3], *size)


def _head(inputs: int, references: int, fold: int) -> nn.Conv2d:
    head = nn.Conv2d(inputs, (3 * references + 3) * fold**2, 3, padding=1)
    with torch.no_grad():
        head.weight.mul_(HEAD_GAIN)
        if head.bias is not None:
            head.bias.zero_()
            if references:  # the flows come first; pixel-shuffle lays the fold**2 parts of a channel side by side
                first = 2 * references * fold**2
                head.bias[first : first + fold**2] = KEEP_BIAS
    return head
