"""How a long job is shown: bars on a terminal, now and then a line elsewhere, JSON lines for a program."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TextIO

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TaskID, TextColumn
from rich.progress import Progress as RichProgress

from synctalkface.events import Done, Event, Listener, Progress, Warned, json_lines


class PlainLines:
    """A listener that writes a line when a stage begins, when it ends, and every `every` seconds between."""

    def __init__(self, stream: TextIO, every: float = 10.0, now: Callable[[], float] = time.monotonic) -> None:
        self._stream, self._every, self._now = stream, every, now
        self._stage: str | None = None
        self._written = 0.0

    def __call__(self, event: Event) -> None:
        if isinstance(event, Warned):
            self._write(f"Warning: {event.message}")
        elif isinstance(event, Progress) and self._due(event):
            self._stage, self._written = event.stage, self._now()
            self._write(f"{event.stage}: {_amount(event)}{_time_left(event)}")

    def _due(self, event: Progress) -> bool:
        over = event.total is not None and event.done >= event.total
        return event.stage != self._stage or over or self._now() - self._written >= self._every

    def _write(self, line: str) -> None:
        self._stream.write(line + "\n")
        self._stream.flush()


class Bars:
    """A listener that draws one bar a stage with `drawing`, which the caller starts and stops."""

    def __init__(self, drawing: RichProgress) -> None:
        self._drawing = drawing
        self._tasks: dict[str, TaskID] = {}

    def __call__(self, event: Event) -> None:
        if isinstance(event, Warned):
            self._drawing.console.print(f"Warning: {event.message}", style="yellow", markup=False, highlight=False)
        elif isinstance(event, Progress):
            if event.stage not in self._tasks:
                self._tasks[event.stage] = self._drawing.add_task(event.stage, total=event.total, left="")
            self._drawing.update(
                self._tasks[event.stage], completed=event.done, total=event.total, left=_time_left(event)[2:]
            )


@contextmanager
def listening(events: bool) -> Iterator[Listener]:
    """The listener that fits where stdout and stderr lead to."""
    if events:
        yield json_lines(sys.stdout)
    elif sys.stderr.isatty():
        with RichProgress(
            TextColumn("{task.description:>10}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[left]}"),
            console=Console(stderr=True),
        ) as drawing:
            yield Bars(drawing)
    else:
        yield PlainLines(sys.stderr)


def conclude(result: dict[str, Any], sentence: str, events: bool) -> None:
    """Say on stdout how the job ended: `result` for a program, `sentence` for a person."""
    if events:
        json_lines(sys.stdout)(Done(result))
    else:
        typer.echo(sentence)


def _amount(event: Progress) -> str:
    if not event.total:
        return str(event.done)
    return f"{event.done} of {event.total} ({100 * event.done // event.total} %)"


def _time_left(event: Progress) -> str:
    """A tail such as ", 2:05 left"; empty while nobody knows, or when nothing is left."""
    if not event.seconds_left:
        return ""
    minutes, seconds = divmod(round(event.seconds_left), 60)
    hours, minutes = divmod(minutes, 60)
    return f", {hours}:{minutes:02}:{seconds:02} left" if hours else f", {minutes}:{seconds:02} left"
