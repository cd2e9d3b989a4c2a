"""The sync expert gives cosines in 0..1 and leaves chance when there is something to find."""

from __future__ import annotations

import pytest
import torch

from synctalkface import losses
from synctalkface.config import preset
from synctalkface.models.layers import frozen
from synctalkface.models.syncnet import SyncNet, cosine


@pytest.mark.parametrize("name", ["paper", "base", "tiny"])
def test_both_sides_get_vectors_of_length_one_with_cosines_in_zero_to_one(name: str) -> None:
    config = preset(name)
    net = SyncNet(config).eval()
    with torch.no_grad():
        seen, heard = net.see(torch.rand(2, 5, 3, 64, 128)), net.hear(torch.randn(2, 80, 16))
    assert seen.shape == heard.shape == (2, config.syncnet.channels)
    torch.testing.assert_close(seen.norm(dim=-1), torch.ones(2))
    torch.testing.assert_close(heard.norm(dim=-1), torch.ones(2))
    assert cosine(seen, heard).min() >= 0
    assert cosine(seen, heard).max() <= 1 + 1e-6


def test_every_parameter_gets_a_gradient() -> None:
    torch.manual_seed(0)
    net = SyncNet(preset("tiny")).train()
    seen, heard = net.see(torch.rand(6, 5, 3, 64, 128)), net.hear(torch.randn(6, 80, 16))
    losses.contrast(seen, heard, 0.1).backward()
    assert [name for name, p in net.named_parameters() if p.grad is None or not p.grad.abs().sum() > 0] == []


def test_the_order_of_the_frames_matters() -> None:
    net = SyncNet(preset("tiny")).eval()
    frames = torch.rand(1, 5, 3, 64, 128)
    assert not torch.allclose(net.see(frames), net.see(frames.flip(1)), atol=1e-5)


def test_the_frozen_expert_teaches_the_pictures() -> None:
    net = SyncNet(preset("tiny")).train()
    frames = torch.rand(2, 5, 3, 64, 128, requires_grad=True)
    with frozen(net):
        losses.audio_visual(cosine(net.see(frames), net.hear(torch.randn(2, 80, 16)))).backward()
    assert frames.grad.abs().sum() > 0
    assert all(parameter.grad is None for parameter in net.parameters())


def test_features_are_float32_under_mixed_precision() -> None:
    net = SyncNet(preset("tiny")).eval()
    with torch.autocast("cpu", torch.bfloat16):
        assert net.see(torch.rand(1, 5, 3, 64, 128)).dtype == torch.float32


def test_it_learns_a_planted_correspondence() -> None:
    """Loudness in the sound is brightness in the picture: the expert must leave chance within a few steps."""
    torch.manual_seed(0)
    net = SyncNet(preset("tiny")).train()
    optimiser = torch.optim.Adam(net.parameters(), 3e-3)

    def batch() -> tuple[torch.Tensor, torch.Tensor]:
        level = torch.rand(16)
        noise = 0.05 * torch.rand(16, 5, 3, 64, 128)
        return level.view(-1, 1, 1, 1, 1) * 0.9 + noise, (level * 8 - 4).view(-1, 1, 1) + 0.1 * torch.randn(16, 80, 16)

    for _ in range(30):
        frames, mel = batch()
        loss = losses.contrast(net.see(frames), net.hear(mel), 0.07)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    assert float(loss.detach()) < 0.75 * torch.log(torch.tensor(16.0))  # log 16 is chance
