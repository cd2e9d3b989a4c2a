"""How lively the lips are for a voice: what is recalled for a stranger's lies near one shape, and is spread again.

A sound that is unlike those that trained is answered with nearly all slots at once, whatever it says, and the mouth
hardly moves. What differs from moment to moment is right all the same, only small. S slots.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

USUAL = 0.33  # what the recalled lips should spread, of all the memory's values; the voices that trained: 0.27 to 0.40
MOST = 2.0  # times as far: beyond it, what is heard wrong is shown large
ENOUGH = 40  # moments, half a second: what is spoken for less says nothing about the voice


class Liveliness(NamedTuple):
    """What is known of a voice: the mean of its addresses, and how many times as far from it each should lie."""

    mean: Tensor  # (S,)
    gain: float

    def of(self, address: Tensor) -> Tensor:
        """`address` (..., S) as it would be for a voice that trained: still positive, and summing to one."""
        if self.gain == 1:
            return address
        spread = torch.lerp(self.mean, address, self.gain).clamp_min(0)
        return spread / spread.sum(-1, keepdim=True)


def liveliness(addresses: Tensor, values: Tensor) -> Liveliness:
    """Of a voice, from its `addresses` (N, S) while it speaks, in a memory of `values` (S, C)."""
    if len(addresses) < ENOUGH:
        return Liveliness(values.new_zeros(len(values)), 1.0)
    mean = addresses.mean(0)
    found = _spread((addresses - mean) @ values)
    wanted = USUAL * _spread(values - values.mean(0))
    return Liveliness(mean, float(np.clip(wanted / max(found, 1e-6), 1.0, MOST)))


def sample(steps: int, most: int) -> NDArray[np.int64]:
    """At most `most` of the numbers below `steps`, evenly spread: all where there are no more."""
    return np.unique(np.linspace(0, max(steps - 1, 0), min(steps, most)).round().astype(np.int64))


def _spread(lips: Tensor) -> float:
    """The root of the summed variances of centred lips (N, C)."""
    return float(lips.square().sum(-1).mean().sqrt())
