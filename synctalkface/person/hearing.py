"""What the lips are told at each moment: by the sound, by an address track, or by both.

B moments, K steps of the kernel in time, C channels, S slots.
"""

from __future__ import annotations

from collections import OrderedDict

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from synctalkface.address import AddressTrack
from synctalkface.clock import window_start
from synctalkface.config import Config
from synctalkface.errors import ConfigError
from synctalkface.inputs import mel_from
from synctalkface.models.generator import Heard, SyncTalkFace
from synctalkface.person.lively import Liveliness, liveliness, sample
from synctalkface.person.quiet import Voice

BLOCK = 256  # mel steps that are heard at once: 3.2 s
BLOCKS = 20  # that are kept: 64 s, so that what the voice is judged by need not be heard again
SPOKEN = 0.5  # how free the mouth is at a moment that counts as spoken
SIGMA = 0.02  # s: what is told is the mean over a Gaussian this wide, which lies as far ahead as behind


class Hearing:
    """A spectrogram, mel (bands, T), as `model` hears it; `track` steers the lips, as far as its shares say.

    What is told does not tremble from frame to frame and is as lively for every voice (person.lively), and where nobody
    speaks the mouth rests: it is told what pure silence says. `raw` tells what each moment's own sound asks for.
    Raises ConfigError if the model has no memory for a track to steer, or one of another size.
    """

    def __init__(
        self,
        model: SyncTalkFace,
        config: Config,
        mel: Tensor,
        track: AddressTrack | None = None,
        *,
        raw: bool = False,
    ) -> None:
        self.model, self.config, self.mel, self.track, self.raw = model, config, mel, track, raw
        self.device = next(model.parameters()).device
        self._sound = Recalled(model, config, mel)
        if track is not None and config.memory.enabled and track.slots != config.memory.slots:
            raise ConfigError(
                f"The address track is for a memory of {track.slots} slots, these weights have {config.memory.slots}. "
                "Export the track again with these weights."
            )
        self._offsets, self._bell = kernel(SIGMA, config.audio.mel_rate)
        self._voice = Voice(mel, config.audio)
        with torch.inference_mode():
            self._rest = Recalled(model, config, silent(config)).at(np.zeros(1))
            self._lively = None if raw else self._judged()

    def at(self, moments: NDArray[np.float64]) -> Heard:
        """Sound and lips at `moments` (B,) seconds: (1, B, C).

        With the track of a sound's own addresses the lips are bit for bit those of the sound, if `moments` come in
        the same batches.
        """
        with torch.inference_mode():
            heard = self._sound.at(moments) if self.raw else self._settled(moments)
            if self.track is None:
                return heard
            if self.model.memory is None or heard.address is None:
                raise ConfigError("These weights have no memory, so no address can steer them. Choose other weights.")
            mixed = self.track.mix(heard.address[0].cpu().numpy(), moments)
            return self._told(heard.audio, torch.from_numpy(mixed)[None].to(self.device))

    def _settled(self, moments: NDArray[np.float64]) -> Heard:
        """Smoothed in time, and at rest in silence."""
        around = (moments[:, None] + self._offsets).reshape(-1)  # (B * K,)
        heard = self._sound.at(around)
        bell = torch.from_numpy(self._bell).to(self.device)
        free = torch.from_numpy(self._voice.at(moments)).to(self.device)[None, :, None]

        def settle(told: Tensor, rest: Tensor) -> Tensor:
            smooth = (told.view(1, len(moments), len(bell), -1) * bell[:, None]).sum(2)  # (1, B, C or S)
            return free * smooth + (1 - free) * rest

        audio = settle(heard.audio, self._rest.audio)
        if heard.address is None or self._rest.address is None:
            return Heard(audio, audio, None)
        address = heard.address if self._lively is None else self._lively.of(heard.address)
        return self._told(audio, settle(address, self._rest.address))

    def _judged(self) -> Liveliness | None:
        """How lively the voice is, by some blocks spread over the speech. None if the model has no memory."""
        if self.model.memory is None:
            return None
        steps, rate = self.mel.shape[1], self.config.audio.mel_rate
        spoken = []
        for block in sample(-(-steps // BLOCK), BLOCKS):
            moments = np.arange(block * BLOCK, min((block + 1) * BLOCK, steps)) / rate
            moments = moments[self._voice.at(moments) > SPOKEN]
            if len(moments) and (address := self._sound.at(moments).address) is not None:
                spoken.append(address[0])
        none = torch.zeros(0, self.config.memory.slots, device=self.device)
        return liveliness(torch.cat([none, *spoken]), self.model.memory.values)

    def _told(self, audio: Tensor, address: Tensor) -> Heard:
        assert self.model.memory is not None  # noqa: S101 (there is an address)
        return Heard(audio, self.model.memory.read(address), address)


class Recalled:
    """What `model` recalls at each step of a spectrogram, mel (bands, T): once a step, however often it is asked.

    A frame's kernel asks for three times as many steps as lie between two frames, and each for 0.4 s of sound around.
    """

    def __init__(self, model: SyncTalkFace, config: Config, mel: Tensor) -> None:
        self.model, self.config, self.mel = model, config, mel
        self.device = next(model.parameters()).device
        self._blocks: OrderedDict[int, Heard] = OrderedDict()  # by number, latest used last

    def at(self, moments: NDArray[np.float64]) -> Heard:
        """Of the step nearest to each of `moments` (B,) seconds: (1, B, C)."""
        starts = window_start(moments, self.config.model.audio_steps, self.config.audio.mel_rate)
        numbers, which = np.unique(starts // BLOCK, return_inverse=True)
        index = torch.from_numpy(which.reshape(-1) * BLOCK + starts % BLOCK).to(self.device)
        blocks = [self._block(int(number)) for number in numbers]
        audio = torch.cat([block.audio for block in blocks], 1)[:, index]
        lips = torch.cat([block.lips for block in blocks], 1)[:, index]
        addresses = [block.address for block in blocks if block.address is not None]
        return Heard(audio, lips, torch.cat(addresses, 1)[:, index] if addresses else None)

    def _block(self, number: int) -> Heard:
        if number not in self._blocks:
            length = BLOCK + self.config.model.audio_steps - 1
            chunk = mel_from(self.mel, number * BLOCK, length, self.config.audio)
            starts = torch.arange(BLOCK, device=self.device)
            self._blocks[number] = self.model.recall_lips(chunk[None].to(self.device), starts[None])
        self._blocks.move_to_end(number)
        while len(self._blocks) > BLOCKS:
            self._blocks.popitem(last=False)
        return self._blocks[number]


def kernel(sigma: float, mel_rate: float) -> tuple[NDArray[np.float64], NDArray[np.float32]]:
    """A Gaussian of `sigma` seconds at whole mel steps: K offsets in seconds, as many weights that sum to one."""
    reach = int(np.ceil(2 * sigma * mel_rate))
    steps = np.arange(-reach, reach + 1)
    bell = np.exp(-0.5 * (steps / (sigma * mel_rate)) ** 2)
    return steps / mel_rate, (bell / bell.sum()).astype(np.float32)


def silent(config: Config) -> Tensor:
    """A spectrogram in which nobody speaks: (bands, 0), since all that lies outside a spectrogram is silence."""
    return torch.zeros(config.audio.bands, 0)


def of_frames(heard: Heard, frames: list[int]) -> Heard:
    """What is heard at some of the frames of a batch."""
    index = torch.tensor(frames, device=heard.audio.device)
    address = None if heard.address is None else heard.address[:, index]
    return Heard(heard.audio[:, index], heard.lips[:, index], address)
