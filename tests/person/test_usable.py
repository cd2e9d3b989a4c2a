"""Where a mouth is drawn and where not, and how the change fades: from planted sizes, turns, hands and cuts."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from synctalkface.person.usable import BACK, COVERED, EDGE, NEAR, SMALLEST, TURNED, Why, fade, judge, shots_of

RATE = 25.0
FADE = 4  # frames at this rate


def judged(count: int = 60, cuts: tuple[int, ...] = (), **planted: dict[tuple[int, int], float]) -> list[str]:
    """The verdict on `count` frames of a large frontal face; `planted`: sizes, yaw, covered or seen, by frames."""
    values: dict[str, NDArray[Any]] = {
        "seen": np.ones(count, bool),
        "sizes": np.full(count, 200.0),
        "yaw": np.zeros(count),
        "covered": np.zeros(count, np.float32),
    }
    for name, changes in planted.items():
        for (start, stop), value in changes.items():
            values[name][start:stop] = value
    shots = shots_of(cuts, count)
    why = judge(values["seen"], values["sizes"], values["yaw"], values["covered"], shots, RATE)
    return [Why(int(one)).name for one in why]


def test_a_large_frontal_face_is_drawn_throughout() -> None:
    assert set(judged()) == {"DRAWN"}


@pytest.mark.parametrize(
    ("name", "value", "why"),
    [
        ("seen", 0, "ABSENT"),
        ("sizes", SMALLEST - 1, "SMALL"),
        ("yaw", TURNED + 1, "TURNED"),
        ("yaw", -TURNED - 1, "TURNED"),
    ],
)
def test_each_reason_leaves_exactly_its_frames(name: str, value: float, why: str) -> None:
    verdict = judged(**{name: {(20, 30): value}})
    assert verdict == ["DRAWN"] * 20 + [why] * 10 + ["DRAWN"] * 30


def test_a_head_must_turn_back_by_some_before_its_mouth_is_drawn_again() -> None:
    verdict = judged(yaw={(20, 25): TURNED + 1, (25, 40): (TURNED + BACK) / 2})
    assert verdict == ["DRAWN"] * 20 + ["TURNED"] * 20 + ["DRAWN"] * 20
    assert set(judged(yaw={(20, 40): (TURNED + BACK) / 2})) == {"DRAWN"}


def test_a_hand_is_left_alone_as_long_as_a_bit_of_it_is_seen() -> None:
    nearly = (COVERED + EDGE) / 2
    verdict = judged(covered={(18, 20): nearly, (20, 22): COVERED, (22, 26): nearly})
    near = round(NEAR * RATE)
    assert verdict == ["DRAWN"] * (18 - near) + ["COVERED"] * (8 + 2 * near) + ["DRAWN"] * (34 - near)
    assert set(judged(covered={(18, 26): nearly})) == {"DRAWN"}


def test_a_hand_on_its_way_does_not_reach_beyond_a_cut() -> None:
    verdict = judged(cuts=(20,), covered={(20, 30): 1.0})
    assert verdict[:20] == ["DRAWN"] * 20
    assert verdict[20:32] == ["COVERED"] * 12


def test_between_two_gaps_no_mouth_flashes_up() -> None:
    verdict = judged(covered={(20, 24): 1.0, (32, 36): 1.0})
    assert verdict[20:36] == ["COVERED"] * 16
    verdict = judged(seen={(20, 24): 0, (27, 30): 0})
    assert verdict[20:30] == ["ABSENT"] * 10
    longer = judged(seen={(20, 24): 0, (34, 40): 0})
    assert longer[24:34] == ["DRAWN"] * 10


def test_a_short_shot_is_drawn_whatever_lies_around_it() -> None:
    verdict = judged(cuts=(20, 23), seen={(10, 20): 0, (23, 40): 0})
    assert verdict[20:23] == ["DRAWN"] * 3


def strengths(verdict: list[str], cuts: tuple[int, ...] = ()) -> NDArray[np.float32]:
    why = np.array([Why[name] for name in verdict], np.uint8)
    return fade(why, shots_of(cuts, len(why)), RATE)


def test_the_change_fades_out_before_a_gap_and_in_after_it_and_is_nothing_inside() -> None:
    strength = strengths(["DRAWN"] * 20 + ["COVERED"] * 10 + ["DRAWN"] * 20)
    assert (strength[20:30] == 0).all()
    assert (strength[: 20 - FADE] == 1).all()
    assert (strength[30 + FADE :] == 1).all()
    assert (np.diff(strength[20 - FADE - 1 : 21]) < 0).all()
    assert (np.diff(strength[29 : 30 + FADE + 1]) > 0).all()


def test_nothing_fades_at_a_cut_nor_where_the_clip_begins_and_ends() -> None:
    assert (strengths(["DRAWN"] * 30) == 1).all()
    verdict = ["DRAWN"] * 10 + ["ABSENT"] * 10 + ["DRAWN"] * 10
    strength = strengths(verdict, cuts=(10, 20))
    assert strength.tolist() == [1.0] * 10 + [0.0] * 10 + [1.0] * 10


def test_a_mouth_drawn_for_a_moment_rises_and_falls_without_a_jump() -> None:
    strength = strengths(["ABSENT"] * 10 + ["DRAWN"] * 6 + ["ABSENT"] * 10)
    assert np.abs(np.diff(strength)).max() < 0.5
    assert strength[10:16].tolist() == strength[10:16][::-1].tolist()
    assert (strength[10:16] > 0).all()


@pytest.mark.parametrize("rate", [5.0, 25.0, 60.0])
def test_a_fade_lasts_as_long_at_every_rate(rate: float) -> None:
    why = np.array([Why.ABSENT] * 100 + [Why.DRAWN] * 100, np.uint8)
    strength = fade(why, shots_of((), 200), rate)
    rising = ((strength > 0) & (strength < 1)).sum() / rate
    assert 0.1 <= rising <= 0.25
