"""When each frame of a clip is shown: from the timestamps in a file to a clock, on the grid of a rate if it has one."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import numpy as np
from av.video.stream import VideoStream
from numpy.typing import NDArray

from synctalkface.clock import JITTER, Clock
from synctalkface.errors import MediaError

LONGEST_STILL = 600.0  # s that one frame may be on show: screens that are recorded do stand still, but not for ever
SLOWEST, FASTEST = 1 / LONGEST_STILL, 1_000.0  # frames a second
_RATES = [Fraction(n) for n in (24, 25, 30, 48, 50, 60, 100, 120, 12, 15, 10)]
_RATES += [Fraction(n * 1000, 1001) for n in (24, 30, 48, 60, 120)]


def clock_of(stamps: list[int | None], stream: VideoStream, zero: float, path: Path) -> Clock:
    """The clock of packets with these timestamps; on the exact grid where they differ from one by rounding alone.

    zero: the file's time zero, s. Raises MediaError if the times are the work of damage: they would become hours of
    nothing.
    """
    rates = (stream.guessed_rate, stream.average_rate, stream.base_rate)
    told = [rate for rate in rates if rate and SLOWEST <= rate <= FASTEST]
    known = sorted({stamp for stamp in stamps if stamp is not None})
    if len(known) < len(stamps) // 2 or stream.time_base is None:  # a bare stream: frames without times
        return Clock.constant(told[0] if told else Fraction(25), len(stamps))
    first = known[0]  # apart, so that large times keep their small differences
    starts = np.array([stamp - first for stamp in known], dtype=np.float64) * float(stream.time_base)
    _check(starts, float(first * stream.time_base) - zero, path)
    starts += float(first * stream.time_base) - zero
    if len(starts) == 1:
        return Clock(told[0] if told else Fraction(25), starts)
    middle = float(np.median(np.diff(starts)))
    measured = Fraction((len(starts) - 1) / (starts[-1] - starts[0])).limit_denominator(1001)
    for rate in [*told, *_RATES, measured]:
        if 0.5 < float(rate) * middle < 2:  # the others are of no interest: 90000, or a mean with a long pause in it
            begin = _grid_begin(starts, rate)
            if begin is not None:
                return Clock.constant(rate, len(starts), begin)
    nearest = min(_RATES, key=lambda rate: abs(float(rate) * middle - 1))
    close = abs(float(nearest) * middle - 1) < 0.01
    return Clock(nearest if close else Fraction(1 / middle).limit_denominator(1001), starts)


def _check(starts: NDArray[np.float64], begin: float, path: Path) -> None:
    """MediaError if `starts` (N,), seconds since the first frame, which is shown at `begin`, cannot be meant."""
    shown = np.diff(starts, prepend=starts[0] - begin)
    longest, place = float(shown.max()), int(shown.argmax())
    if longest > LONGEST_STILL or begin < -LONGEST_STILL:
        raise MediaError(
            f"The times of the frames of {path} are damaged: frame {place + 1} comes {longest:.0f} s after the one "
            "before. Export it again."
        )
    if len(starts) > 1 and float(np.median(np.diff(starts))) < 1 / FASTEST:
        raise MediaError(
            f"The times of the frames of {path} are damaged: more than {FASTEST:g} come in a second. Export it again."
        )


def _grid_begin(starts: NDArray[np.float64], rate: Fraction) -> float | None:
    """Where the grid of `rate` begins on which all `starts` lie but for their rounding; None if they do not."""
    drift = starts - np.arange(len(starts)) * float(1 / rate)
    if np.ptp(drift) > 2 * JITTER:
        return None
    begin = float((drift.min() + drift.max()) / 2)
    return 0.0 if abs(begin) < JITTER else begin
