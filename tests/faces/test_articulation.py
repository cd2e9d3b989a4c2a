"""How wide somebody parts the lips is read from footage, and never taken for more than it can be."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from synctalkface.data.articulate import Mouths, after
from synctalkface.faces.articulation import LEAST, MOST, USUAL, articulation
from synctalkface.faces.detect import find_detector
from synctalkface.faces.mesh import FaceMesh
from synctalkface.person import follow
from synctalkface.video import probe


def gaps(widest: float) -> np.ndarray:
    """The gaps of somebody who speaks."""
    return np.abs(np.sin(np.linspace(0, 40, 500))) * widest


def test_who_parts_the_lips_as_usual_has_one() -> None:
    assert articulation(gaps(USUAL)) == pytest.approx(1, abs=0.02)
    assert articulation(gaps(1.6 * USUAL)) == pytest.approx(1.6, abs=0.03)


def test_beyond_what_people_do_it_ends() -> None:
    assert articulation(gaps(9 * USUAL)) == MOST
    assert articulation(gaps(0.6 * USUAL)) == LEAST


@pytest.mark.parametrize("openings", [np.empty(0), np.zeros(30), gaps(0.3 * USUAL)])
def test_who_does_not_speak_tells_nothing(openings: np.ndarray) -> None:
    assert articulation(openings) == 1.0


def test_a_clip_tells_it(sample_face: Path) -> None:
    found = follow(probe(sample_face), find_detector(), FaceMesh()).articulation
    assert LEAST <= found <= MOST
    assert found != 1.0, "the speaker of the sample speaks"


def test_wider_lips_are_told_to_be_wider() -> None:
    """What augmentation does is what is measured."""
    one = np.abs(np.sin(np.linspace(0, 40, 200))) * 0.02
    mouths = Mouths(
        np.stack(
            [np.stack([np.full(200, 0.5), 0.7 - one / 2], -1), np.stack([np.full(200, 0.5), 0.7 + one / 2], -1)], 1
        ),
        np.broadcast_to(np.array([[0.42, 0.7], [0.58, 0.7]]), (200, 2, 2)),
    )
    wide = after(mouths.lips, mouths, 1.5)
    before, later = (np.diff(lips[..., 1], axis=1)[:, 0] / 0.16 for lips in (mouths.lips, wide))
    assert articulation(later) == pytest.approx(1.5 * articulation(before), rel=1e-6)
