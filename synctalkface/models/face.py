"""Face encoders: pose and identity -> the maps that the decoder draws upon, from the largest to the smallest.

B windows, F frames, K references, S side of the crop. Both answer to
    encode_references(references (B, K, 3, S, S)) -> ReferenceFeatures, once a clip
    encoder(pose (B, F, 3, S/2, S), features) -> skips, each (B * F, C_i, H_i, W_i)
where pose is the upper half of the target frame: the lower half is what is to be found.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.functional import pixel_unshuffle

from synctalkface.config import Config
from synctalkface.errors import ConfigError
from synctalkface.models.layers import LARGEST_CLOSED, ConvBlock, Pair, after, residual_blocks

ReferenceFeatures = list[Tensor]
FOLD = 2  # px: squares of this side become channels before the cached encoder's first convolution


class JointFaceEncoder(nn.Module):
    """The paper's: target with its lower half blanked + reference, six channels together, through every stage.

    Further references add three channels each.
    """

    def __init__(self, config: Config) -> None:
        super().__init__()
        self.stages = _stages(3 + 3 * config.model.references, (config.face.size,) * 2, config, kernel=7)
        self.maps = _maps((config.face.size,) * 2, config)
        self.references, self.fold = config.model.references, 1

    def encode_references(self, references: Tensor) -> ReferenceFeatures:
        """The references as they are, (B, 3 K, S, S): they enter the first convolution together with the pose."""
        return [references.flatten(1, 2)]

    def forward(self, pose: Tensor, features: ReferenceFeatures) -> list[Tensor]:
        target = torch.cat([pose, torch.zeros_like(pose)], dim=-2)  # (B, F, 3, S, S)
        references = features[0].to(pose.dtype).unsqueeze(1).expand(-1, target.shape[1], -1, -1, -1)
        x = torch.cat([target, references], dim=2).flatten(0, 1)  # (B * F, 3 + 3 K, S, S)
        skips = []
        for stage in self.stages:
            x = stage(x)
            skips.append(x)
        return skips


class CachedFaceEncoder(nn.Module):
    """Ours: pose and references in two encoders of the same widths, so that the references are encoded once a clip.

    It works on the lower half's size: the two halves of each reference are stacked on channels. At each level both
    encoders meet in relu(conv(reference) + conv(pose)).
    """

    def __init__(self, config: Config) -> None:
        super().__init__()
        size = (config.face.size // 2 // FOLD, config.face.size // FOLD)
        widths = config.model.face_widths
        self.pose = _stages(3 * FOLD**2, size, config, kernel=3)
        self.reference = _stages(6 * config.model.references * FOLD**2, size, config, kernel=3)
        self.from_pose = nn.ModuleList([nn.Conv2d(width, width, 1) for width in widths])
        self.from_reference = nn.ModuleList([nn.Conv2d(width, width, 1, bias=False) for width in widths])
        self.maps = _maps(size, config)
        self.references, self.fold = config.model.references, FOLD

    def encode_references(self, references: Tensor) -> ReferenceFeatures:
        """What the references add to each level: (B, C_i, H_i, W_i)."""
        halves = references.chunk(2, dim=-2)  # upper, lower
        x = pixel_unshuffle(torch.cat(halves, dim=2).flatten(1, 2), FOLD)  # (B, 24 K, S/4, S/2)
        features = []
        for stage, mix in zip(self.reference, self.from_reference, strict=True):
            x = stage(x)
            features.append(mix(x))
        return features

    def forward(self, pose: Tensor, features: ReferenceFeatures) -> list[Tensor]:
        frames = pose.shape[1]
        x = pixel_unshuffle(pose.flatten(0, 1), FOLD)  # (B * F, 12, S/4, S/2)
        skips = []
        for stage, mix, feature in zip(self.pose, self.from_pose, features, strict=True):
            x = stage(x)
            skips.append(torch.relu(mix(x) + _each_frame(feature, frames)))
        return skips


FaceEncoder = JointFaceEncoder | CachedFaceEncoder


def face_encoder(config: Config) -> FaceEncoder:
    """The encoder that `config.model.face_encoder` names. Raises ConfigError if it cannot serve the drawn region."""
    encoder, region = config.model.face_encoder, config.face.region
    if (encoder == "joint") != (region == "face"):
        raise ConfigError(
            f"model.face_encoder '{encoder}' cannot draw face.region '{region}'. "
            "Use 'joint' with 'face', or 'cached' with 'lower'."
        )
    return JointFaceEncoder(config) if encoder == "joint" else CachedFaceEncoder(config)


def _each_frame(feature: Tensor, frames: int) -> Tensor:
    """(B, ...) -> (B * F, ...), or (1, ...) for one clip, which broadcasts without a copy."""
    return feature if feature.shape[0] == 1 else feature.repeat_interleave(frames, dim=0)


def _stages(inputs: int, size: Pair, config: Config, kernel: int) -> nn.ModuleList:
    widths, residuals = config.model.face_widths, config.model.face_residuals
    stages = [nn.Sequential(ConvBlock(inputs, widths[0], kernel, 1, kernel // 2))]
    for before, width, small in zip(widths, widths[1:], _sizes(size, len(widths)), strict=False):
        closing = _closes(small)
        first = ConvBlock(before, width, small, 1, 0) if closing else ConvBlock(before, width, 3, 2)
        stages.append(nn.Sequential(first, *residual_blocks(width, 0 if closing else residuals)))
    return nn.ModuleList(stages)


def _maps(size: Pair, config: Config) -> list[tuple[int, Pair]]:
    """Channels and size of each skip, from the largest map to the smallest."""
    return list(zip(config.model.face_widths, _sizes(size, len(config.model.face_widths)), strict=True))


def _sizes(size: Pair, levels: int) -> list[Pair]:
    sizes = [size]
    while len(sizes) < levels:
        sizes.append((1, 1) if _closes(sizes[-1]) else after(sizes[-1], (2, 2)))
    return sizes


def _closes(size: Pair) -> bool:
    """A small square map is closed by one convolution as large as itself; a lower half stops at 2 x 4."""
    return size == (LARGEST_CLOSED, LARGEST_CLOSED)
