"""Frames, mel steps and seconds agree, and every way of fitting picture to speech keeps its promise."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from synctalkface.clock import Clock, fit_picture, shown_at, window_start
from synctalkface.errors import ConfigError

RATES = [Fraction(25), Fraction(30), Fraction(60), Fraction(30_000, 1001), Fraction(24_000, 1001), Fraction(25, 2)]
FITS = ["loop", "bounce", "hold", "trim", "speech"]


@st.composite
def clocks(draw: st.DrawFn) -> Clock:
    rate = draw(st.sampled_from(RATES))
    frames = draw(st.integers(1, 40))
    if draw(st.booleans()):
        return Clock.constant(rate, frames, draw(st.sampled_from([0.0, 0.5])))
    lengths = draw(st.lists(st.floats(0.01, 0.3), min_size=frames, max_size=frames))
    return Clock(rate, np.cumsum(lengths) - lengths[0])


def slow_window_start(centre: float, steps: int, mel_rate: float) -> int:
    """Try every window near the frame, keep the nearest; of two equally near the later."""
    around = round(centre * mel_rate)
    distance = {
        begin: abs((begin + (steps - 1) / 2) / mel_rate - centre)
        for begin in range(around - steps - 2, around + steps + 2)
    }
    nearest = min(distance.values())
    return max(begin for begin, far in distance.items() if far < nearest + 1e-9)


@given(st.sampled_from(RATES), st.integers(0, 5000), st.integers(1, 40))
def test_the_mel_window_is_the_one_nearest_to_the_middle_of_the_frame(rate: Fraction, frame: int, steps: int) -> None:
    centre = float((frame + Fraction(1, 2)) / rate)
    assert window_start(np.array([centre]), steps, 80.0)[0] == slow_window_start(centre, steps, 80.0)


def test_mel_windows_of_25_frames_a_second_are_the_known_ones() -> None:
    # centres at 0.02, 0.06, 0.1 s are mel steps 1.6, 4.8, 8.0
    assert window_start(Clock.constant(Fraction(25), 3).centres, 5, 80.0).tolist() == [0, 3, 6]
    assert window_start(Clock.constant(Fraction(25), 3).centres, 16, 80.0).tolist() == [-6, -3, 1]


def test_a_tie_falls_the_same_way_whatever_the_float_noise() -> None:
    centres = np.array([0.1 - 1e-12, 0.1, 0.1 + 1e-12])
    assert len(set(window_start(centres, 16, 80.0).tolist())) == 1


def test_a_constant_clock_knows_its_times() -> None:
    clock = Clock.constant(Fraction(25), 50)
    assert len(clock) == 50
    assert clock.duration == pytest.approx(2.0)
    assert clock.centres[[0, 49]] == pytest.approx([0.02, 1.98])
    assert not clock.variable


def test_timestamps_rounded_to_milliseconds_are_still_constant() -> None:
    starts = np.round(np.arange(10_000) * 1001 / 30_000, 3)
    assert not Clock(Fraction(30_000, 1001), starts).variable


def test_one_late_frame_makes_a_clock_variable() -> None:
    starts = np.arange(100) / 25
    starts[50:] += 0.01
    assert Clock(Fraction(25), starts).variable


def test_the_middle_of_a_long_frame_is_later() -> None:
    clock = Clock(Fraction(10), np.array([0.0, 0.1, 0.5]))
    assert clock.centres == pytest.approx([0.05, 0.3, 0.55])


@pytest.mark.parametrize("starts", [[], [0.0, 0.0], [1.0, 0.5]])
def test_a_clock_without_an_order_is_refused(starts: list[float]) -> None:
    with pytest.raises(ValueError, match="clock"):
        Clock(Fraction(25), np.array(starts))


@pytest.mark.parametrize(
    ("fit", "seconds", "shown"),
    [
        ("loop", 0.9, [0, 1, 2, 3, 0, 1, 2, 3, 0]),
        ("bounce", 0.9, [0, 1, 2, 3, 2, 1, 0, 1, 2]),
        ("hold", 0.61, [0, 1, 2, 3, 3, 3, 3]),
        ("trim", 0.9, [0, 1, 2, 3]),
        ("speech", 0.7, [0, 1, 2, 3, 2, 1, 0]),
        ("speech", 0.15, [0, 1]),
        ("speech", 0.0, [0]),
        ("loop", 0.15, [0, 1, 2, 3]),
        ("trim", 0.15, [0, 1, 2, 3]),
    ],
)
def test_four_frames_are_fitted_as_promised(fit: str, seconds: float, shown: list[int]) -> None:
    timeline = fit_picture(Clock.constant(Fraction(10), 4), seconds, fit)  # type: ignore[arg-type]
    assert timeline.source.tolist() == shown
    assert timeline.clock.starts == pytest.approx(np.arange(len(shown)) / 10)


@given(clocks(), st.floats(0, 30), st.sampled_from(FITS))
def test_every_fit_is_as_long_as_it_says(clock: Clock, seconds: float, fit: str) -> None:
    timeline = fit_picture(clock, seconds, fit)  # type: ignore[arg-type]
    result = timeline.clock
    assert len(timeline.source) == len(result)
    assert timeline.source.min() >= 0
    assert timeline.source.max() < len(clock)
    if fit == "trim" or (fit != "speech" and seconds <= clock.duration):
        assert timeline.source.tolist() == list(range(len(clock)))
        assert result.duration == clock.duration
    elif len(result) > 1:  # the last frame is needed and enough
        assert result.starts[-1] < seconds
        shown_until = result.starts[-1] + max(clock.lengths.max(), float(1 / clock.rate))
        assert shown_until >= seconds - 1e-5


@given(clocks(), st.floats(0, 30), st.sampled_from(["bounce", "hold", "speech"]))
def test_no_fit_but_the_loop_ever_jumps(clock: Clock, seconds: float, fit: str) -> None:
    steps = np.diff(fit_picture(clock, seconds, fit).source)  # type: ignore[arg-type]
    assert np.abs(steps).max(initial=0) <= 1


@given(clocks(), st.floats(0, 30), st.sampled_from(FITS))
def test_the_clip_itself_is_never_retimed(clock: Clock, seconds: float, fit: str) -> None:
    timeline = fit_picture(clock, seconds, fit)  # type: ignore[arg-type]
    own = min(len(clock), len(timeline.clock))
    assert timeline.clock.starts[:own].tolist() == clock.starts[:own].tolist()


def test_frames_that_come_again_keep_their_own_length() -> None:
    clock = Clock(Fraction(10), np.array([0.0, 0.3, 0.4]))  # shown for 0.3, 0.1, 0.1 s
    looped = fit_picture(clock, 0.95, "loop")
    assert looped.source.tolist() == [0, 1, 2, 0, 1, 2]
    assert looped.clock.starts == pytest.approx([0.0, 0.3, 0.4, 0.5, 0.8, 0.9])


def test_an_unknown_fit_is_named_with_the_known_ones() -> None:
    with pytest.raises(ConfigError, match=r"'stretch'.*loop, bounce, hold"):
        fit_picture(Clock.constant(Fraction(25), 2), 1.0, "stretch")  # type: ignore[arg-type]


def test_the_frame_on_show_at_a_moment_is_the_latest_that_has_begun() -> None:
    clock = Clock(Fraction(10), np.array([0.0, 0.3, 0.4]))
    assert shown_at(clock, np.array([-1.0, 0.0, 0.29, 0.3, 0.39, 0.4, 9.0])).tolist() == [0, 0, 0, 1, 1, 2, 2]
