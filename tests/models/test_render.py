"""A drawing that keeps every pixel gives the footage back, at any size; one that moves pixels moves those."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from synctalkface.models.decoder import Drawing, render, warp


def drawing(
    side: int, keep: float = 1.0, x: float = 0.0, y: float = 0.0, paint: float = 0.25, rows: int = 0
) -> Drawing:
    rows = rows or side // 2
    flow = torch.tensor([x, y]).view(1, 1, 2, 1, 1).expand(2, 3, 2, rows, side)
    return Drawing(torch.full((2, 3, 3, rows, side), paint), torch.full((2, 3, 1, rows, side), keep), flow)


def slow_warp(reference: Tensor, flow: Tensor) -> Tensor:
    """Pixel by pixel, for whole-pixel flows of one clip and one frame, clamped at the border."""
    side, height = flow.shape[-1], flow.shape[-2]
    out = torch.zeros(3, height, side)
    for row in range(height):
        for column in range(side):
            x = column + round(float(flow[0, 0, 0, row, column]) * side)
            y = side - height + row + round(float(flow[0, 0, 1, row, column]) * side)
            out[:, row, column] = reference[0, :, min(max(y, 0), side - 1), min(max(x, 0), side - 1)]
    return out


@pytest.mark.parametrize("size", [16, 24, 32, 50, 128])
def test_a_drawing_that_changes_nothing_returns_the_lower_half_at_every_size(size: int) -> None:
    reference = torch.rand(2, 1, 3, size, size)
    picture = render(drawing(16), reference)
    assert picture.shape == (2, 3, 3, size // 2, size)
    torch.testing.assert_close(picture, reference[..., size // 2 :, :].expand_as(picture), rtol=0, atol=2e-5)


def test_a_drawing_of_the_whole_face_returns_the_whole_reference() -> None:
    reference = torch.rand(2, 1, 3, 32, 32)
    picture = render(drawing(16, rows=16), reference)
    torch.testing.assert_close(picture, reference.expand_as(picture), rtol=0, atol=1e-5)


def test_each_pixel_comes_from_where_its_flow_points() -> None:
    reference = torch.rand(1, 3, 16, 16)
    flow = torch.randint(-6, 7, (1, 1, 2, 8, 16)) / 16
    torch.testing.assert_close(warp(reference, flow)[0, 0], slow_warp(reference, flow), rtol=0, atol=1e-5)


@pytest.mark.parametrize("size", [16, 32, 64])
def test_the_flow_counts_in_sides_so_it_means_the_same_at_every_size(size: int) -> None:
    reference = torch.rand(2, 1, 3, size, size)
    picture = render(drawing(16, x=0.25, y=-0.125), reference)
    shift, rise = size // 4, size // 8
    expected = reference[..., size // 2 - rise : size - rise, shift:].expand(-1, 3, -1, -1, -1)
    torch.testing.assert_close(picture[..., : size - shift], expected, rtol=0, atol=2e-5)


def test_where_nothing_is_kept_the_paint_is_seen() -> None:
    picture = render(drawing(16, keep=0.0, paint=0.7), torch.rand(2, 1, 3, 32, 32))
    torch.testing.assert_close(picture, torch.full_like(picture, 0.7))


def test_a_drawing_without_flow_is_its_paint() -> None:
    paint = torch.rand(1, 2, 3, 8, 16)
    torch.testing.assert_close(render(Drawing(paint, None, None), torch.rand(1, 1, 3, 16, 16)), paint)


def test_another_size_than_the_references_can_be_asked_for() -> None:
    assert render(drawing(16), torch.rand(2, 1, 3, 64, 64), size=40).shape == (2, 3, 3, 20, 40)


def test_finer_footage_stays_finer_than_the_drawing() -> None:
    stripes = (torch.arange(64) % 2).float().expand(2, 1, 3, 64, 64)
    picture = render(drawing(16, x=2 / 64), stripes)
    assert picture[..., :60].std() > 0.49  # every stripe of one pixel is still black or white


def test_frames_and_clips_do_not_mix() -> None:
    reference = torch.rand(2, 3, 16, 16)
    flow = torch.rand(2, 3, 2, 8, 16) * 0.2
    together = warp(reference, flow)
    alone = warp(reference[1:], flow[1:, 2:])
    torch.testing.assert_close(together[1:, 2:], alone)


def test_each_reference_is_moved_by_its_own_flow_and_has_its_own_share() -> None:
    references = torch.rand(1, 2, 3, 16, 16)
    flow = torch.zeros(1, 1, 4, 8, 16)
    flow[:, :, 2] = 2 / 16  # the second's pixels come from two to the right
    keep = torch.stack([torch.full((8, 16), 0.25), torch.full((8, 16), 0.5)])[None, None]
    picture = render(Drawing(torch.ones(1, 1, 3, 8, 16), keep, flow), references)
    lower = references[..., 8:, :]
    expected = 0.25 * lower[:, :1, ..., :-2] + 0.5 * lower[:, 1:, ..., 2:] + 0.25
    torch.testing.assert_close(picture[..., :-2], expected, rtol=0, atol=1e-5)
