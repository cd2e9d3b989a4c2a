"""Lips in crops: their movement and opening are what was planted."""

from __future__ import annotations

import numpy as np
import pytest

from synctalkface.faces.lip_reader import movement, opening, width
from synctalkface.faces.mesh import LIPS_INNER, LIPS_OUTER


def mouth(gap: float, wide: float = 40.0) -> np.ndarray:
    """(40, 2): two ellipses, the inner one `gap` px high."""
    points = []
    for ring, height in ((LIPS_OUTER, gap + 12), (LIPS_INNER, gap)):
        angle = np.pi - 2 * np.pi * np.arange(len(ring)) / len(ring)  # from the right corner over the upper lip
        x, y = np.cos(angle) * wide / 2, -np.sin(angle) * height / 2
        points.append(np.stack([x, y], -1))
    return np.concatenate(points).astype(np.float32) + 64


def test_a_mouth_that_travels_does_not_move() -> None:
    still = np.stack([mouth(4) + shift for shift in range(6)])
    assert movement(still) == pytest.approx(0, abs=1e-5)


def test_movement_counts_px_a_frame() -> None:
    one, two = mouth(4), mouth(4)
    two[:20, 1] += 2  # half of the points 2 px: 1 px from the centre for all
    assert movement(np.stack([one, two, one])) == pytest.approx(1, abs=1e-5)


def test_opening_is_the_gap_over_the_width() -> None:
    lips = np.stack([mouth(0), mouth(10), mouth(20)])
    assert width(lips) == pytest.approx([40, 40, 40])
    assert opening(lips) == pytest.approx([0, 0.25, 0.5], abs=1e-5)
