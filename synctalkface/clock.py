"""Which moment each frame shows: frames <-> seconds <-> mel steps, and what to show when speech and picture differ.

All times are seconds (float64) from the zero of the file, all rates are fractions of frames a second. N frames.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from synctalkface.errors import ConfigError

Fit = Literal["loop", "bounce", "hold", "trim", "speech"]

JITTER = 0.002  # s: Matroska rounds timestamps to 1 ms, which is not a variable frame rate
_EPSILON = 1e-6  # float noise that must not become one more frame, nor move a tie in a rounding


@dataclass(frozen=True, eq=False)
class Clock:
    """When each frame of a clip is first shown.

    rate: nominal frames a second. starts: (N,) float64 seconds, increasing, N >= 1. ValueError if they are not.
    """

    rate: Fraction
    starts: NDArray[np.float64]

    def __post_init__(self) -> None:
        starts = np.array(self.starts, dtype=np.float64)
        if starts.ndim != 1 or len(starts) == 0 or self.rate <= 0:
            raise ValueError("A clock needs a positive rate and at least one frame.")
        if not np.all(np.diff(starts) > 0):
            raise ValueError("The frames of a clock must begin one after another.")
        starts.flags.writeable = False
        object.__setattr__(self, "starts", starts)

    @classmethod
    def constant(cls, rate: Fraction, frames: int, begin: float = 0.0) -> Clock:
        """`frames` frames, each 1/rate seconds long, the first shown at `begin`."""
        return cls(rate, begin + np.arange(frames, dtype=np.float64) * float(1 / rate))

    def __len__(self) -> int:
        return len(self.starts)

    @property
    def duration(self) -> float:
        """The second at which the last frame ends; it lasts 1/rate."""
        return float(self.starts[-1] + 1 / self.rate)

    @property
    def lengths(self) -> NDArray[np.float64]:
        """(N,) seconds that each frame is shown."""
        return np.diff(self.starts, append=self.duration)

    @property
    def centres(self) -> NDArray[np.float64]:
        """(N,) seconds of the middle of each frame's showing."""
        return self.starts + self.lengths / 2

    @property
    def variable(self) -> bool:
        """Do the frames leave the constant grid of the nominal rate by more than the jitter of a container?"""
        drift = self.starts - np.arange(len(self)) * float(1 / self.rate)
        return bool(np.ptp(drift) > 2 * JITTER)


@dataclass(frozen=True, eq=False)
class Timeline:
    """source: (M,) int64, the frame of the clip shown at each frame of the result. clock: M frames of the result."""

    source: NDArray[np.int64]
    clock: Clock


def shown_at(clock: Clock, seconds: NDArray[np.float64]) -> NDArray[np.int64]:
    """(M,) int64: the frame of `clock` on show at each of `seconds` (M,); outside, the end frames."""
    place = np.searchsorted(clock.starts, np.asarray(seconds) + _EPSILON, side="right") - 1
    return np.clip(place, 0, len(clock) - 1).astype(np.int64)


def window_start(centres: NDArray[np.float64], steps: int, mel_rate: float) -> NDArray[np.int64]:
    """The first mel step of the window of `steps` steps that belongs to each frame, (N,) int64.

    Mel step k is centred on k / mel_rate seconds; the window is the one whose centre is nearest to the frame's (the
    later one of two equally near). It may begin before 0. Training and dubbing both ask here and nowhere else.
    """
    exact = np.asarray(centres, dtype=np.float64) * mel_rate - (steps - 1) / 2 + 0.5
    return np.floor(exact + _EPSILON).astype(np.int64)


def fit_picture(clock: Clock, speech_seconds: float, fit: Fit) -> Timeline:
    """The frames to show for `speech_seconds` of speech over a clip with `clock`.

    loop, bounce, hold: longer speech prolongs the picture, up to a whole frame, by starting again, by going back and
    forth (the two end frames are not shown twice), or by standing still; a longer picture plays on in silence.
    trim: as long as the picture. speech: as long as the speech, by cutting or by going back and forth.
    Frames that are repeated keep their own length. Raises ConfigError for any other name.
    """
    if fit not in get_args(Fit):
        raise ConfigError(
            f"There is no way '{fit}' to fit picture and speech. Choose one of {', '.join(get_args(Fit))}."
        )
    if fit == "trim":
        return Timeline(np.arange(len(clock)), clock)
    if fit == "speech" and speech_seconds < clock.duration:
        kept = max(1, int(np.searchsorted(clock.starts, speech_seconds - _EPSILON)))
        return Timeline(np.arange(kept), Clock(clock.rate, clock.starts[:kept]))
    if speech_seconds <= clock.duration + _EPSILON:
        return Timeline(np.arange(len(clock)), clock)
    return _prolonged(clock, speech_seconds, "bounce" if fit == "speech" else fit)


def _prolonged(clock: Clock, until: float, fit: Fit) -> Timeline:
    frames, begin = len(clock), float(clock.starts[0])
    if not clock.variable:
        count = math.ceil((until - begin) * float(clock.rate) - _EPSILON)
        # the source's own timestamps first, so that a prolonged clip is the clip itself up to its end
        more = clock.duration + np.arange(count - frames) * float(1 / clock.rate)
        return Timeline(_order(frames, count, fit), Clock(clock.rate, np.concatenate([clock.starts, more])))
    lengths = clock.lengths
    shortest = float(lengths.min()) if fit != "hold" else float(lengths[-1])
    source = _order(frames, frames + math.ceil((until - clock.duration) / shortest) + 1, fit)
    ends = begin + np.cumsum(lengths[source])
    count = int(np.searchsorted(ends, until - _EPSILON)) + 1
    starts = np.concatenate([clock.starts, ends[frames - 1 : count - 1]])
    return Timeline(source[:count], Clock(clock.rate, starts))


def _order(frames: int, count: int, fit: Fit) -> NDArray[np.int64]:
    """(count,) which of `frames` frames comes at each place of an endless loop, bounce or hold."""
    place = np.arange(count, dtype=np.int64)
    if fit == "hold" or frames == 1:
        return np.minimum(place, frames - 1)
    if fit == "loop":
        return place % frames
    place %= 2 * frames - 2
    return np.minimum(place, 2 * frames - 2 - place)
