"""Seams: a clip whose light and hue drift shows no edge around the mouth, does not flicker, and stays itself outside.

The model is made to repeat the reference, so that what is seen at the edge of the mask comes from light alone.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

import synctalkface.person.mouth as mouth
from synctalkface.faces.crop import mouth_mask, place, region
from synctalkface.models.decoder import Drawing
from synctalkface.person import Followed
from synctalkface.person.cutout import MARGIN
from synctalkface.pipeline import LipSync
from synctalkface.video import Frame, Video, probe, read_frames

DRIFT = (  # over 0.8 s: two thirds of the light to all of it, as the white turns from blue to yellow
    "geq=lum='16+(lum(X,Y)-16)*(0.66+0.42*T)':cb='128+(cb(X,Y)-128)*(0.66+0.42*T)+8-20*T'"
    ":cr='128+(cr(X,Y)-128)*(0.66+0.42*T)-5+12*T'"
)


class Dubbed(NamedTuple):
    """A clip before and after, and how much of each frame was replaced."""

    before: list[Frame]
    after: list[Frame]
    alphas: list[NDArray[np.float32]]  # (H, W)


@pytest.fixture
def repeating(lipsync: LipSync, monkeypatch: pytest.MonkeyPatch) -> LipSync:
    """A model that draws nothing: the pixels of the reference, where they were."""

    def draw(pose: torch.Tensor, *_: object) -> Drawing:
        batch, side = pose.shape[1], pose.shape[-1]
        blank = torch.zeros(1, batch, 3, side // 2, side)
        keep = torch.zeros_like(blank[:, :, :2])
        keep[:, :, 0] = 1  # all of the first reference, nothing of the second
        return Drawing(blank, keep, torch.zeros(1, batch, 4, side // 2, side))

    monkeypatch.setattr(lipsync.model, "draw", draw)
    return lipsync


@pytest.fixture
def drifting(face_clip: Callable[..., Path]) -> Path:
    return face_clip("drift.mp4", "-vf", DRIFT)


@pytest.fixture
def dub(
    repeating: LipSync, drifting: Path, said: Callable[[float], Path], tmp_path: Path, written: list[Frame]
) -> Callable[[], Dubbed]:
    def run() -> Dubbed:
        written.clear()
        repeating.dub(drifting, said(0.8), tmp_path / "out.mp4", fit="trim", overwrite=True)
        clip = probe(drifting)
        return Dubbed(list(read_frames(clip)), list(written), alphas(clip, repeating.follow(clip)))

    return run


def alphas(clip: Video, followed: Followed) -> list[NDArray[np.float32]]:
    found = []
    for number in range(len(clip.clock)):
        where = followed.at(number)
        assert where is not None
        box = region(where.matrix, MARGIN, clip.width, clip.height, top=0.5)
        mask = mouth_mask(where.landmarks, where.matrix, 192)
        alpha = np.zeros((clip.height, clip.width), np.float32)
        alpha[box[1] : box[3], box[0] : box[2]] = place(np.repeat(mask[..., None], 3, 2), mask, where.matrix, box)[1]
        found.append(alpha)
    return found


def seams(dubbed: Dubbed) -> NDArray[np.float64]:
    """(N, 3) by how many levels of R, G and B the replaced skin differs from what it replaced, at the mask's edge."""
    rows = []
    for before, after, alpha in zip(*dubbed, strict=True):
        edge = (alpha > 0.3) & (alpha < 0.8)
        change = after.rgb().astype(np.float64) - before.rgb()
        rows.append((change[edge] / alpha[edge][:, None]).mean(axis=0))
    return np.array(rows)


def test_a_ramp_of_brightness_and_hue_makes_no_seam_and_no_flicker(
    dub: Callable[[], Dubbed], monkeypatch: pytest.MonkeyPatch
) -> None:
    matched = seams(dub())
    monkeypatch.setattr(mouth, "relight", lambda drawn, *_: drawn)
    unmatched = seams(dub())
    assert np.abs(matched).mean() < 2
    assert np.abs(matched).max() < 4
    assert np.abs(unmatched).mean() > 4 * np.abs(matched).mean()
    assert np.abs(unmatched).max() > 15
    assert np.abs(np.diff(matched, axis=0)).mean() < 1, "from frame to frame"


def test_pixels_outside_the_mask_are_the_source_s_own(dub: Callable[[], Dubbed]) -> None:
    for before, after, alpha in zip(*dub(), strict=True):
        outside = alpha == 0
        assert outside.mean() > 0.7
        assert (after.y[outside] == before.y[outside]).all()
        chroma = outside.reshape(before.height // 2, 2, before.width // 2, 2).all(axis=(1, 3))
        assert (after.u[chroma] == before.u[chroma]).all()
        assert (after.v[chroma] == before.v[chroma]).all()
        assert (after.y != before.y).any()
