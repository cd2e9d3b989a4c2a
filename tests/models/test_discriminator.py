"""The quality discriminator judges patches, each picture for itself."""

from __future__ import annotations

import pytest
import torch

from synctalkface import losses
from synctalkface.config import preset
from synctalkface.models.discriminator import Discriminator


@pytest.mark.parametrize("name", ["paper", "base", "tiny"])
def test_there_is_a_logit_for_every_patch(name: str) -> None:
    net = Discriminator(preset(name)).eval()
    halvings = len(preset(name).discriminator.widths)
    assert net(torch.rand(2, 3, 64, 128)).shape == (2, 1, 64 >> halvings, 128 >> halvings)


def test_leading_shapes_are_taken_as_they_come() -> None:
    net = Discriminator(preset("tiny")).eval()
    pictures = torch.rand(2, 3, 3, 64, 128)
    torch.testing.assert_close(net(pictures), net(pictures.flatten(0, 1)))


def test_a_picture_is_judged_without_the_others() -> None:
    net = Discriminator(preset("tiny")).eval()
    pictures = torch.rand(3, 3, 64, 128)
    torch.testing.assert_close(net(pictures)[1:2], net(pictures[1:2]), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("mixed", [False, True])
def test_every_parameter_gets_a_gradient(mixed: bool) -> None:
    torch.manual_seed(0)
    net = Discriminator(preset("tiny")).train()
    with torch.autocast("cpu", torch.bfloat16, enabled=mixed):
        loss = losses.adversarial_discriminator(net(torch.rand(2, 3, 64, 128)), net(torch.rand(2, 3, 64, 128)))
    loss.backward()
    assert [name for name, p in net.named_parameters() if p.grad is None or not p.grad.abs().sum() > 0] == []


def test_it_learns_to_tell_flat_pictures_from_textured_ones() -> None:
    torch.manual_seed(0)
    net = Discriminator(preset("tiny")).train()
    optimiser = torch.optim.Adam(net.parameters(), 5e-3)
    for _ in range(30):
        real, fake = torch.rand(4, 3, 64, 128), torch.rand(4, 3, 1, 1).expand(-1, -1, 64, 128)
        loss = losses.adversarial_discriminator(net(real), net(fake))
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    assert float(loss.detach()) < 1.0  # 2 log 2 = 1.39 is chance
