"""Folded networks compute the same, frozen ones judge without learning, blocks keep their promises on size."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from synctalkface.errors import ConfigError
from synctalkface.models.layers import WINDOW_STRIDES, ConvBlock, TimeBlock, VectorEncoder, fold, frozen


def lived_in(module: nn.Module) -> nn.Module:
    """`module` with batch norm statistics that are not those of a fresh one."""
    generator = torch.Generator().manual_seed(5)
    for part in module.modules():
        if isinstance(part, nn.BatchNorm1d | nn.BatchNorm2d):
            part.running_mean.normal_(0, 0.3, generator=generator)
            part.running_var.uniform_(0.5, 2, generator=generator)
            if part.affine:
                nn.init.uniform_(part.weight, 0.5, 1.5, generator=generator)
                nn.init.normal_(part.bias, 0, 0.3, generator=generator)
    return module


@pytest.mark.parametrize("residual", [False, True])
def test_a_folded_image_block_computes_the_same(residual: bool) -> None:
    block = lived_in(ConvBlock(4, 4, residual=residual)).eval()
    x = torch.randn(2, 4, 6, 8)
    folded = fold(block)
    torch.testing.assert_close(folded(x), block(x), rtol=1e-5, atol=1e-5)
    assert not any(isinstance(part, nn.BatchNorm2d) for part in folded.modules())


@pytest.mark.parametrize("outputs", [4, 6])
def test_a_folded_time_block_computes_the_same(outputs: int) -> None:
    block = lived_in(TimeBlock(4, outputs, 3, dilation=2)).eval()
    x = torch.randn(2, 4, 11)
    torch.testing.assert_close(fold(block)(x), block(x), rtol=1e-5, atol=1e-5)


def test_folding_leaves_the_original_as_it_was() -> None:
    block = ConvBlock(2, 2).train()
    fold(block)
    assert block.training
    assert isinstance(block.norm, nn.BatchNorm2d)


def test_a_residual_block_with_zero_weights_passes_its_input_on() -> None:
    block = ConvBlock(3, 3, residual=True).eval()
    nn.init.zeros_(block.conv.weight)
    x = torch.rand(1, 3, 4, 4)
    torch.testing.assert_close(block(x), x)


def test_a_time_block_adds_the_step_under_the_middle_of_its_kernel() -> None:
    block = TimeBlock(2, 2, 5, dilation=2).eval()
    nn.init.zeros_(block.conv.weight)
    x = torch.rand(1, 2, 12)
    torch.testing.assert_close(block(x), x[..., 4:8])


@pytest.mark.parametrize(("size", "fold_by"), [((64, 128), 1), ((64, 128), 4), ((128, 128), 1), ((16, 32), 1)])
def test_an_image_becomes_one_vector(size: tuple[int, int], fold_by: int) -> None:
    encoder = VectorEncoder(3, size, (4, 6, 8), 10, residuals=1, fold=fold_by).eval()
    assert encoder(torch.rand(2, 3, *size)).shape == (2, 10)


def test_every_pixel_of_the_image_reaches_the_vector() -> None:
    encoder = VectorEncoder(1, (32, 64), (4, 6), 8, residuals=0).eval()
    picture = torch.rand(1, 1, 32, 64, requires_grad=True)
    encoder(picture).sum().backward()
    assert picture.grad is not None
    assert (picture.grad != 0).float().mean() > 0.95


def test_more_widths_than_strides_is_an_error_that_says_how_many() -> None:
    with pytest.raises(ConfigError, match="4 at most"):
        VectorEncoder(1, (80, 16), (4,) * 5, 8, residuals=0, strides=WINDOW_STRIDES)


def test_a_frozen_module_passes_gradients_and_takes_none() -> None:
    block = ConvBlock(3, 3).train()
    before = block.norm.running_mean.clone()
    x = torch.rand(2, 3, 4, 4, requires_grad=True)
    with frozen(block):
        y = block(x)
    y.sum().backward()
    assert x.grad is not None
    assert all(parameter.grad is None for parameter in block.parameters())
    torch.testing.assert_close(block.norm.running_mean, before)


def test_a_module_is_put_back_after_it_was_frozen_even_by_an_error() -> None:
    block = ConvBlock(3, 3).train()
    block.norm.eval()
    block.conv.weight.requires_grad_(False)
    with pytest.raises(RuntimeError), frozen(block):
        block(torch.rand(1, 2, 4, 4))
    assert block.training
    assert not block.norm.training
    assert not block.conv.weight.requires_grad
    assert block.norm.weight.requires_grad
