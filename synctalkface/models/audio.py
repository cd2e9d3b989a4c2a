"""Audio encoders: the mel steps around each frame -> one vector a frame.

B clips, T mel steps of the chunk, F frames, C channels. Both answer to
    encoder(chunk (B, bands, T), starts (B, F)) -> (B, F, C)
where starts[b, f] is the first of the `audio_steps` mel steps that frame f hears.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from synctalkface.config import Config
from synctalkface.errors import ConfigError
from synctalkface.models.layers import WINDOW_STRIDES, TimeBlock, VectorEncoder


class WindowAudioEncoder(nn.Module):
    """The paper's: 2D convolutions over the 80 x 16 patch of each frame, whole."""

    def __init__(self, config: Config) -> None:
        super().__init__()
        model = config.model
        self.steps = model.audio_steps
        self.patch = VectorEncoder(
            inputs=1,
            size=(config.audio.bands, model.audio_steps),
            widths=model.audio_widths,
            outputs=model.channels,
            residuals=model.audio_residuals,
            strides=WINDOW_STRIDES,
        )

    def forward(self, chunk: Tensor, starts: Tensor) -> Tensor:
        patches = gather_windows(chunk, starts, self.steps)  # (B, F, bands, steps)
        features: Tensor = self.patch(patches.flatten(0, 1).unsqueeze(1))  # (B * F, C)
        return features.view(*starts.shape, -1)


class ClipAudioEncoder(nn.Module):
    """Ours: 1D convolutions run once over the chunk, then the feature at each frame's start is picked.

    Without padding, the feature at step t depends on steps t ... t + audio_steps - 1 alone: a five-frame chunk in
    training and the whole clip in use give the same numbers.
    """

    def __init__(self, config: Config) -> None:
        super().__init__()
        widths, steps = config.model.audio_widths, config.model.audio_steps
        dilations = [2**level for level in range(1, len(widths))]  # kernel 3; the first convolution takes the rest
        first = steps - 2 * sum(dilations)
        if first < 1:
            raise ConfigError(
                f"model.audio_steps is {steps}, and {len(widths)} audio widths reach at least {2 * sum(dilations) + 1} "
                "mel steps. Raise model.audio_steps or give fewer model.audio_widths."
            )
        blocks = [TimeBlock(config.audio.bands, widths[0], first)]
        for before, width, dilation in zip(widths, widths[1:], dilations, strict=False):
            blocks.append(TimeBlock(before, width, 3, dilation))
        blocks.append(TimeBlock(widths[-1], config.model.channels, 1))
        self.blocks = nn.Sequential(*blocks)

    def forward(self, chunk: Tensor, starts: Tensor) -> Tensor:
        features: Tensor = self.blocks(chunk)  # (B, C, T - audio_steps + 1)
        index = starts.unsqueeze(1).expand(-1, features.shape[1], -1)  # (B, C, F)
        return features.gather(2, index).transpose(1, 2)  # (B, F, C)


AudioEncoder = WindowAudioEncoder | ClipAudioEncoder


def audio_encoder(config: Config) -> AudioEncoder:
    """The encoder that `config.model.audio_encoder` names."""
    return WindowAudioEncoder(config) if config.model.audio_encoder == "window" else ClipAudioEncoder(config)


def gather_windows(chunk: Tensor, starts: Tensor, steps: int) -> Tensor:
    """Windows of `steps` mel steps: chunk (B, bands, T), starts (B, F) -> (B, F, bands, steps)."""
    index = starts.unsqueeze(-1) + torch.arange(steps, device=starts.device)  # (B, F, steps)
    flat = index.flatten(1).unsqueeze(1).expand(-1, chunk.shape[1], -1)  # (B, bands, F * steps)
    windows = chunk.gather(2, flat).view(*chunk.shape[:2], starts.shape[1], steps)
    return windows.transpose(1, 2)
