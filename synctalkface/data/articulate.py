"""Another way of speaking: the same mouth, opened wider or less wide than it was filmed.

Of two people who say the same, one parts the lips twice as far as the other, and two people teach only two ways. In
pictures F of one person the jaw is moved by the gap between the lips, so that closed lips stay closed.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

UPPER = 0.25  # of the change: what the upper lip moves; the lower one and the chin move the rest
NOSE, CHIN = 0.35, 0.9  # in widths of the mouth, from the lips: from there on nothing moves
ACROSS = 0.9  # in widths of the mouth, from its middle: from there on nothing moves

Places = NDArray[np.floating[Any]]


class Mouths(NamedTuple):
    """Where the mouth lies in F pictures, in any unit."""

    lips: Places  # (F, 2, 2): middles of the inner upper and lower lip, x and y
    corners: Places  # (F, 2, 2)


def before(places: Tensor, mouths: Mouths, gain: float) -> Tensor:
    """Where the pixels at `places` (..., 2) came from, in each picture, as the lips parted `gain` times as far.

    (F, ..., 2), in the unit of `mouths`. At the corners, where lips meet, they part less.
    """
    return _moved(places.expand(len(mouths.lips), *places.shape), mouths, gain, back=True)


def after(points: Places, mouths: Mouths, gain: float) -> Places:
    """Where the `points` (F, ..., 2) of each picture go as the lips part `gain` times as far: `before` undone."""
    return _moved(torch.from_numpy(points), mouths, gain, back=False).numpy()


def _moved(places: Tensor, mouths: Mouths, gain: float, *, back: bool) -> Tensor:
    """`places` (F, ..., 2) taken from before the change to after it, or `back`."""

    def each(numbers: Places) -> Tensor:
        """(F,) numbers beside `places`."""
        return torch.from_numpy(numbers).to(places).view(-1, *[1] * (places.dim() - 2))

    x, y = places.unbind(-1)
    upper, lower = each(mouths.lips[..., 1].min(1)), each(mouths.lips[..., 1].max(1))
    middle = each(mouths.lips[..., 0].mean(1))
    width = each(np.linalg.norm(mouths.corners[:, 1] - mouths.corners[:, 0], axis=1)).clamp_min(1e-6)
    more = (gain - 1) * (lower - upper)
    rises, falls = UPPER * more, (1 - UPPER) * more
    nose, chin = upper - NOSE * width, lower + CHIN * width
    high, low, up, down = (upper - rises, lower + falls, rises, -falls) if back else (upper, lower, -rises, falls)
    above = up * _share(y, nose, high)
    between = torch.lerp(up.expand_as(y), down.expand_as(y), _share(y, high, low))
    below = down * (1 - _share(y, low, chin))
    shift = torch.where(y < high, above, torch.where(y < low, between, below))
    across = torch.cos(torch.pi / 2 * ((x - middle).abs() / (ACROSS * width)).clamp(max=1)).square()
    return torch.stack([x, y + shift * across], -1)


def _share(y: Tensor, begin: Tensor, end: Tensor) -> Tensor:
    """How far `y` lies from `begin` to `end`: 0..1."""
    return ((y - begin) / (end - begin).clamp_min(1e-9)).clamp(0, 1)
