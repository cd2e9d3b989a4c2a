"""Each ablation differs in what it says and in nothing else, and trains with one command."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from synctalkface.cli.main import answer
from synctalkface.config import preset
from synctalkface.errors import ConfigError
from synctalkface.hub import load_config, load_generator
from synctalkface.training.ablations import ABLATIONS, ablate


def test_an_ablation_changes_one_thing() -> None:
    base = preset("base")
    for name in ABLATIONS:
        made = replace(ablate(base, name), name="base")
        changed = {
            room: getattr(made, room) for room in ("memory", "losses", "model", "training", "face", "audio", "syncnet")
        }
        different = [room for room, value in changed.items() if value != getattr(base, room)]
        assert len(different) == (0 if name == "slots-96" else 1), name
    assert not ablate(base, "no-memory").memory.enabled
    assert ablate(base, "audio-visual-only").losses.visual_visual == 0
    assert ablate(base, "visual-visual-only").losses.audio_visual == 0
    assert ablate(base, "slots-24").memory.slots == 24


def test_an_unknown_ablation_gets_the_nearest_name() -> None:
    with pytest.raises(ConfigError, match="Did you mean 'no-memory'"):
        ablate(preset("base"), "nomemory")


@pytest.mark.parametrize("name", ["no-memory", "slots-24"])
def test_one_command_trains_one(tiny_data: Path, tmp_path: Path, name: str) -> None:
    command = ["train", "generator", "--data", str(tiny_data), "--out", str(tmp_path), "--preset", "tiny"]
    steps = ["--set", "training.steps=1", "--set", "losses.audio_visual=0"]
    assert answer([*command, "--ablation", name, *steps, "--device", "cpu"]) == 0
    assert load_config(tmp_path).name == f"tiny, {name}"
    assert (load_generator(tmp_path).memory is None) is (name == "no-memory")
