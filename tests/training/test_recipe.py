"""The recipe for a GPU, gone through on the CPU with a tiny net: cut off at every step, it ends where one call ends."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from synctalkface import hub
from synctalkface.cli.main import answer
from synctalkface.config import override, preset
from synctalkface.data import pieces
from synctalkface.training import checkpoint, journal
from synctalkface.training import recipe as room
from synctalkface.training.recipe import FOR_GPU

STEPS = ["--set", "syncnet_training.steps=2", "--set", "training.steps=2", "--set", "training.adversarial_from=1"]


@pytest.fixture
def carried(tiny_data: Path, tmp_path: Path) -> Path:
    pieces.cut(tiny_data, tmp_path / "pieces")
    return tmp_path / "pieces"


def call(data: Path, out: Path, *more: str) -> int:
    command = ["train", "recipe", "--data", str(data), "--out", str(out), "--preset", "tiny", "--device", "cpu"]
    return answer([*command, *STEPS, *more])


def test_a_recipe_that_is_cut_off_ends_as_one_that_is_not(
    carried: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(room, "LARGEST_SHARD", 300_000)
    once, often = tmp_path / "once", tmp_path / "often"
    assert call(carried, once) == 0
    assert "The weights are in" in capsys.readouterr().out
    codes = [call(carried, often, "--minutes", "0") for _ in range(3)]  # each call gets one step further
    assert codes == [75, 75, 0]
    said = capsys.readouterr().out
    assert "Paused: train syncnet at step 1 of 2. Call it again to go on." in said
    assert "Paused: train generator at step 1 of 2. Call it again to go on." in said
    for folder in ("syncnet", "generator"):
        one, other = (load_file(out / folder / checkpoint.NAME) for out in (once, often))
        assert [name for name in one if not torch.equal(one[name], other[name])] == []
    assert {p.name: p.read_bytes() for p in (once / "weights").iterdir()} == {
        p.name: p.read_bytes() for p in (often / "weights").iterdir()
    }


def test_the_weights_are_delivered_in_small_files_that_are_used_like_any_others(
    carried: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(room, "LARGEST_SHARD", 300_000)
    assert call(carried, tmp_path / "run") == 0
    folder = tmp_path / "run" / "weights"
    shards = list(folder.glob("generator-*-of-*.safetensors"))
    assert len(shards) > 1
    assert all(path.stat().st_size < 320_000 for path in folder.glob("*.safetensors"))
    trained = load_file(tmp_path / "run" / "generator" / hub.GENERATOR)
    used = hub.load_generator(folder).state_dict()
    assert all(torch.equal(used[name], tensor) for name, tensor in trained.items())
    hub.load_syncnet(folder)
    terms = {key for row in journal.read(tmp_path / "run" / "generator") for key in row}
    assert "confidence" in terms  # the sync expert of the first phase judged the second


def test_a_finished_recipe_only_delivers_again(carried: Path, tmp_path: Path) -> None:
    assert call(carried, tmp_path / "run") == 0
    before = (tmp_path / "run" / "generator" / journal.NAME).read_bytes()
    assert call(carried, tmp_path / "run") == 0
    assert (tmp_path / "run" / "generator" / journal.NAME).read_bytes() == before


def test_what_a_gpu_is_given_are_settings_that_exist() -> None:
    config = override(preset("base"), FOR_GPU)
    assert config.training.windows > preset("base").training.windows
    assert room.LARGEST_SHARD < 16_000_000
    assert pieces.LARGEST <= 60_000_000
