"""Batches drawn while the GPU is busy with those before: what a batch holds depends on its number alone."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Generic, TypeVar

import torch

DEPTH = 6  # batches that are drawn ahead

THREADS = 4  # that draw: one cannot keep up with a large GPU

Batch = TypeVar("Batch")


def threads(device: torch.device) -> int:
    """How many threads draw for a net on `device`; none on the CPU, where they would take its own time."""
    return THREADS if device.type == "cuda" else 0


class Ahead(Generic[Batch]):
    """`draw(number)`, begun before it is asked for. Any number may be asked for; the next ones are guessed."""

    def __init__(self, draw: Callable[[int], Batch], threads: int) -> None:
        self._draw = draw
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="draw") if threads else None
        self._begun: dict[int, Future[Batch]] = {}

    def __call__(self, number: int) -> Batch:
        """Batch `number`. Errors of `draw` are raised here."""
        if self._pool is None:
            return self._draw(number)
        for coming in range(number, number + DEPTH):
            if coming not in self._begun:
                self._begun[coming] = self._pool.submit(self._draw, coming)
        for passed in [old for old in self._begun if not number <= old < number + DEPTH]:
            self._begun.pop(passed).cancel()
        return self._begun.pop(number).result()
