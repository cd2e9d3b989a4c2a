"""An address track: the slots of the memory that are read at each moment, and how much they count beside the sound.

K keys, S slots, F moments. Times are seconds of the speech. An address is a row of S weights that are not negative and
sum to one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from synctalkface.errors import ConfigError

Shapes = Mapping[str, NDArray[np.float32]]  # name -> (S,) address

AT_KEY = 1e-6  # s: a moment this near to a key is the key
SUM_TOLERANCE = 1e-3  # of an address's sum


@dataclass(frozen=True, eq=False)
class AddressTrack:
    """Keys that say what the mouth does.

    times: (K,) float64 seconds, increasing. weights: (K, S) float32 addresses. shares: (K,) float32 in 0..1, how much
    of the address comes from the track; the rest comes from the sound. Raises ConfigError where they are not.
    """

    times: NDArray[np.float64]
    weights: NDArray[np.float32]
    shares: NDArray[np.float32]

    def __post_init__(self) -> None:
        keys = len(self.times)
        if keys == 0 or self.weights.ndim != 2 or len(self.weights) != keys or self.shares.shape != (keys,):
            raise ConfigError("An address track needs at least one key, and an address and a share for each.")
        if not (np.isfinite(self.times).all() and (np.diff(self.times) > AT_KEY).all()):
            raise ConfigError("The keys of an address track must come one after another in time. Sort them.")
        sums = self.weights.sum(1)
        bad = (self.weights < 0).any(1) | ~(np.abs(sums - 1) <= SUM_TOLERANCE)
        if bad.any():
            first = int(np.flatnonzero(bad)[0])
            raise ConfigError(
                f"The address at {self.times[first]:.3f} s is no address: its weights must not be negative and must "
                f"sum to 1 (they sum to {sums[first]:.4g})."
            )
        if not ((self.shares >= 0) & (self.shares <= 1)).all():
            raise ConfigError("A key's share must lie between 0 (the sound alone) and 1 (the track alone).")

    @property
    def slots(self) -> int:
        """S: how many slots the memory has that this track is for."""
        return int(self.weights.shape[1])

    def at(self, moments: NDArray[np.float64]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """The addresses (F, S) and shares (F,) at `moments` (F,) seconds.

        A key's own numbers exactly at a key; smooth and monotone between two keys; held before the first and after
        the last.
        """
        values = np.column_stack([self.weights, self.shares]).astype(np.float64)
        between = _monotone(self.times, values, np.asarray(moments, dtype=np.float64))
        weights, shares = between[:, :-1].clip(0), between[:, -1].clip(0, 1)
        weights = (weights / weights.sum(1, keepdims=True)).astype(np.float32)
        near = np.abs(self.times[None] - np.asarray(moments)[:, None])
        key = near.argmin(1)
        there = near.min(1) <= AT_KEY
        weights[there] = self.weights[key[there]]  # bit for bit: normalising again would change the last bits
        shares32 = shares.astype(np.float32)
        shares32[there] = self.shares[key[there]]
        return weights, shares32

    def mix(self, heard: NDArray[np.float32], moments: NDArray[np.float64]) -> NDArray[np.float32]:
        """What is read at `moments` (F,): the track's addresses, mixed with those the sound asks for, `heard` (F, S).

        Where the share is 1 or 0 the result is bit for bit the track's or the sound's.
        """
        if heard.shape[1] != self.slots:
            raise ConfigError(
                f"The address track is for a memory of {self.slots} slots, these weights have {heard.shape[1]}. "
                "Export the track again with these weights."
            )
        weights, shares = self.at(moments)
        share = shares[:, None]
        mixed = share * weights + (1 - share) * heard
        return np.where(share == 1, weights, np.where(share == 0, heard, mixed)).astype(np.float32)


def _monotone(x: NDArray[np.float64], y: NDArray[np.float64], at: NDArray[np.float64]) -> NDArray[np.float64]:
    """Piecewise cubic Hermite interpolation of y (K, C) over x (K,) without overshoot (Fritsch and Butland 1984)."""
    at = at.clip(x[0], x[-1])
    if len(x) == 1:
        return np.repeat(y, len(at), axis=0)
    step = np.diff(x)[:, None]
    slope = np.diff(y, axis=0) / step
    tangent = np.zeros_like(y)  # flat at both ends, so that a track begins and ends at rest
    if len(x) > 2:
        before, after = 2 * step[1:] + step[:-1], step[1:] + 2 * step[:-1]
        same = slope[:-1] * slope[1:] > 0
        with np.errstate(divide="ignore", invalid="ignore"):
            harmonic = (before + after) / (before / slope[:-1] + after / slope[1:])
        tangent[1:-1] = np.where(same, harmonic, 0)
    left = (np.searchsorted(x, at, side="right") - 1).clip(0, len(x) - 2)
    width = step[left]
    t = (at[:, None] - x[left][:, None]) / width
    return np.asarray(
        y[left] * (1 + 2 * t) * (1 - t) ** 2
        + y[left + 1] * t**2 * (3 - 2 * t)
        + width * t * (1 - t) * (tangent[left] * (1 - t) - tangent[left + 1] * t)
    )
