"""Windows without paint are drawn with moved pixels alone, which learn there what paint would else learn by heart."""

from __future__ import annotations

import pytest
import torch

from synctalkface.config import TrainingConfig, preset
from synctalkface.data.dataset import Clips
from synctalkface.models.decoder import Drawing, moved_alone, render
from synctalkface.models.generator import SyncTalkFace
from synctalkface.training.schedule import muted, unpainted
from synctalkface.training.terms import teach

TINY = preset("tiny")
BOTH = torch.tensor([True, False])


def test_which_windows_are_unpainted_follows_from_the_step_and_not_from_what_is_muted() -> None:
    plan = TrainingConfig(unpainted=0.5, mute=0.5, windows=8)
    drawn = torch.stack([unpainted(step, plan) for step in range(400)])
    assert float(drawn.float().mean()) == pytest.approx(0.5, abs=0.05)
    assert torch.equal(unpainted(7, plan), drawn[7])
    silent = torch.stack([muted(step, plan) for step in range(400)])
    assert float((silent == drawn).float().mean()) == pytest.approx(0.5, abs=0.05)
    assert not bool(unpainted(3, TrainingConfig()).any())  # the paper's


def test_without_paint_the_moved_pixels_share_all_of_the_picture_as_they_did_before() -> None:
    keep = torch.rand(2, 3, 2, 8, 16) / 2 + 1e-3
    drawing = Drawing(torch.full((2, 3, 3, 8, 16), 9.0), keep, torch.zeros(2, 3, 4, 8, 16))
    changed = moved_alone(drawing, BOTH)
    assert changed.keep is not None
    torch.testing.assert_close(changed.keep[0].sum(1), torch.ones(3, 8, 16))
    torch.testing.assert_close(changed.keep[0, :, 0] / changed.keep[0, :, 1], keep[0, :, 0] / keep[0, :, 1])
    assert torch.equal(changed.keep[1], keep[1])
    assert float(render(changed, torch.rand(2, 2, 3, 16, 16))[0].max()) <= 1.0001  # and no 9 of the paint


def test_nothing_is_taken_from_a_head_that_only_paints() -> None:
    drawing = Drawing(torch.rand(2, 1, 3, 8, 16), None, None)
    assert moved_alone(drawing, BOTH) is drawing


def test_an_unpainted_window_teaches_flows_and_shares_but_no_colours(lessons: Clips) -> None:
    torch.manual_seed(0)
    model, batch = SyncTalkFace(TINY).train(), lessons.windows(0, 0, 2, 0.0)
    teach(model, batch, TINY, unpainted=torch.tensor([True, True])).lesson.from_sound.square().mean().backward()
    gradient = model.decoder.head.weight.grad
    assert gradient is not None
    flows, shares, colours = gradient.abs().flatten(1).sum(1).split([16, 8, 12])  # of two references, folded by two
    assert flows.min() > 0
    assert shares.min() > 0
    assert colours.max() < 1e-5 * flows.min()  # rounding alone
