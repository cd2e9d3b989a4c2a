"""What a long job says while it runs: progress, warning, done, failed; as callbacks and as JSON lines."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from typing import Any, TextIO


@dataclass(frozen=True)
class Progress:
    """`done` of `total` units of a stage; `total` is None while it is unknown."""

    stage: str
    done: int
    total: int | None = None
    seconds_left: float | None = None


@dataclass(frozen=True)
class Warned:
    """Something the user should know that does not stop the job. `seconds` is where in the clip, if anywhere."""

    message: str
    seconds: float | None = None


@dataclass(frozen=True)
class Done:
    """The job ended well; `result` is its report as plain data."""

    result: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Failed:
    """The job ended with an error; `kind` is the error's class, `message` its sentence."""

    kind: str
    message: str


Event = Progress | Warned | Done | Failed
Listener = Callable[[Event], None]

_NAMES = {Progress: "progress", Warned: "warning", Done: "done", Failed: "failed"}


def ignore(event: Event) -> None:
    """The listener of those who do not want to know."""


def as_json(event: Event) -> str:
    """One line of JSON: the event's name under "event", then its fields."""
    return json.dumps({"event": _NAMES[type(event)], **asdict(event)}, ensure_ascii=False)


def json_lines(stream: TextIO) -> Listener:
    """A listener that writes every event to `stream` as one line of JSON, flushed at once."""

    def listen(event: Event) -> None:
        stream.write(as_json(event) + "\n")
        stream.flush()

    return listen
