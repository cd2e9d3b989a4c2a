"""A run that was interrupted and resumed is the run that was not, bit for bit."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file

from synctalkface import hub
from synctalkface.config import Config, preset
from synctalkface.errors import WeightsError
from synctalkface.events import Event, Progress
from synctalkface.training import checkpoint, journal
from synctalkface.training.generator import train_generator
from synctalkface.training.syncnet import train_syncnet

Train = Callable[..., Any]


class PowerCut(Exception):
    """The run ends here."""


def cut_after(step: int) -> Callable[[Event], None]:
    def listen(event: Event) -> None:
        if isinstance(event, Progress) and event.stage.startswith("train") and event.done == step:
            raise PowerCut

    return listen


def same_tensors(one: Path, other: Path) -> None:
    first, second = load_file(one), load_file(other)
    assert first.keys() == second.keys()
    assert [name for name in first if not torch.equal(first[name], second[name])] == []


def scores(folder: Path) -> list[dict[str, Any]]:
    return [row for row in journal.read(folder) if row["kind"] == "evaluate"]


def train(which: str, data: Path, weights: Path, out: Path, config: Config, **options: Any) -> Any:
    if which == "syncnet":
        return train_syncnet(data, out, config, **options)
    return train_generator(data, out, config, syncnet=weights, **options)


@pytest.mark.parametrize(
    ("which", "product", "count"),
    [("syncnet", hub.SYNCNET, 1), ("generator", hub.GENERATOR, 3)],
)
def test_a_resumed_run_equals_an_uninterrupted_one(
    tiny_data: Path, tiny_weights: Path, tmp_path: Path, config: Config, which: str, product: str, count: int
) -> None:
    whole, broken = tmp_path / "whole", tmp_path / "broken"
    result = train(which, tiny_data, tiny_weights, whole, config)
    with pytest.raises(PowerCut):
        train(which, tiny_data, tiny_weights, broken, config, listener=cut_after(5))
    torch.rand(100)  # the state of the global generator is another one now
    heard: list[Event] = []
    resumed = train(which, tiny_data, tiny_weights, broken, config, listener=heard.append)
    done = [event.done for event in heard if isinstance(event, Progress) and event.stage.startswith("train")]
    assert done == [4, 5, 6]  # from the checkpoint of step 3 on
    same_tensors(whole / checkpoint.NAME, broken / checkpoint.NAME)
    assert (whole / product).read_bytes() == (broken / product).read_bytes()
    assert resumed == result
    assert scores(broken) == scores(whole)
    groups = {name.split("/")[0] for name in load_file(whole / checkpoint.NAME)}
    assert len(groups) == count + (1 if which == "syncnet" else 2)  # nets and optimisers


def test_the_log_of_a_resumed_run_gives_means_over_its_own_steps(
    tiny_data: Path, tmp_path: Path, config: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("synctalkface.training.loop.LOG_EVERY", 4)
    with pytest.raises(PowerCut):
        train_syncnet(tiny_data, tmp_path / "broken", config, listener=cut_after(4))
    train_syncnet(tiny_data, tmp_path / "broken", config)
    train_syncnet(tiny_data, tmp_path / "whole", config)
    means = [[r["binary"] for r in journal.read(tmp_path / n) if r["kind"] == "train"] for n in ("whole", "broken")]
    assert means[1][0] == pytest.approx(means[0][0], rel=0.3)  # of step 4 alone, and of steps 1 to 4


def test_a_finished_run_is_not_trained_further(tiny_data: Path, tmp_path: Path, config: Config) -> None:
    result = train_syncnet(tiny_data, tmp_path / "run", config)
    before = (tmp_path / "run" / hub.SYNCNET).read_bytes()
    assert train_syncnet(tiny_data, tmp_path / "run", config) == result
    assert (tmp_path / "run" / hub.SYNCNET).read_bytes() == before


def test_the_folder_of_another_model_is_not_written_over(tiny_data: Path, tmp_path: Path, config: Config) -> None:
    run = tmp_path / "run"
    short = replace(config, syncnet_training=replace(config.syncnet_training, steps=1))
    train_syncnet(tiny_data, run, short)
    before = (run / checkpoint.NAME).read_bytes()
    other = replace(short, syncnet=replace(preset("tiny").syncnet, channels=8))
    with pytest.raises(WeightsError, match=r"other settings of 'syncnet'\. Choose another --out, or pass --no-resume"):
        train_syncnet(tiny_data, run, other)
    assert (run / checkpoint.NAME).read_bytes() == before
    train_syncnet(tiny_data, run, other, resume=False)
    assert hub.load_config(run).syncnet.channels == 8
