"""What OpenCV renders for a dub is what torch renders in training, to a fiftieth of a grey level."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from synctalkface.inputs import frames
from synctalkface.models import decoder
from synctalkface.models.decoder import Drawing
from synctalkface.person import rendering


def drawing(references: int, height: int = 64) -> Drawing:
    made = torch.Generator().manual_seed(references)
    shares = torch.softmax(3 * torch.randn(1, 3, references + 1, height, 128, generator=made), dim=2)
    flow = 0.2 * torch.randn(1, 3, 2 * references, height, 128, generator=made)
    return Drawing(torch.rand(1, 3, 3, height, 128, generator=made), shares[:, :, :-1], flow)


@pytest.mark.parametrize("size", [128, 192, 320])
@pytest.mark.parametrize("references", [1, 2, 3])
def test_both_render_the_same_picture(references: int, size: int) -> None:
    lent, drawn = torch.rand(1, references, 3, size, size), drawing(references)
    ours = rendering.render(drawn, rendering.lent(lent), size)
    theirs = frames(decoder.render(drawn, lent, size)[0])
    assert ours.shape == (3, size // 2, size, 3)
    difference = np.abs(ours - theirs)
    assert difference.mean() < 0.02
    # OpenCV places a pixel to a thirty-second of one: between black and white noise that is a few levels at most
    assert np.quantile(difference, 0.999) < 8


def test_on_a_smooth_picture_no_pixel_differs_by_a_tenth_of_a_level() -> None:
    x = torch.linspace(0, 1, 256)
    lent = torch.stack([x.expand(256, 256), x[:, None].expand(256, 256), 0.5 + 0 * x.expand(256, 256)])[None, None]
    drawn = drawing(1)._replace(flow=torch.full((1, 3, 2, 64, 128), 0.013))
    ours = rendering.render(drawn, rendering.lent(lent), 256)
    assert np.abs(ours - frames(decoder.render(drawn, lent, 256)[0])).max() < 0.1


def test_a_whole_face_is_rendered_too() -> None:
    lent, drawn = torch.rand(1, 2, 3, 160, 160), drawing(2, height=128)
    ours = rendering.render(drawn, rendering.lent(lent), 160)
    assert ours.shape == (3, 160, 160, 3)
    assert np.abs(ours - frames(decoder.render(drawn, lent, 160)[0])).mean() < 0.1


def test_a_head_that_only_paints_is_left_to_torch() -> None:
    assert rendering.fits(drawing(1))
    assert not rendering.fits(Drawing(torch.rand(1, 1, 3, 64, 128), None, None))
