"""The Audio-Lip Memory: sounds look up the lip shapes that go with them (paper, section 3.1).

C channels, S slots; "..." is any leading shape, (B, F) in training.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn.functional import normalize

from synctalkface.config import MemoryConfig
from synctalkface.models.layers import in_float32

INIT_STD = 0.5  # of both banks


class Recall(NamedTuple):
    """What an address reads."""

    lips: Tensor  # (..., C)
    address: Tensor  # (..., S), positive, sums to one


class Query(nn.Module):
    """A feature as the memory is asked for it: a linear map, then each channel to zero mean and unit variance.

    ReLU'd features share a large common part, so all their cosines are alike and every feature gets the same address.
    Centring takes the common part away.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.linear = nn.Linear(channels, channels, bias=False)  # the norm would take a bias away again
        self.norm = nn.BatchNorm1d(channels, affine=False)

    def forward(self, feature: Tensor) -> Tensor:
        query: Tensor = self.norm(self.linear(feature.flatten(0, -2)))
        return query.view_as(feature)


class AudioLipMemory(nn.Module):
    """Two banks of S slots: keys for sounds, values for lips. Always in float32.

    address = softmax(kappa * cos(query, bank)), and an address reads address . values.
    """

    def __init__(self, channels: int, config: MemoryConfig) -> None:
        super().__init__()
        self.sharpness, self.emphasis = config.sharpness, config.emphasis
        self.keys = nn.Parameter(torch.empty(config.slots, channels).normal_(std=INIT_STD))
        self.values = nn.Parameter(torch.empty(config.slots, channels).normal_(std=INIT_STD))
        self.key_query: nn.Module = Query(channels) if config.centred else nn.Identity()
        self.value_query: nn.Module = Query(channels) if config.centred else nn.Identity()

    def recall(self, audio: Tensor) -> Recall:
        """In use and in training: sound in, lips out. audio (..., C)."""
        return self._look_up(audio, self.key_query, self.keys)

    def store(self, lips: Tensor) -> Recall:
        """In training: true lips find the slots that hold them. lips (..., C)."""
        return self._look_up(lips, self.value_query, self.values)

    def read(self, address: Tensor) -> Tensor:
        """Lips at an address (..., S) -> (..., C): the way to move a mouth by hand, without sound."""
        with in_float32(address.device):
            return address.float() @ self.values

    def emphasise(self, rest: Tensor) -> None:
        """From now on whatever an address reads lies `emphasis` times as far from `rest` (C,); once only.

        Addresses sum to one, so it is enough to move the values: then sounds, hand-made addresses and tracks agree.
        """
        with torch.no_grad():
            self.values.copy_(torch.lerp(rest, self.values, self.emphasis))
        self.emphasis = 1.0

    def _look_up(self, feature: Tensor, query: nn.Module, bank: Tensor) -> Recall:
        with in_float32(feature.device):
            asked = normalize(query(feature.float()), dim=-1)
            address = torch.softmax(self.sharpness * asked @ normalize(bank, dim=-1).T, dim=-1)
            return Recall(address @ self.values, address)
