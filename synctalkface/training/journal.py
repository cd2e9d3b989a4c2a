"""The log of a run: one JSON object a line in log.jsonl, and sample pictures beside it."""

from __future__ import annotations

import json
from collections import defaultdict
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from synctalkface.training.board import Board

NAME = "log.jsonl"
LOG_EVERY = 50  # steps


class Journal:
    """Appends rows to log.jsonl. A resumed run drops the rows written after the checkpoint it goes on from.

    `board` is told the same. With `silent` nothing is written: of several processes one keeps the log.
    """

    def __init__(self, folder: Path, step: int, board: Board | None = None, silent: bool = False) -> None:
        self.folder, self.board, self.silent = folder, board, silent
        self.path = folder / NAME
        if silent:
            return
        rows = self.path.read_text(encoding="utf-8").splitlines() if self.path.exists() else []
        kept = [row for row in rows if _step(row) <= step]
        self.path.write_text("".join(row + "\n" for row in kept if step), encoding="utf-8")

    def write(self, kind: str, step: int, **values: Any) -> None:
        """Add one row."""
        if self.silent:
            return
        row = {"kind": kind, "step": step, **{k: _rounded(v) for k, v in values.items()}}
        with self.path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(row) + "\n")
        if self.board and kind != "start":
            self.board.numbers(kind, step, values)

    def picture(self, step: int, rgb: NDArray[np.uint8]) -> None:
        """Save a sample picture (H, W, 3) beside the log."""
        if self.silent:
            return
        folder = self.folder / "samples"
        folder.mkdir(exist_ok=True)
        cv2.imwrite(str(folder / f"{step:07d}.png"), cv2.cvtColor(rgb, cv2.COLOR_RGB2BGR))
        if self.board:
            self.board.picture(step, rgb)

    def close(self) -> None:
        """Nothing more will be written."""
        if self.board:
            self.board.close()


def keep(folder: Path, step: int, first: bool, tensorboard: bool) -> Journal:
    """The journal of a run in `folder`: of several processes the `first` keeps it, for TensorBoard too if asked."""
    return Journal(folder, step, Board(folder, step) if tensorboard and first else None, silent=not first)


class Means:
    """The means of named numbers since they were last taken, each over the steps that it came in."""

    def __init__(self) -> None:
        self._values: defaultdict[str, list[float]] = defaultdict(list)

    def add(self, values: dict[str, float]) -> None:
        for name, value in values.items():
            self._values[name].append(value)

    def take(self) -> dict[str, float]:
        taken = {name: sum(values) / len(values) for name, values in self._values.items()}
        self._values.clear()
        return taken


def read(folder: Path) -> list[dict[str, Any]]:
    """All rows of a run's log."""
    return [json.loads(row) for row in (folder / NAME).read_text(encoding="utf-8").splitlines()]


def _step(row: str) -> int:
    try:
        return int(json.loads(row)["step"])
    except (ValueError, KeyError):  # a row that was cut off by a crash
        return 1 << 62


def _rounded(value: Any) -> Any:
    return round(value, 6) if isinstance(value, float) else value
