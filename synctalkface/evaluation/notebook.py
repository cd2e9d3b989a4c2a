"""What was measured so far, clip by clip, so that a comparison that was stopped goes on: JSON lines under hashes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from synctalkface.errors import OutputError


class Notebook:
    """The lines of the file `path`, which is made with the first of them. A line that was cut off is left out."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lines: dict[str, dict[str, Any]] = {}
        if path.is_file():
            for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
                try:
                    said = json.loads(line)
                    self._lines[said["key"]] = said["marks"]
                except (ValueError, KeyError, TypeError):
                    continue

    def find(self, key: str) -> dict[str, Any] | None:
        """What was written under `key`."""
        return self._lines.get(key)

    def add(self, key: str, marks: dict[str, Any]) -> None:
        """Write `marks` under `key`. Raises OutputError."""
        self._lines[key] = marks
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with self.path.open("a", encoding="utf-8") as file:
                # a line break first: the line before may have been cut off
                file.write("\n" + json.dumps({"key": key, "marks": marks}))
        except OSError as error:
            raise OutputError(f"{self.path} cannot be written ({error.strerror}). Choose another folder.") from None
