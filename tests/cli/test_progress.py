"""Progress is readable by people and by programs, and says neither too much nor too little."""

from __future__ import annotations

import io
import json

import pytest
from rich.console import Console
from rich.progress import Progress as RichProgress

from synctalkface.cli.progress import Bars, PlainLines, conclude, listening
from synctalkface.events import Progress, Warned


def lines(events: list[tuple[float, Progress | Warned]]) -> list[str]:
    stream, moments = io.StringIO(), [0.0]
    listener = PlainLines(stream, every=10.0, now=lambda: moments[0])
    for moment, event in events:
        moments[0] = moment
        listener(event)
    return stream.getvalue().splitlines()


def test_a_stage_is_named_when_it_begins_and_when_it_ends() -> None:
    assert lines([(0, Progress("track", 1, 3)), (1, Progress("track", 2, 3)), (2, Progress("track", 3, 3))]) == [
        "track: 1 of 3 (33 %)",
        "track: 3 of 3 (100 %)",
    ]


def test_between_begin_and_end_a_line_comes_every_ten_seconds() -> None:
    many = [(second / 10, Progress("draw", second, 1000)) for second in range(1, 301)]
    assert lines(many) == [
        "draw: 1 of 1000 (0 %)",
        "draw: 101 of 1000 (10 %)",
        "draw: 201 of 1000 (20 %)",
    ]


@pytest.mark.parametrize(
    ("seconds", "text"), [(5.0, ", 0:05 left"), (125.2, ", 2:05 left"), (7384.0, ", 2:03:04 left"), (None, "")]
)
def test_the_time_left_is_said_when_it_is_known(seconds: float | None, text: str) -> None:
    assert lines([(0, Progress("train", 1, 4, seconds))]) == [f"train: 1 of 4 (25 %){text}"]


def test_an_unknown_total_is_no_percentage() -> None:
    assert lines([(0, Progress("read", 7))]) == ["read: 7"]


def test_a_warning_is_always_written() -> None:
    warning = Warned("No face between 1.0 s and 1.5 s of talk.mp4.", 1.0)
    assert lines([(0, Progress("track", 1, 9)), (0, warning)])[1] == f"Warning: {warning.message}"


def test_on_a_terminal_every_stage_has_its_bar_and_warnings_stand_above() -> None:
    stream = io.StringIO()
    drawing = RichProgress(console=Console(file=stream, force_terminal=True, width=120))
    bars = Bars(drawing)
    with drawing:
        bars(Progress("track", 2, 4, 3.0))
        bars(Warned("[1.0 s] the face [left] is small"))
        bars(Progress("draw", 1, 4))
        bars(Progress("track", 4, 4))
    assert [(task.description, task.completed, task.total) for task in drawing.tasks] == [
        ("track", 4, 4),
        ("draw", 1, 4),
    ]
    assert "Warning: [1.0 s] the face [left] is small" in stream.getvalue()


def test_a_program_gets_json_lines_and_the_result_last(capsys: pytest.CaptureFixture[str]) -> None:
    with listening(events=True) as listener:
        listener(Progress("draw", 1, 2))
    conclude({"frames": 2}, "Two frames.", events=True)
    out, err = capsys.readouterr()
    first, last = map(json.loads, out.splitlines())
    assert (first["event"], first["done"], first["total"]) == ("progress", 1, 2)
    assert last == {"event": "done", "result": {"frames": 2}}
    assert err == ""


def test_without_a_terminal_people_get_plain_lines_on_stderr_and_the_sentence_on_stdout(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with listening(events=False) as listener:
        listener(Progress("draw", 1, 2))
    conclude({"frames": 2}, "Two frames.", events=False)
    assert capsys.readouterr() == ("Two frames.\n", "draw: 1 of 2 (50 %)\n")
