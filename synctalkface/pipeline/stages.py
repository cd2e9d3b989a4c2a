"""What holds while the stages of a job work at the same time (see synctalkface.ahead)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import cv2


@contextmanager
def one_thread_each() -> Iterator[None]:
    """Inside, OpenCV uses no threads of its own: the stages are the threads, and its own took twice the processor time.

    The setting belongs to the whole process; it is put back at the end.
    """
    before = cv2.getNumThreads()
    cv2.setNumThreads(1)
    try:
        yield
    finally:
        cv2.setNumThreads(before)
