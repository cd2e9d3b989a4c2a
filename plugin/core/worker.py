"""The worker as the desk sees it: greeted once, warm between jobs, and never trusted to answer."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from .jobs import Job
from .messages import PROTOCOL, GarbledError, Message, dub
from .process import Child

PATIENCE = 3.0  # s between asking for a cancel and terminating the worker
LAST_PATIENCE = 2.0  # s more until it is killed
GREETING = 90.0  # s that a worker may take to say hello: the first start of a Python on a slow disk


class WorkerError(Exception):
    """The worker is of no use. `str(error)` is the sentence to show."""


class Worker:
    """Talks to `child`, a process that has just been started."""

    def __init__(self, child: Child, now: Callable[[], float] = time.monotonic) -> None:
        self.greeted = False  # it has said hello, and takes jobs
        self.device = ""  # where it computes, in words, once it has found out
        self._child, self._now = child, now
        self._started = now()
        self._deadline: float | None = None
        self._terminated = False
        child.send({"do": "hello", "protocol": PROTOCOL})

    @property
    def code(self) -> int | None:
        """Its exit code; None while it runs."""
        return self._child.code

    @property
    def log(self) -> Path:
        """What it wrote to stderr."""
        return self._child.log

    @property
    def pid(self) -> int:
        """Of its process."""
        return self._child.pid

    def submit(self, job: Job) -> None:
        """Give it `job`. If it does not listen any more, its end will be seen."""
        self._child.send(dub(job))

    def cancel(self, job: Job) -> None:
        """Ask it to stop `job`; `urge` follows up."""
        self._terminated = False
        heard = self._child.send({"do": "cancel", "job": job.id})
        self._deadline = self._now() + (PATIENCE if heard else 0.0)

    def answered(self) -> None:
        """The job that was to be cancelled is over."""
        self._deadline = None

    def urge(self) -> None:
        """Terminate, then kill a worker that does not stop the job it was asked to stop."""
        if self._deadline is None or self._now() < self._deadline:
            return
        if self._terminated:
            self._child.kill()
        else:
            self._child.terminate()
            self._terminated, self._deadline = True, self._now() + LAST_PATIENCE

    def events(self) -> list[Message]:
        """The next events of its job. Raises WorkerError if it is not the worker it should be, or says nothing."""
        ended = self.code is not None  # asked before reading, so that nothing it said last is missed
        try:
            events = [event for event in self._child.tail.read() if not self._its_own(event)]
        except GarbledError as error:
            raise WorkerError(
                f"What answers is not the worker of synctalkface (it said: {error}). "
                "Choose its Python in the preferences."
            ) from None
        if not self.greeted:
            self._check_greeting(ended)
        return events

    def how_it_ended(self) -> str:
        """In words."""
        return self._child.how_it_ended()

    def end(self) -> None:
        """End it at once."""
        self._child.kill()

    def _its_own(self, event: Message) -> bool:
        """Take note of what it says about itself; False if the event is about a job."""
        if event["event"] == "hello":
            if event.get("protocol") != PROTOCOL:
                raise WorkerError(
                    f"The worker speaks protocol {event.get('protocol')}, this add-on {PROTOCOL}. "
                    "Update the older of the two: the add-on, or synctalkface in the worker's Python."
                )
            self.greeted = True
        elif event["event"] == "ready":
            self.device = str(event.get("device", ""))
        return "job" not in event

    def _check_greeting(self, ended: bool) -> None:
        if ended:
            raise WorkerError(
                f"The worker ended before it said a word ({self.how_it_ended()}). "
                "Check its Python in the preferences, or make an environment there."
            )
        if self._now() - self._started > GREETING:
            raise WorkerError(f"The worker has not answered for {GREETING:.0f} s. Its log may say why.")
