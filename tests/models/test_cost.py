"""What the presets cost, and that the counting is right."""

from __future__ import annotations

from dataclasses import replace

import torch

from synctalkface.config import preset
from synctalkface.models.cost import cost, parameters
from synctalkface.models.generator import SyncTalkFace


def test_the_base_preset_keeps_its_budget() -> None:
    base = cost(preset("base"))
    assert 10e6 <= base.parameters_use <= 20e6
    assert base.macs_frame <= 0.4e9


def test_the_paper_preset_has_the_papers_size() -> None:
    paper = cost(preset("paper"))
    assert abs(paper.parameters_training - 53e6) < 1.5e6
    assert abs(paper.parameters_use - 43e6) < 1.5e6


def test_parameters_are_counted_as_they_are() -> None:
    tiny = cost(preset("tiny"))
    assert tiny.parameters_training == parameters(SyncTalkFace(preset("tiny")))
    assert tiny.parameters_use == parameters(SyncTalkFace(preset("tiny"), lip_encoder=False))


def test_one_more_residual_convolution_costs_what_it_computes() -> None:
    tiny = preset("tiny")
    more = replace(tiny, model=replace(tiny.model, decoder_residuals=(2, 0, 0)))
    height, width, channels = 8, 16, 16  # of the smallest map
    assert cost(more).macs_frame - cost(tiny).macs_frame == height * width * channels * channels * 9


def test_counting_does_not_touch_the_random_numbers() -> None:
    torch.manual_seed(3)
    expected = torch.rand(1)
    torch.manual_seed(3)
    cost(preset("tiny"))
    assert torch.equal(torch.rand(1), expected)
