"""Which source frame and which second of sound a strip gives, against a slow reference."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plugin.core.strips import (
    Strip,
    as_runs,
    overlap,
    prolonged,
    scene_rate,
    sound_second,
    source_frames,
    why_render,
)
from synctalkface.worker.commands import expand


def movie(**changes: object) -> Strip:
    facts = {"name": "m", "kind": "MOVIE", "channel": 1, "left": 11, "right": 111, "content_start": 11}
    return Strip(**{**facts, "content_length": 100, "path": "/m.mp4", "rate": 25.0, **changes})  # type: ignore[arg-type]


def test_a_plain_strip_shows_frame_after_frame() -> None:
    assert source_frames(movie(), 11, 14) == [0, 1, 2]


def test_handles_hide_frames_and_a_hard_trim_moves_them() -> None:
    assert source_frames(movie(left=21), 21, 23) == [10, 11]
    assert source_frames(movie(trim_start=7, content_length=80), 11, 13) == [7, 8]


def test_beyond_the_content_its_ends_stand_still() -> None:
    assert source_frames(movie(left=9, right=113, content_length=3), 9, 16) == [0, 0, 0, 1, 2, 2, 2]


def test_reversed_frames_are_mirrored_within_what_the_trims_left() -> None:
    assert source_frames(movie(reversed=True, trim_start=7, content_length=80), 11, 13) == [86, 85]


def test_the_second_of_a_sound_follows_from_its_trims_and_its_offset() -> None:
    sound = movie(kind="SOUND", left=36, trim_start=5, sound_offset=0.1)
    assert sound_second(sound, 36, Fraction(25)) == pytest.approx((36 - 11 + 5) / 25 - 0.1)


def test_the_rate_of_a_scene_is_exact_though_blender_keeps_its_base_as_a_short_float() -> None:
    import struct

    [stored] = struct.unpack("f", struct.pack("f", 1.001))
    assert scene_rate(30, stored) == Fraction(30000, 1001)
    assert scene_rate(25, 1.0) == 25


def test_two_strips_overlap_where_both_are() -> None:
    assert overlap(movie(left=10, right=20), movie(left=15, right=30)) == (15, 20)
    assert overlap(movie(left=10, right=20), movie(left=20, right=30)) is None


@pytest.mark.parametrize(
    ("fit", "expected"),
    [
        ("overlap", [4, 5, 6]),
        ("hold", [4, 5, 6, 6, 6, 6, 6]),
        ("loop", [4, 5, 6, 4, 5, 6, 4]),
        ("bounce", [4, 5, 6, 5, 4, 5, 6]),
    ],
)
def test_longer_speech_prolongs_the_picture_as_chosen(fit: str, expected: list[int]) -> None:
    assert prolonged([4, 5, 6], 7, fit) == expected
    assert prolonged([4, 5, 6], 2, fit) == [4, 5, 6]
    assert set(prolonged([4], 3, fit)) == {4}


@given(st.lists(st.integers(0, 9), min_size=1, max_size=60))
def test_the_worker_unpacks_the_runs_that_the_add_on_packs(frames: list[int]) -> None:
    assert expand(as_runs(frames)).tolist() == frames


def test_an_hour_of_plain_film_is_one_run() -> None:
    assert as_runs(list(range(5, 90_005))) == [[5, 90_000, 1]]


def test_what_cannot_be_counted_is_rendered_and_the_reason_is_told() -> None:
    assert why_render(movie(), Fraction(25)) is None
    assert why_render(movie(odd=("its speed is changed",)), Fraction(25)) == "its speed is changed"
    assert why_render(movie(), Fraction(24)) == "it has 25 frames a second, the scene 24"
    assert why_render(movie(rate=29.97003), Fraction(30000, 1001)) is None
