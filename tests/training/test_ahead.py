"""Drawing ahead changes when a batch is made and never what it holds."""

from __future__ import annotations

import threading

import pytest
import torch

from synctalkface.training.ahead import DEPTH, Ahead, threads


@pytest.mark.parametrize("count", [0, 1, 3])
def test_the_batch_that_is_asked_for_comes(count: int) -> None:
    ahead = Ahead(lambda number: number * number, count)
    assert [ahead(number) for number in (0, 1, 2, 3, 9, 10, 4)] == [0, 1, 4, 9, 81, 100, 16]


def test_the_next_ones_are_drawn_in_other_threads_before_they_are_asked_for() -> None:
    drawn: list[int] = []
    enough = threading.Event()

    def draw(number: int) -> threading.Thread:
        drawn.append(number)
        if len(drawn) >= DEPTH:
            enough.set()
        return threading.current_thread()

    assert Ahead(draw, 2)(0) is not threading.current_thread()
    assert enough.wait(10)
    assert sorted(drawn) == list(range(DEPTH))


def test_an_error_of_drawing_is_raised_where_the_batch_is_wanted() -> None:
    def draw(number: int) -> int:
        return 1 // (number - 2)

    ahead = Ahead(draw, 1)
    assert ahead(3) == 1
    with pytest.raises(ZeroDivisionError):
        ahead(2)


def test_on_the_cpu_nothing_is_drawn_ahead() -> None:
    assert threads(torch.device("cpu")) == 0
    assert threads(torch.device("cuda")) > 0
