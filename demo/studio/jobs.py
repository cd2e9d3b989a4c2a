"""Long work that can be watched and stopped: it runs beside, and whoever waits sees how far it has come."""

from __future__ import annotations

import html
import re
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from typing import Any, Generic, TypeVar

Result = TypeVar("Result")
Listener = Callable[[Any], None]

EVERY = 0.25  # s between two looks at a job
STAGES = {
    "find faces": "Finding the face",
    "cut out the face": "Cutting out the face",
    "measure the lips": "Measuring the lips",
    "adapt": "Learning the face",
    "dub": "Drawing the mouth",
}
IN_STEPS = {"measure the lips", "adapt"}  # the others are counted in frames


class Stopped(Exception):
    """The visitor no longer wants the result."""


class Job(Generic[Result]):
    """`work`, which is given a listener, in a thread. Leave the `with` block and it stops at the next event it tells.

    `work` runs to its end or stops before the block is left, so nothing writes to a folder that is deleted afterwards.
    """

    def __init__(self, work: Callable[[Listener], Result]) -> None:
        self._work = work
        self._latest: Any = None
        self._stop = threading.Event()
        self._thread = ThreadPoolExecutor(1)
        self._future: Future[Result]

    def __enter__(self) -> Job[Result]:
        self._future = self._thread.submit(self._work, self._hear)
        return self

    def __exit__(self, *reason: object) -> None:
        self._stop.set()
        self._thread.shutdown(wait=True)

    def events(self) -> Iterator[Any]:
        """What the work said last (None: nothing yet), a few times a second, until it is over."""
        while not wait([self._future], timeout=EVERY).done:
            yield self._latest

    def result(self) -> Result:
        """What the work returned, once it is over. Raises what the work raised."""
        return self._future.result()

    def _hear(self, event: Any) -> None:
        if self._stop.is_set():
            raise Stopped
        self._latest = event


def bar(event: Any) -> str:
    """An event of the library as HTML: which stage, how far, and how many seconds are left."""
    if not hasattr(event, "stage"):
        return note("Starting …")
    words = STAGES.get(event.stage, event.stage.capitalize())
    unit = "steps" if event.stage in IN_STEPS else "frames"
    count = f"{event.done} of {event.total} {unit}" if event.total else f"{event.done} {unit}"
    left = f", about {max(1, round(event.seconds_left))} s left" if event.seconds_left else ""
    amount = f' value="{event.done}" max="{event.total}"' if event.total else ""
    text = f"{html.escape(words)}: {count}{left}"
    return f'<div class="job" role="status"><label>{text}<progress{amount}></progress></label></div>'


def note(sentence: str) -> str:
    """`sentence` as HTML, in the place of the progress."""
    return f'<div class="job" role="status">{html.escape(sentence)}</div>'


def plain(error: Exception) -> str:
    """What `error` says, without the folders of this server."""
    return re.sub(r"/(?:[^/\s]+/)+", "", str(error))
