"""What a dub tells about itself, for a program and for a person."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from synctalkface.pipeline import Report


@pytest.fixture
def report() -> Report:
    return Report(
        out=Path("films/out.mp4"),
        frames=75,
        seconds=3.0,
        frame_rate=25.0,
        width=360,
        height=288,
        faces=1,
        gaps=(),
        took=1.5,
        device="cpu",
        weights="shipped",
    )


def test_speed_is_seconds_made_in_one_second_of_work(report: Report) -> None:
    assert report.speed == 2.0
    assert replace(report, took=0.0).speed == 0.0


def test_a_report_is_plain_json(report: Report) -> None:
    data = json.loads(json.dumps(replace(report, gaps=((0.4, 1.2),), lost=("clip.mkv ...",)).as_dict()))
    assert data["lost"] == ["clip.mkv ..."]
    assert data["out"] == "films/out.mp4"
    assert data["gaps"] == [[0.4, 1.2]]
    assert data["speed"] == 2.0
    assert data["frames"] == 75


def test_the_sentence_for_a_person_tells_of_what_was_left_as_filmed(report: Report) -> None:
    assert report.summary() == "films/out.mp4: 75 frames, 3.00 s, made in 1.5 s (2.00 x real time)."
    gaps = replace(report, gaps=((0.4, 1.2), (2.0, 2.5)))
    assert gaps.summary().endswith("Left as filmed, because no face was seen: 0.4-1.2 s, 2.0-2.5 s.")
