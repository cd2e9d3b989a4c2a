"""What a configuration costs: parameters, and multiply-adds of one frame. Nothing is computed for it."""

from __future__ import annotations

from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from synctalkface.config import Config
from synctalkface.models.generator import SyncTalkFace

FRAMES = 25  # of the clip that is measured: what is done once a clip is shared, as for a clip of this length
FRAME_RATE = 25.0


class Cost(NamedTuple):
    """Of the generator: the discriminator and the sync expert are apart."""

    parameters_training: int
    parameters_use: int
    macs_frame: int  # multiply-adds of convolutions and linear maps in use, the references' own encoding left out


def cost(config: Config) -> Cost:
    """Measured on the meta device: shapes without numbers, so it takes no time, memory or randomness."""
    with torch.device("meta"):
        training, used = SyncTalkFace(config), SyncTalkFace(config, lip_encoder=False).eval()
        starts = (torch.arange(FRAMES) * int(config.audio.mel_rate / FRAME_RATE)).unsqueeze(0)
        length = int(FRAMES * config.audio.mel_rate / FRAME_RATE) + config.model.audio_steps
        chunk = torch.zeros(1, config.audio.bands, length)
        side = config.face.size
        features = used.encode_references(torch.zeros(1, config.model.references, 3, side, side))
        count = _Counter()
        for part in used.modules():
            if isinstance(part, nn.Conv1d | nn.Conv2d | nn.Linear):
                part.register_forward_hook(count)
        with torch.no_grad():
            heard = used.recall_lips(chunk, starts)
            used.draw(torch.zeros(1, FRAMES, 3, side // 2, side), features, heard.audio, heard.lips)
    return Cost(parameters(training), parameters(used), count.macs // FRAMES)


def parameters(module: nn.Module) -> int:
    """How many numbers `module` learns."""
    return sum(parameter.numel() for parameter in module.parameters())


class _Counter:
    """A forward hook that adds up multiply-adds."""

    def __init__(self) -> None:
        self.macs = 0

    def __call__(self, layer: nn.Module, inputs: tuple[Any, ...], output: Tensor) -> None:
        outputs = layer.out_features if isinstance(layer, nn.Linear) else layer.out_channels
        weight = layer.weight
        self.macs += output.numel() * (weight.numel() // int(outputs))  # type: ignore[operator, arg-type]
