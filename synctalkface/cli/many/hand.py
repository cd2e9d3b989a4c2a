"""The process that carries out job after job for `dub-many`, and keeps the model between them.

A line on stdin is the arguments of a job, as a JSON list; what it has to say comes as JSON lines on stdout, and then
{"event": "ended", "code": 0}. It ends with its stdin.
"""

from __future__ import annotations

import contextlib
import io
import json
import signal
import sys

from synctalkface.cli.many.jobs import Job
from synctalkface.cli.many.outcome import Outcome


def hand() -> None:
    """Carry out the jobs on stdin."""
    from synctalkface.cli.main import answer

    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C goes to all; who gave the jobs says what becomes of us
    for line in sys.stdin:
        code = answer(["dub", *_spoken(json.loads(line))])
        sys.stdout.write(json.dumps({"event": "ended", "code": code}) + "\n")
        sys.stdout.flush()


def attempt(job: Job) -> Outcome:
    """Carry out `job` in this process."""
    from synctalkface.cli.main import answer

    said = io.StringIO()
    with contextlib.redirect_stdout(said), contextlib.redirect_stderr(io.StringIO()):
        answer(["dub", *_spoken(list(job.arguments))])
    return outcome_of(job, [json.loads(line) for line in said.getvalue().splitlines()])


def outcome_of(job: Job, events: list[dict[str, object]]) -> Outcome:
    """What became of `job`, whose last event tells it."""
    last = dict(events[-1]) if events else {}
    if last.get("event") == "done":
        result = last["result"]
        assert isinstance(result, dict)  # noqa: S101 (it is what `dub` writes)
        return Outcome(job, "done", result={name: value for name, value in result.items() if name != "out"})
    return Outcome(job, "failed", str(last.get("kind", "Stopped")), str(last.get("message", "It was stopped.")))


def _spoken(arguments: list[str]) -> list[str]:
    """The arguments, with the wish for events before the end of the options."""
    return ["--events", *arguments]
