"""What the add-on and the worker say to each other: one JSON object a line, commands down, events up.

Commands: {"do": "hello", "protocol": 1}, {"do": "dub", "job": id, ...}, {"do": "cancel", "job": id}, {"do": "quit"}.
Events: hello, ready, started, progress, warning, done, failed, cancelled, bye; those of a job carry "job".
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from .jobs import Job

PROTOCOL = 1
LINES_A_TICK = 20
_CHUNK = 1 << 16  # bytes read at once

Message = dict[str, Any]


class GarbledError(Exception):
    """What came was no event. `str(error)` is the beginning of it."""


def as_line(message: Message) -> bytes:
    """`message` as it is written to the worker."""
    return (json.dumps(message, ensure_ascii=True) + "\n").encode("ascii")


def dub(job: Job) -> Message:
    """The command that asks for `job`."""
    asked = ("video", "speech", "out", "runs", "rate", "speech_begin", "clip_rate")
    return {"do": "dub", "job": job.id, **{name: getattr(job, name) for name in asked}, **job.settings}


class Tail:
    """Reads the events that another process appends to the file `path`, each once and whole."""

    def __init__(self, path: Path) -> None:
        self._path, self._offset, self._rest = path, 0, b""

    def read(self, most: int = LINES_A_TICK) -> list[Message]:
        """The next events, `most` at once. Raises GarbledError at a line that is none."""
        lines = self._lines(most)
        return [_parsed(line) for line in lines if line.strip()]

    def _lines(self, most: int) -> list[bytes]:
        if self._rest.count(b"\n") < most and self._path.exists():
            with self._path.open("rb") as file:
                file.seek(self._offset)
                data = file.read(_CHUNK)
            self._offset += len(data)
            self._rest += data
        lines = self._rest.split(b"\n")
        taken = min(most, len(lines) - 1)
        self._rest = b"\n".join(lines[taken:])
        return lines[:taken]


def _parsed(line: bytes) -> Message:
    try:
        message = json.loads(line)
    except ValueError:
        message = None
    if not isinstance(message, dict) or not isinstance(message.get("event"), str):
        raise GarbledError(line[:80].decode("utf-8", "replace"))
    return message
