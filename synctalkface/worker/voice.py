"""The worker's one way to speak: JSON lines on a stream of its own, from any thread, each whole."""

from __future__ import annotations

import contextlib
import json
import threading
from typing import Any, TextIO

from synctalkface.events import Event, as_json


class Voice:
    """Writes to `stream`. A host that has gone is not told anything more, and that is no error."""

    def __init__(self, stream: TextIO) -> None:
        self._stream, self._lock = stream, threading.Lock()

    def say(self, event: str, **facts: Any) -> None:
        """One line with `facts`."""
        self._write(json.dumps({"event": event, **facts}, ensure_ascii=False))

    def tell(self, job: str, event: Event) -> None:
        """One line about `job`."""
        self._write(json.dumps({**json.loads(as_json(event)), "job": job}, ensure_ascii=False))

    def _write(self, line: str) -> None:
        with self._lock, contextlib.suppress(BrokenPipeError):
            self._stream.write(line + "\n")
            self._stream.flush()
