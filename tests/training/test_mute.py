"""Muted windows have only the recalled lips to go by: what the decoder draws there is what the memory says."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import Tensor

from synctalkface.config import TrainingConfig, preset
from synctalkface.data.dataset import Clips
from synctalkface.models.generator import SyncTalkFace
from synctalkface.training.schedule import lips_learn, muted
from synctalkface.training.terms import Taught, teach

TINY = preset("tiny")


def test_which_windows_are_muted_follows_from_the_step_and_about_the_share_is() -> None:
    plan = TrainingConfig(mute=0.3, windows=8)
    drawn = torch.stack([muted(step, plan) for step in range(400)])
    assert drawn.dtype == torch.bool
    assert drawn.shape == (400, 8)
    assert float(drawn.float().mean()) == pytest.approx(0.3, abs=0.04)  # five standard deviations
    assert torch.equal(muted(7, plan), drawn[7])
    assert not torch.equal(muted(7, replace(plan, seed=1)), drawn[7]) or not torch.equal(
        muted(8, replace(plan, seed=1)), drawn[8]
    )


def test_none_and_all_can_be_muted() -> None:
    assert not bool(muted(3, TrainingConfig(mute=0.0)).any())  # the paper's
    assert bool(muted(3, TrainingConfig(mute=1.0)).all())


def test_what_is_muted_has_nothing_to_do_with_what_is_drawn() -> None:
    plan = TrainingConfig(mute=0.5)
    first = [bool(muted(step, plan)[0]) for step in range(200)]
    clip = [bool(np.random.default_rng((plan.seed, step, 1)).random() < 0.5) for step in range(200)]  # as Clips draws
    assert 60 < sum(a == b for a, b in zip(first, clip, strict=True)) < 140


@pytest.fixture
def model() -> SyncTalkFace:
    torch.manual_seed(0)
    net = SyncTalkFace(TINY)
    with torch.no_grad():  # a fresh head draws hardly any change
        net.decoder.head.weight.mul_(30)
    return net.eval()


def taught(model: SyncTalkFace, clips: Clips, silent: Tensor | None, louder: float = 0.0) -> Taught:
    batch = clips.windows(0, 0, 2, 0.0)
    with torch.no_grad():
        return teach(model, batch._replace(mel=batch.mel + louder), TINY, silent)


def test_drawn_from_the_true_lips_a_muted_window_knows_nothing_of_the_sound(
    model: SyncTalkFace, lessons: Clips
) -> None:
    silent = torch.tensor([True, False])
    quiet, loud = (taught(model, lessons, silent, louder).lesson.from_lips for louder in (0.0, 1.0))
    assert quiet is not None
    assert loud is not None
    assert torch.equal(quiet[0], loud[0])
    assert not torch.equal(quiet[1], loud[1])


def test_what_the_sound_recalls_still_reaches_a_muted_window(model: SyncTalkFace, lessons: Clips) -> None:
    silent = torch.tensor([True, True])
    quiet, loud = (taught(model, lessons, silent, louder).lesson.from_sound for louder in (0.0, 1.0))
    assert not torch.equal(quiet, loud)


def test_muting_one_window_leaves_the_other_as_it_was(model: SyncTalkFace, lessons: Clips) -> None:
    plain, half = (taught(model, lessons, silent) for silent in (None, torch.tensor([True, False])))
    for one, other in zip(plain.generated, half.generated, strict=True):
        torch.testing.assert_close(one[1], other[1])
        assert not torch.allclose(one[0], other[0])


def test_without_a_memory_the_sound_is_all_there_is(lessons: Clips) -> None:
    torch.manual_seed(0)
    config = replace(TINY, memory=replace(TINY.memory, enabled=False))
    net, batch = SyncTalkFace(config).eval(), lessons.windows(0, 0, 2, 0.0)
    with torch.no_grad():
        plain, silent = (teach(net, batch, config, which) for which in (None, torch.tensor([True, True])))
    assert torch.equal(plain.generated[0], silent.generated[0])


def test_lips_learn_from_their_step_on() -> None:
    plan = TrainingConfig(align_lips=0.1, align_lips_from=5)
    assert [lips_learn(step, plan) for step in (0, 4, 5, 99)] == [0.0, 0.0, 0.1, 0.1]
