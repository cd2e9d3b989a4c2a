"""TensorBoard is shown what the log is told, pictures included; a resumed run goes on in the same curves."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

from synctalkface.errors import TrainingError
from synctalkface.training.board import FOLDER, Board
from synctalkface.training.journal import keep

accumulator = pytest.importorskip(
    "tensorboard.backend.event_processing.event_accumulator", reason="train --tensorboard needs the package tensorboard"
)


def shown(folder: Path) -> accumulator.EventAccumulator:  # type: ignore[name-defined]
    events = accumulator.EventAccumulator(str(folder / FOLDER))
    events.Reload()
    return events


def test_numbers_become_curves_and_sheets_become_pictures(tmp_path: Path) -> None:
    log = keep(tmp_path, 0, first=True, tensorboard=True)
    log.write("start", 0, precision="fp32")
    for step in (50, 100):
        log.write("train", step, mouth=step / 1000)
    log.write("evaluate", 100, psnr=30.5, verdict="good")
    log.picture(100, np.full((8, 12, 3), (200, 100, 30), np.uint8))
    log.close()
    events = shown(tmp_path)
    assert events.Tags()["scalars"] == ["train/mouth", "evaluate/psnr"]
    assert [(e.step, e.value) for e in events.Scalars("train/mouth")] == [
        (50, pytest.approx(0.05)),
        (100, pytest.approx(0.1)),
    ]
    picture = events.Images("samples")[0]
    assert (picture.step, picture.height, picture.width) == (100, 8, 12)


def test_a_resumed_run_goes_on_in_the_same_curve(tmp_path: Path) -> None:
    first = Board(tmp_path, 0)
    for step in (50, 100, 150):
        first.numbers("train", step, {"mouth": 1.0})
    first.close()
    second = Board(tmp_path, 100)  # the checkpoint is that of step 100
    second.numbers("train", 150, {"mouth": 2.0})
    second.close()
    curve = {e.step: e.value for e in shown(tmp_path).Scalars("train/mouth")}
    assert curve == {50: 1.0, 100: 1.0, 150: 2.0}


def test_of_several_processes_one_keeps_the_log(tmp_path: Path) -> None:
    log = keep(tmp_path / "second", 0, first=False, tensorboard=True)
    log.write("train", 50, mouth=1.0)
    log.picture(50, np.zeros((4, 4, 3), np.uint8))
    log.close()
    assert not (tmp_path / "second").exists()


def test_without_the_package_one_sentence_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", None)
    with pytest.raises(TrainingError, match=r"tensorboard is missing\. Install it .*or leave --tensorboard out"):
        Board(tmp_path, 0)
