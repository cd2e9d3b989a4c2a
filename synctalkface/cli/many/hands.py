"""Several processes at work on the jobs of a table: one that dies takes only its own job with it."""

from __future__ import annotations

import contextlib
import json
import os
import queue
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from synctalkface.cli.many.hand import outcome_of
from synctalkface.cli.many.jobs import Job
from synctalkface.cli.many.outcome import Outcome, died

LAST_WORDS = 10.0  # s that a process may take to clean up once it is told to end
Tell = Callable[[Job, dict[str, Any]], None]


def each(jobs: Sequence[Job], workers: int, tell: Tell) -> Iterator[Outcome]:
    """The outcome of every job, as they come, of `workers` processes. `tell` hears what the jobs say meanwhile."""
    waiting: queue.SimpleQueue[Job] = queue.SimpleQueue()
    for job in jobs:
        waiting.put(job)
    heard: queue.SimpleQueue[tuple[Job, dict[str, Any]] | Outcome] = queue.SimpleQueue()
    hands = [_Hand(waiting, heard, max(1, (os.cpu_count() or 1) // workers)) for _ in range(min(workers, len(jobs)))]
    try:
        for hand in hands:
            hand.start()
        left = len(jobs)
        while left:
            news = heard.get()
            if isinstance(news, Outcome):
                left -= 1
                yield news
            else:
                tell(*news)
    finally:
        for hand in hands:
            hand.stop()
        for hand in hands:
            hand.finish()


class _Hand(threading.Thread):
    """One process at a time, and the thread that listens to it."""

    def __init__(self, waiting: queue.SimpleQueue[Job], heard: queue.SimpleQueue[Any], threads: int) -> None:
        super().__init__(name="hand", daemon=True)
        self._waiting, self._heard = waiting, heard
        self._environment = {"OMP_NUM_THREADS": str(threads), **os.environ}
        self._process: subprocess.Popen[str] | None = None
        self._lock, self._unwanted = threading.Lock(), False

    def run(self) -> None:
        """Take jobs while there are any."""
        with tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as errors:
            while not self._unwanted:
                try:
                    job = self._waiting.get_nowait()
                except queue.Empty:
                    break
                self._heard.put(self._carry_out(job, errors))
            self._end()

    def stop(self) -> None:
        """Take no more jobs, and drop the one at hand."""
        with self._lock:
            self._unwanted = True
            if self._process is not None:
                self._process.terminate()  # it removes what is half done

    def finish(self) -> None:
        """Wait until its process is gone."""
        if self.ident is None:
            return  # never begun
        self.join(LAST_WORDS)
        with self._lock:
            if self._process is not None:
                self._process.kill()
        self.join()

    def _carry_out(self, job: Job, errors: Any) -> Outcome:
        process = self._living(errors)
        if process is None:
            return died(job, None, "it was not begun")
        assert process.stdin is not None and process.stdout is not None  # noqa: S101 (both are pipes)
        with contextlib.suppress(OSError):  # where it has died, its silence below tells
            process.stdin.write(json.dumps(job.arguments) + "\n")
            process.stdin.flush()
        last: list[dict[str, object]] = []
        for line in process.stdout:
            event = _event(line)
            if event["event"] == "ended":
                return outcome_of(job, last)
            if event["event"] in ("done", "failed"):
                last = [event]
            elif event["event"]:
                self._heard.put((job, event))
        code = process.wait()
        self._end()
        errors.seek(0)
        words = errors.read().strip().splitlines()
        return died(job, code, words[-1] if words else "without a word")

    def _living(self, errors: Any) -> subprocess.Popen[str] | None:
        """The process, begun if there is none; None if nobody wants it any more."""
        with self._lock:
            if self._unwanted:
                return None
            if self._process is None:
                errors.seek(0)
                errors.truncate()
                self._process = subprocess.Popen(
                    [sys.executable, "-X", "utf8", "-m", "synctalkface", "hand"],
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=errors,
                    text=True,
                    encoding="utf-8",
                    env=self._environment,
                )
            return self._process

    def _end(self) -> None:
        """Close the pipes of the process and wait until it is gone."""
        process = self._process
        if process is None:
            return
        assert process.stdin is not None and process.stdout is not None  # noqa: S101 (both are pipes)
        with contextlib.suppress(OSError):
            process.stdin.close()
        process.wait()
        process.stdout.close()
        with self._lock:
            self._process = None


def _event(line: str) -> dict[str, Any]:
    """The event in `line`; one without a name if it is none, for instance because its writer died over it."""
    try:
        event = json.loads(line)
    except ValueError:
        event = None
    return event if isinstance(event, dict) and "event" in event else {"event": ""}
