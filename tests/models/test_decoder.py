"""What the moving head writes: flows without a pattern from pixel to pixel."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
import torch

from synctalkface.config import preset
from synctalkface.models.decoder import smooth
from synctalkface.models.generator import SyncTalkFace


def test_a_flow_is_smoothed_as_opencv_does_it() -> None:
    flow = torch.randn(1, 2, 4, 8, 16)
    kernel = np.outer([1, 2, 1], [1, 2, 1]).astype(np.float32) / 16
    for frame in range(2):
        for channel in range(4):
            slow = cv2.filter2D(flow[0, frame, channel].numpy(), -1, kernel, borderType=cv2.BORDER_REPLICATE)
            np.testing.assert_allclose(smooth(flow)[0, frame, channel].numpy(), slow, atol=1e-6)


def test_dots_disappear_and_what_is_even_stays() -> None:
    dots = ((torch.arange(8)[:, None] + torch.arange(16)) % 2 * 2.0 - 1)[None, None, None]
    assert smooth(dots)[..., 1:-1, 1:-1].abs().max() == 0
    ramp = torch.linspace(0, 1, 16).expand(1, 1, 1, 8, 16)
    torch.testing.assert_close(smooth(ramp)[..., 1:-1], ramp[..., 1:-1])


def test_a_head_whose_pixels_disagree_fetches_no_dots(monkeypatch: pytest.MonkeyPatch) -> None:
    """Planted: every second pixel of a row has a flow of its own. Counted: how often the flow turns back at a pixel."""
    torch.manual_seed(0)
    config = preset("tiny")
    model = SyncTalkFace(config).eval()
    with torch.no_grad():
        model.decoder.head.bias[: 8 * config.model.references : 4] += 0.5  # of four pixels side by side the first

    def turns() -> float:
        size, lips = config.face.size, torch.ones(1, 1, config.model.channels)
        with torch.no_grad():
            features = model.encode_references(torch.full((1, config.model.references, 3, size, size), 0.5))
            flow = model.draw(torch.full((1, 1, 3, size // 2, size), 0.5), features, lips, lips).flow
        steps = flow[..., 2:-2:2, 2:-2].diff(dim=-1)
        return float((steps[..., 1:] * steps[..., :-1] < -1e-4).float().mean())

    assert turns() < 0.05
    monkeypatch.setattr("synctalkface.models.decoder.smooth", lambda flow: flow)
    assert turns() > 0.9
