"""The quality discriminator: which patches of a lower face look filmed, and which look made?

N pictures of 3 x 64 x 128 in 0..1 -> one logit a patch, (N, 1, H', W').
"""

from __future__ import annotations

from typing import cast

from torch import Tensor, nn

from synctalkface.config import Config

SLOPE = 0.2  # of the leaky ReLU below zero


class Discriminator(nn.Module):
    """Strided convolutions, each halving the picture; without batch norm, pictures are judged one by one.

    Spectral norm was tried and left it at chance for 600 steps (docs/log.md): the blur it should see is a small change.
    """

    def __init__(self, config: Config) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        before = 3
        for width in config.discriminator.widths:
            layers += [nn.Conv2d(before, width, 4, 2, 1), nn.LeakyReLU(SLOPE)]
            before = width
        layers.append(nn.Conv2d(before, 1, 3, 1, 1))
        self.layers = nn.Sequential(*layers)
        for layer in layers:
            if isinstance(layer, nn.Conv2d):  # PyTorch's own start shrinks a signal at every layer, to nothing here
                nn.init.kaiming_normal_(layer.weight, SLOPE)
                nn.init.zeros_(cast(Tensor, layer.bias))

    def forward(self, pictures: Tensor) -> Tensor:
        """pictures (..., 3, 64, 128): the lower halves, with any leading shape."""
        logits: Tensor = self.layers(pictures.flatten(0, -4) * 2 - 1)
        return logits
