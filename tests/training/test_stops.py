"""What stops a run, loudly: a collapsed memory, numbers that run away, data or weights that do not fit."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from synctalkface.config import Config, preset
from synctalkface.data.dataset import Clips
from synctalkface.errors import DataError, TrainingError, WeightsError
from synctalkface.events import Event, Warned
from synctalkface.training import checkpoint
from synctalkface.training.generator import GeneratorRun, train_generator
from synctalkface.training.journal import Journal, read
from synctalkface.training.syncnet import SyncNetRun, train_syncnet

CPU = torch.device("cpu")


@pytest.fixture
def run(lessons: Clips, exam: Clips, config: Config, tmp_path: Path) -> GeneratorRun:
    return GeneratorRun(lessons, exam, config, tmp_path, None, CPU)


def collapse(run: GeneratorRun) -> None:
    """Every sound finds the first slot."""
    memory = run.average.memory
    assert memory is not None
    with torch.no_grad():
        memory.key_query.norm.running_mean.fill_(-1000.0)  # type: ignore[union-attr, operator]
        memory.keys.fill_(-1.0)
        memory.keys[0] = 1.0


def test_a_collapsed_memory_stops_the_run(run: GeneratorRun, tmp_path: Path) -> None:
    collapse(run)
    run.step = run.plan.evaluate_every
    with pytest.raises(TrainingError, match=r"memory has collapsed at step 6: 1\.0 of 12 slots .* memory\.centred on"):
        run.evaluate(Journal(tmp_path, 0))
    assert read(tmp_path)[-1]["slots"] == pytest.approx(1.0, abs=1e-3)  # the log tells it too


def test_a_memory_that_was_hardly_taught_stops_nothing(run: GeneratorRun, tmp_path: Path) -> None:
    collapse(run)
    run.step = run.plan.evaluate_every - 1
    assert run.evaluate(Journal(tmp_path, 0)).slots == pytest.approx(1.0, abs=1e-3)


def test_a_healthy_memory_does_not(run: GeneratorRun, tmp_path: Path) -> None:
    run.update()
    scores = run.evaluate(Journal(tmp_path, 0))
    assert scores.slots > 12 / 8
    assert (tmp_path / "samples" / "0000000.png").exists()


def test_a_run_without_memory_cannot_collapse(lessons: Clips, exam: Clips, config: Config, tmp_path: Path) -> None:
    forgetful = replace(config, memory=replace(config.memory, enabled=False))
    run = GeneratorRun(lessons, exam, forgetful, tmp_path, None, CPU)
    assert run.evaluate(Journal(tmp_path, 0)).slots == 0


def spoil(*modules: torch.nn.Module) -> None:
    with torch.no_grad():
        for module in modules:
            next(module.parameters()).fill_(float("nan"))


def test_a_loss_that_is_no_number_stops_the_generator(run: GeneratorRun) -> None:
    spoil(run.model)
    with pytest.raises(TrainingError, match=r"The loss is nan at step 0\. Lower training\.learning_rate and resume"):
        run.update()


def test_a_loss_that_is_no_number_stops_the_sync_expert(lessons: Clips, config: Config, tmp_path: Path) -> None:
    run = SyncNetRun(lessons, lessons, config, tmp_path, CPU)
    spoil(run.net)
    with pytest.raises(TrainingError, match=r"The loss is nan at step 0\. Lower syncnet_training\.learning_rate"):
        run.update()


def test_the_checkpoint_before_the_trouble_stays(lessons: Clips, exam: Clips, config: Config, tmp_path: Path) -> None:
    run = GeneratorRun(lessons, exam, config, tmp_path, None, CPU)
    run.save()
    before = (tmp_path / checkpoint.NAME).read_bytes()
    spoil(run.model)
    with pytest.raises(TrainingError):
        run.train(Journal(tmp_path, 0))
    assert (tmp_path / checkpoint.NAME).read_bytes() == before


@pytest.mark.parametrize("train", [train_syncnet, train_generator])
def test_an_unprepared_folder_says_how_to_prepare_it(
    train: Callable[..., object], config: Config, tmp_path: Path
) -> None:
    with pytest.raises(DataError, match="Run 'synctalkface prepare' first"):
        train(tmp_path / "nothing", tmp_path / "out", config)


def test_weights_of_another_model_are_refused_as_a_beginning(
    tiny_data: Path, tiny_weights: Path, tmp_path: Path
) -> None:
    config = replace(preset("tiny"), memory=replace(preset("tiny").memory, slots=13))
    with pytest.raises(WeightsError, match="other settings of 'memory'"):
        train_generator(tiny_data, tmp_path / "out", config, init=tiny_weights)


def test_a_sync_expert_that_hears_otherwise_is_refused(tiny_data: Path, tiny_weights: Path, tmp_path: Path) -> None:
    config = replace(preset("tiny"), audio=replace(preset("tiny").audio, loudness=None))
    with pytest.raises(WeightsError, match="other settings of 'audio'"):
        train_generator(tiny_data, tmp_path / "out", config, syncnet=tiny_weights)


def test_a_run_without_a_sync_expert_says_what_it_leaves_out(tiny_data: Path, config: Config, tmp_path: Path) -> None:
    short = replace(config, training=replace(config.training, steps=1))
    heard: list[Event] = []
    train_generator(tiny_data, tmp_path / "out", short, listener=heard.append)
    assert [event for event in heard if isinstance(event, Warned) and "--syncnet" in event.message]
