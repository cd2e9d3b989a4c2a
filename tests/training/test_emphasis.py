"""The memory's emphasis is for use: adaptation finds it in the footage, learns with it, and leaves the memory alone."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path
from typing import cast

import pytest
import torch

from synctalkface import hub
from synctalkface.config import preset, to_json
from synctalkface.data.dataset import Clips
from synctalkface.models.generator import SyncTalkFace
from synctalkface.training.adaptation import Adaptation, Recipe
from synctalkface.training.emphasis import TIMES, fitted, livelier
from synctalkface.training.footage import Footage, read_footage
from synctalkface.training.held_out import Examination, Score, redraw_footage
from synctalkface.training.lessons import held_out

CPU = torch.device("cpu")


@pytest.fixture
def filmed(sample_face: Path) -> Footage:
    return read_footage(sample_face, preset("tiny"), None)


class Told:
    """An examination whose scores are told; `seen`: how many were asked for."""

    def __init__(self, *lips: float) -> None:
        self.lips, self.seen = list(lips), 0

    def score(self, model: SyncTalkFace) -> Score:
        self.seen += 1
        return Score(0.1, 20.0, 0.9, self.lips[self.seen - 1])


class Planted:
    """An examination in which lips are right where they go as far as those of `true`."""

    def __init__(self, filmed: Footage, true: SyncTalkFace) -> None:
        config = preset("tiny")
        self.filmed, self.clips = filmed, Clips([filmed.clip], config, config.face.size)
        self.wanted = self.drawn(true)

    def drawn(self, model: SyncTalkFace) -> torch.Tensor:
        return redraw_footage(model, self.clips, self.filmed, 0, 20)

    def score(self, model: SyncTalkFace) -> Score:
        return Score(0.1, 20.0, 0.9, float((self.drawn(model) - self.wanted).abs().mean()))


@pytest.mark.parametrize("times", [1.0, 1.45, 2.0])
def test_lips_that_go_farther_are_found(filmed: Footage, tiny_weights: Path, times: float) -> None:
    model = hub.load_generator(tiny_weights)
    assert model.memory is not None
    usual = model.memory.emphasis
    assert fitted(model, cast(Examination, Planted(filmed, livelier(model, times)))) == times
    assert model.memory.emphasis == usual


def test_what_is_hardly_better_is_not_believed(tiny_weights: Path) -> None:
    model = hub.load_generator(tiny_weights)
    hardly, clearly = (Told(*(1 - share * TIMES.index(times) for times in TIMES)) for share in (0.005, 0.05))
    assert fitted(model, cast(Examination, hardly)) == 1
    assert fitted(model, cast(Examination, clearly)) == TIMES[-1]
    assert hardly.seen == len(TIMES)


def test_a_model_without_memory_has_nothing_to_be_found(tiny_weights: Path) -> None:
    model = hub.load_generator(tiny_weights)
    model.memory = None
    assert fitted(model, cast(Examination, Told())) == 1


def test_it_is_found_in_more_than_what_is_held_out(filmed: Footage, monkeypatch: pytest.MonkeyPatch) -> None:
    config = preset("tiny")
    clips = Clips([filmed.clip], config, config.face.size)
    [held] = Examination([filmed], clips)._examined
    [longer] = Examination([filmed], clips, longer=True)._examined
    frames = len(filmed.clip.crops)
    assert (held.first, held.last) == (frames - held_out(filmed), frames)
    assert (longer.first, longer.last) == (0, frames)
    assert len(longer.filmed) == len(longer.lips) == frames
    monkeypatch.setattr("synctalkface.training.held_out.LONGEST_HELD_OUT", 0.4)
    [longer] = Examination([filmed], clips, longer=True)._examined
    assert (longer.first, longer.last) == (held.first - 10, frames)


@pytest.mark.parametrize("times", [1.2, 1.0])
def test_what_is_found_is_in_the_settings_of_the_weights(
    filmed: Footage, tiny_weights: Path, monkeypatch: pytest.MonkeyPatch, times: float
) -> None:
    config = hub.load_config(tiny_weights)
    monkeypatch.setattr("synctalkface.training.adaptation.fitted", lambda *_: times)
    recipe = Recipe(steps=10, windows=2, every=5, learning_rate=2e-3, final_learning_rate=2e-3)
    run = Adaptation([filmed], tiny_weights, recipe, None, CPU)
    run.trust = 1.0
    monkeypatch.setattr(Score, "gain", lambda self, before: 0.0 if self == before else before.l1 - self.l1 + 1.0)
    outcome = run.adapt()
    assert outcome.times == times
    assert outcome.applied(config).memory.emphasis == pytest.approx(times * config.memory.emphasis)
    assert run.average.memory is not None
    assert run.average.memory.emphasis == pytest.approx(times * config.memory.emphasis)


def test_weights_that_gain_nothing_keep_their_own(
    filmed: Footage, tiny_weights: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usual = hub.load_config(tiny_weights).memory.emphasis
    monkeypatch.setattr("synctalkface.training.adaptation.fitted", lambda *_: 2.0)
    monkeypatch.setattr(Score, "gain", lambda self, before: 0.0)
    run = Adaptation([filmed], tiny_weights, Recipe(steps=2, windows=2, every=1), None, CPU)
    outcome = run.adapt()
    assert (outcome.step, outcome.times) == (0, 1.0)
    assert run.average.memory is not None
    assert run.average.memory.emphasis == usual


@pytest.mark.parametrize("times", [1.0, 1.5])
def test_what_learns_sees_the_lips_of_use_and_keeps_those_of_training(
    filmed: Footage, tiny_weights: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, times: float
) -> None:
    folder = shutil.copytree(tiny_weights, tmp_path / "loud")
    config = hub.load_config(folder)
    loud = replace(config, memory=replace(config.memory, emphasis=2.0))
    (folder / hub.CONFIG).write_text(to_json(loud), encoding="utf-8")
    monkeypatch.setattr("synctalkface.training.adaptation.fitted", lambda *_: times)
    adaptation = Adaptation([filmed], folder, Recipe(steps=5, windows=2), None, CPU)
    learning, used = adaptation.model.memory, livelier(hub.load_generator(folder), times).memory
    state = adaptation.adapt().state
    assert learning is not None
    assert used is not None
    torch.testing.assert_close(learning.values, used.values)
    assert torch.equal(state["memory.values"], hub.load_generator(folder).state_dict()["memory.values"])
