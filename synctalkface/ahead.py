"""Stages of a job that work at the same time: each a step ahead of the one that takes its results, and no further."""

from __future__ import annotations

from collections.abc import Generator, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar, cast

T = TypeVar("T")
_END = object()


def ahead(source: Iterable[T]) -> Generator[T, None, None]:
    """The items of `source`, in their order: while one is being used, the next is made in a thread of its own.

    So each stage holds one item at a time, whatever the length. What `source` raises is raised here, where its item
    would have come. When this iterator is closed or given up, the item in the making is waited for, then `source` is
    closed: nothing runs on, and no child process is left.
    """
    iterator = iter(source)
    pool = ThreadPoolExecutor(1, "stage")
    try:
        coming = pool.submit(next, iterator, cast(T, _END))
        while (item := coming.result()) is not _END:
            coming = pool.submit(next, iterator, cast(T, _END))
            yield item
            del item  # or it would be kept while the next is waited for
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
        close = getattr(iterator, "close", None)
        if close is not None:
            close()
