"""What the lips are told at each moment: by the sound, by an address track, or by both."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from synctalkface.address import AddressTrack
from synctalkface.config import Config
from synctalkface.errors import ConfigError
from synctalkface.inputs import speech_chunk
from synctalkface.models.generator import Heard, SyncTalkFace


class Hearing:
    """A spectrogram, mel (bands, T), as `model` hears it; `track` steers the lips, as far as its shares say.

    Raises ConfigError if the model has no memory for a track to steer, or one of another size.
    """

    def __init__(self, model: SyncTalkFace, config: Config, mel: Tensor, track: AddressTrack | None = None) -> None:
        self.model, self.config, self.mel, self.track = model, config, mel, track
        self.device = next(model.parameters()).device
        if track is not None and config.memory.enabled and track.slots != config.memory.slots:
            raise ConfigError(
                f"The address track is for a memory of {track.slots} slots, these weights have {config.memory.slots}. "
                "Export the track again with these weights."
            )

    def at(self, moments: NDArray[np.float64]) -> Heard:
        """Sound and lips at `moments` (B,) seconds: (1, B, C).

        With the track of a sound's own addresses the lips are bit for bit those of the sound, if `moments` come in
        the same batches.
        """
        chunk = speech_chunk(self.mel, moments, self.config.model.audio_steps, self.config.audio)
        with torch.inference_mode():
            heard = self.model.recall_lips(chunk.mel[None].to(self.device), chunk.starts[None].to(self.device))
            if self.track is None:
                return heard
            if self.model.memory is None or heard.address is None:
                raise ConfigError("These weights have no memory, so no address can steer them. Choose other weights.")
            mixed = self.track.mix(heard.address[0].cpu().numpy(), moments)
            address = torch.from_numpy(mixed)[None].to(self.device)
            return Heard(heard.audio, self.model.memory.read(address), address)


def silent(config: Config) -> Tensor:
    """A spectrogram in which nobody speaks: (bands, 0), since all that lies outside a spectrogram is silence."""
    return torch.zeros(config.audio.bands, 0)


def of_frames(heard: Heard, frames: list[int]) -> Heard:
    """What is heard at some of the frames of a batch."""
    index = torch.tensor(frames, device=heard.audio.device)
    address = None if heard.address is None else heard.address[:, index]
    return Heard(heard.audio[:, index], heard.lips[:, index], address)
