"""The log of a run keeps what belongs to it: a resumed run goes on where its checkpoint stands."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

from synctalkface.training import journal
from synctalkface.training.journal import Journal, Means


def test_rows_come_back_in_order(tmp_path: Path) -> None:
    log = Journal(tmp_path, 0)
    log.write("start", 0, clips=3)
    log.write("train", 50, loss=0.123456789)
    assert journal.read(tmp_path) == [
        {"kind": "start", "step": 0, "clips": 3},
        {"kind": "train", "step": 50, "loss": 0.123457},
    ]


def test_a_resumed_run_drops_what_came_after_its_checkpoint(tmp_path: Path) -> None:
    log = Journal(tmp_path, 0)
    for step in (50, 100, 150):
        log.write("train", step)
    with (tmp_path / "log.jsonl").open("a") as file:
        file.write('{"kind": "train", "st')  # the crash cut it off
    Journal(tmp_path, 100).write("start", 100)
    assert [(row["kind"], row["step"]) for row in journal.read(tmp_path)] == [
        ("train", 50),
        ("train", 100),
        ("start", 100),
    ]


def test_a_run_from_the_beginning_begins_a_new_log(tmp_path: Path) -> None:
    Journal(tmp_path, 0).write("train", 50)
    Journal(tmp_path, 0).write("start", 0)
    assert [row["kind"] for row in journal.read(tmp_path)] == ["start"]


def test_a_sample_picture_has_its_colours(tmp_path: Path) -> None:
    rgb = np.zeros((4, 6, 3), np.uint8)
    rgb[..., 0] = 200
    Journal(tmp_path, 0).picture(1, rgb)
    saved = cv2.cvtColor(cv2.imread(str(tmp_path / "samples" / "0000001.png")), cv2.COLOR_BGR2RGB)
    np.testing.assert_array_equal(saved, rgb)


def test_a_mean_is_over_the_steps_that_a_number_came_in() -> None:
    means = Means()
    means.add({"a": 1.0})
    means.add({"a": 3.0, "late": 5.0})
    assert means.take() == {"a": 2.0, "late": 5.0}
    means.add({"a": 7.0})
    assert means.take() == {"a": 7.0}
