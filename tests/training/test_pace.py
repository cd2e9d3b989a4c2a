"""How fast a run is: what a step costs is counted, what the machine can do is measured, the log tells both."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from synctalkface.config import Config, LossWeights, preset
from synctalkface.models.cost import cost
from synctalkface.training import effort, journal, loop
from synctalkface.training.pace import Pace, peak
from synctalkface.training.syncnet import train_syncnet

TINY = preset("tiny")
NONE = LossWeights(audio_visual=0, visual_visual=0, adversarial=0)
ALL = LossWeights(audio_visual=1, visual_visual=1, adversarial=1)


def test_the_pace_is_frames_and_operations_over_the_time_of_the_steps() -> None:
    pace = Pace(peak=1000.0)
    pace.add(2.0, 40, 600)
    pace.add(2.0, 40, 600)
    assert pace.take() == {"frames_per_second": 20.0, "share_of_peak": 0.3}
    pace.add(1.0, 40, 100)  # what was told is forgotten
    assert pace.take() == {"frames_per_second": 40.0, "share_of_peak": 0.1}


def test_the_peak_is_measured_and_leaves_no_trace() -> None:
    torch.manual_seed(5)
    wanted = torch.rand(3)
    torch.manual_seed(5)
    assert peak(torch.device("cpu"), "fp32") > 1e8  # a hundred million operations a second: any processor
    assert torch.equal(torch.rand(3), wanted)


def test_a_step_costs_its_forward_passes_and_twice_that_for_the_gradients() -> None:
    frames = TINY.training.frames
    both_branches = 2 * 2 * cost(TINY).macs_frame * frames  # operations; the shared face encoder is counted twice here
    counted = effort.of_generator(TINY, 1, NONE, judged=False, critic=False)
    assert 1.5 * both_branches < counted < 6 * both_branches


def test_twice_the_windows_cost_twice_as_much() -> None:
    one, two = (effort.of_generator(TINY, windows, ALL, judged=True, critic=True) for windows in (1, 2))
    assert two == pytest.approx(2 * one, rel=0.01)
    assert effort.of_syncnet(TINY, 8) == pytest.approx(2 * effort.of_syncnet(TINY, 4), rel=0.01)


def test_each_judge_costs_something() -> None:
    costs = [
        effort.of_generator(TINY, 1, NONE, judged=True, critic=False),
        effort.of_generator(TINY, 1, replace(NONE, audio_visual=1), judged=True, critic=False),
        effort.of_generator(TINY, 1, replace(NONE, visual_visual=1), judged=True, critic=False),
        effort.of_generator(TINY, 1, replace(NONE, adversarial=1), judged=True, critic=False),
        effort.of_generator(TINY, 1, NONE, judged=True, critic=True),
    ]
    assert all(more > costs[0] for more in costs[1:])
    assert effort.of_generator(TINY, 1, replace(NONE, audio_visual=1), judged=False, critic=False) == costs[0]


def test_counting_needs_no_random_numbers_and_no_memory() -> None:
    torch.manual_seed(5)
    wanted = torch.rand(3)
    torch.manual_seed(5)
    effort.of_generator(preset("base"), 8, ALL, judged=True, critic=True)
    assert torch.equal(torch.rand(3), wanted)


def test_the_log_tells_it(tiny_data: Path, tmp_path: Path, config: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loop, "LOG_EVERY", 3)
    train_syncnet(tiny_data, tmp_path, config)
    start, *rows = (row for row in journal.read(tmp_path) if row["kind"] in ("start", "train"))
    assert start["processes"] == 1
    assert start["peak_tflops"] > 0
    assert len(rows) == 2
    assert all(row["frames_per_second"] > 0 and 0 < row["share_of_peak"] < 1.5 for row in rows)
