"""Stages that overlap: the same items in the same order, at most one ahead, and nothing runs on after the end."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from synctalkface.ahead import ahead


class Counting:
    """0, 1, 2 ...; remembers how far it was asked, where, and whether it was closed."""

    def __init__(self, stop: int = 10, fails_at: int | None = None) -> None:
        self.stop, self.fails_at = stop, fails_at
        self.made, self.closed = 0, False
        self.threads: set[str] = set()

    def __iter__(self) -> Iterator[int]:
        try:
            for number in range(self.stop):
                self.threads.add(threading.current_thread().name)
                if number == self.fails_at:
                    raise RuntimeError(f"number {number} cannot be made")
                self.made += 1
                yield number
        finally:
            self.closed = True


def stage_threads() -> list[str]:
    return [thread.name for thread in threading.enumerate() if thread.name.startswith("stage")]


def test_the_items_come_in_their_order_and_from_a_thread_of_their_own() -> None:
    source = Counting()
    assert list(ahead(source)) == list(range(10))
    assert source.threads == {"stage_0"}
    assert source.closed
    assert stage_threads() == []


def test_a_stage_is_one_item_ahead_and_no_further() -> None:
    source = Counting(100)
    items = ahead(source)
    taken = [next(items) for _ in range(5)]
    assert taken == [0, 1, 2, 3, 4]
    assert source.made <= 6
    items.close()
    assert source.made <= 6
    assert source.closed
    assert stage_threads() == []


def test_an_error_comes_where_its_item_would_have_come() -> None:
    source = Counting(fails_at=3)
    items, taken = ahead(source), []
    with pytest.raises(RuntimeError, match="number 3 cannot be made"):
        for item in items:
            taken.append(item)
    assert taken == [0, 1, 2]
    assert source.closed
    assert stage_threads() == []


def test_an_error_of_the_first_stage_comes_through_the_second() -> None:
    source = Counting(fails_at=2)
    doubled = (2 * item for item in ahead(source))
    with pytest.raises(RuntimeError, match="number 2"):
        list(ahead(doubled))
    assert stage_threads() == []


def test_nothing_to_do_is_no_error() -> None:
    assert list(ahead([])) == []
