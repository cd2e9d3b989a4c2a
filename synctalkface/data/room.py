"""Make clean speech sound as if it was recorded elsewhere: with an echo, through a narrow line, in noise.

All of it is done to the spectrogram, as powers, so that the words stay where they are in time. Room acoustics after
Polack's model: a reverberation is an exponential decay, given by the time it takes to fall by 60 dB.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

DECAY = 0.2, 1.2  # s: until an echo is 60 dB weaker (RT60)
DIRECT = -3.0, 12.0  # dB: the speech above all of its echo
LOWEST = 2, 16  # of 80 bands: the first that a line lets through
HIGHEST = 48, 72  # and the last
SLOPE, STOPPED = 2.5, 60.0  # dB a band beyond them, and at most
NOISE = 5.0, 35.0  # dB below loud speech
UNEVEN = 8.0  # dB: how much a band's noise differs from the next octave's


def elsewhere(
    mel: NDArray[np.float32],
    rng: np.random.Generator,
    share: float,
    span: float,
    decibels: float,
    rate: float,
) -> NDArray[np.float32]:
    """The speech `mel` (bands, T) with an echo, a narrower band and noise, each with the chance `share`.

    From -span to span it covers `decibels`; `rate` is in steps a second.
    """
    echoes, narrowed, noisy = rng.random(3) < share
    if not (echoes or narrowed or noisy):
        return mel
    scale = decibels / (2 * span)  # dB a unit
    power = 10 ** (mel.astype(np.float64) * scale / 10)
    if echoes:
        power = _echo(power, float(rng.uniform(*DECAY)) * rate, float(rng.uniform(*DIRECT)))
    if narrowed:
        bands, places = np.arange(len(mel)), len(mel) / 80
        low, high = rng.uniform(*LOWEST) * places, rng.uniform(*HIGHEST) * places
        outside = np.maximum(low - bands, bands - high) / places
        power = power * 10 ** (-np.clip(outside * SLOPE, 0, STOPPED) / 10)[:, None]
    if noisy:
        loud = np.percentile(10 * np.log10(power), 95)
        knots = rng.uniform(-UNEVEN, UNEVEN, 4)
        level = loud - rng.uniform(*NOISE) + np.interp(np.linspace(0, 3, len(mel)), np.arange(4), knots)
        power = power + 10 ** (level / 10)[:, None] * rng.gamma(2.0, 0.5, power.shape)
    heard = 10 * np.log10(np.maximum(power, 1e-12)) / scale
    return np.asarray(np.clip(heard, -span, span), dtype=np.float32)


def _echo(power: NDArray[np.float64], steps: float, direct: float) -> NDArray[np.float64]:
    """`power` (bands, T) and what is left of all before: it falls by 60 dB in `steps`, its sum is `direct` dB lower."""
    keeps = 10 ** (-6 / steps)
    gain = 10 ** (-direct / 10) * (1 - keeps)
    heard, echo = np.empty_like(power), np.zeros(len(power))
    for step in range(power.shape[1]):
        heard[:, step] = power[:, step] + echo
        echo = keeps * echo + gain * power[:, step]
    return heard
