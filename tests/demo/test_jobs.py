"""A job tells how far it is, hands on its result or its error, and stops when nobody waits for it any more."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from studio.jobs import Job, Stopped, bar, note, plain
from synctalkface.errors import MediaError
from synctalkface.events import Progress


def test_it_returns_what_the_work_returned() -> None:
    with Job(lambda listen: 42) as job:
        assert list(job.events()) == []
        assert job.result() == 42


def test_it_raises_what_the_work_raised() -> None:
    def work(listen: Any) -> None:
        raise MediaError("face.mp4 is empty.")

    with Job(work) as job, pytest.raises(MediaError, match="is empty"):
        job.result()


def test_it_tells_the_last_event() -> None:
    heard = threading.Event()

    def work(listen: Any) -> str:
        listen(Progress("dub", 1, 4))
        listen(Progress("dub", 2, 4))
        heard.wait(10)
        return "done"

    with Job(work) as job:
        for event in job.events():
            if event is not None:
                assert event == Progress("dub", 2, 4)
                heard.set()
        assert job.result() == "done"


def test_it_stops_at_the_next_event_when_it_is_left() -> None:
    going, stopped = threading.Event(), threading.Event()

    def work(listen: Any) -> None:
        try:
            while True:
                listen(Progress("dub", 1, 4))
                going.set()
        except Stopped:
            stopped.set()
            raise

    with Job(work):
        going.wait(10)
    assert stopped.is_set()


def test_the_bar_says_stage_amount_and_seconds_left() -> None:
    shown = bar(Progress("find faces", 30, 75, 4.4))
    assert "Finding the face: 30 of 75 frames, about 4 s left" in shown
    assert '<progress value="30" max="75">' in shown
    assert 'role="status"' in shown
    assert "Learning the face: 3 of 300 steps" in bar(Progress("adapt", 3, 300, 45.0))
    assert "Measuring the lips: 2 of 5 steps" in bar(Progress("measure the lips", 2, 5, None))


def test_words_of_visitors_are_not_taken_for_html() -> None:
    assert "<script>" not in note("<script>alert(1)</script>")
    assert "<b>" not in bar(Progress("<b>", 1, 2))


def test_a_sentence_names_no_folder_of_the_server() -> None:
    error = MediaError("/srv/gradio/ab12/talk show.mp4 is empty. Copy or export it again.")
    assert plain(error) == "talk show.mp4 is empty. Copy or export it again."
