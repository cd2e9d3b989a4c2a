"""Each ablation differs in what it says and in nothing else, and trains with one command."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from synctalkface.cli.main import answer
from synctalkface.config import preset
from synctalkface.errors import ConfigError
from synctalkface.hub import load_config, load_generator
from synctalkface.training.ablations import ABLATIONS, PAPER, ablate, shortened


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


def test_the_papers_choices_keep_the_widths_and_the_length_of_the_run() -> None:
    base, paper = preset("base"), preset("paper")
    made = ablate(base, PAPER)
    assert (made.model.head, made.model.audio_encoder, made.model.audio_steps) == ("paint", "window", 16)
    assert made.losses == paper.losses
    assert (made.training.augment_strength, made.training.mute) == (0, 0)
    assert made.model.decoder_widths == base.model.decoder_widths
    assert (made.audio, made.face, made.syncnet) == (base.audio, base.face, base.syncnet)
    assert made.memory == replace(base.memory, emphasis=1.0)
    assert (base.model.articulated, made.model.articulated) == (True, False)
    for name in ("steps", "windows", "learning_rate", "final_learning_rate", "warmup", "discriminator_rate"):
        assert getattr(made.training, name) == getattr(base.training, name)


def test_a_shorter_run_keeps_its_schedule_in_proportion() -> None:
    plan = replace(preset("base").training, steps=8_000, warmup=200, adversarial_from=1_500, augment_full=4_500)
    short = shortened(replace(preset("base"), training=plan), 1_000).training
    assert (short.steps, short.warmup, short.adversarial_from, short.augment_full) == (1_000, 25, 188, 562)
    assert short.learning_rate == plan.learning_rate
    assert replace(short, **{n: getattr(plan, n) for n in vars(plan) if getattr(short, n) != getattr(plan, n)}) == plan


@pytest.mark.parametrize("name", ["no-memory", "slots-24", PAPER])
def test_one_command_trains_one(tiny_data: Path, tmp_path: Path, name: str) -> None:
    command = ["train", "generator", "--data", str(tiny_data), "--out", str(tmp_path), "--preset", "tiny"]
    steps = ["--steps", "1", "--set", "losses.audio_visual=0"]
    assert answer([*command, "--ablation", name, *steps, "--device", "cpu"]) == 0
    assert load_config(tmp_path).name == f"tiny, {name}"
    assert (load_generator(tmp_path).memory is None) is (name == "no-memory")
