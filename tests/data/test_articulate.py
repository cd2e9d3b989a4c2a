"""Lips that are made to part wider part by what was asked, closed ones stay closed, and nothing else moves."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from synctalkface.config import preset
from synctalkface.data import augment, card
from synctalkface.data.articulate import Mouths, after, before
from synctalkface.data.dataset import Clips, load

OPEN = Mouths(np.array([[[0.5, 0.7], [0.5, 0.74]]]), np.array([[[0.42, 0.72], [0.58, 0.72]]]))
SHUT = Mouths(np.array([[[0.5, 0.72], [0.5, 0.72]]]), OPEN.corners)


@pytest.fixture(scope="module")
def clips(tiny_data: Path) -> Clips:
    return load(tiny_data, "train", preset("tiny"))


def widened(gain: float) -> augment.Look:
    """Nothing but the lips changes."""
    plain = augment.look(np.random.default_rng(0), 0.0)
    return augment.Look(plain.to_stored, plain.bend, plain.colour, plain.gamma, gain)


def seen_before(places: np.ndarray, mouths: Mouths, gain: float) -> np.ndarray:
    """`before` in the one picture of `mouths`."""
    return before(torch.from_numpy(places), mouths, gain)[0].numpy()


@pytest.mark.parametrize("gain", [0.75, 1.5, 2.25])
def test_the_gap_grows_by_what_was_asked(gain: float) -> None:
    moved = after(OPEN.lips, OPEN, gain)[0]
    assert moved[1, 1] - moved[0, 1] == pytest.approx(gain * 0.04)
    assert moved[0, 1] == pytest.approx(0.7 - 0.25 * (gain - 1) * 0.04), "the jaw moves more than the upper lip"


@pytest.mark.parametrize("gain", [0.75, 1.5, 2.25])
def test_where_pixels_come_from_is_where_points_go_undone(gain: float) -> None:
    points = np.stack(np.meshgrid(np.full(1, 0.5), np.linspace(0.4, 0.98, 40)), -1).reshape(1, -1, 2)
    np.testing.assert_allclose(seen_before(after(points, OPEN, gain)[0], OPEN, gain), points[0], atol=1e-9)


def test_closed_lips_stay_closed() -> None:
    points = np.random.default_rng(0).random((1, 50, 2))
    np.testing.assert_array_equal(after(points, SHUT, 2.0), points)


def test_eyes_cheeks_and_neck_stay_where_they_are() -> None:
    still = np.array([[[0.3, 0.4], [0.7, 0.4], [0.5, 0.6], [0.25, 0.72], [0.75, 0.74], [0.5, 0.95]]])
    np.testing.assert_allclose(after(still, OPEN, 2.0), still, atol=1e-12)


def test_the_pixels_go_where_the_landmarks_go(clips: Clips) -> None:
    """Seen again in the changed crops, by the brightness along the middle of the mouth."""
    clip = clips.clips[0]
    frame = int(clip.openings.argmax())
    crops, mouths = clip.crops[[frame]], clip.mouths(np.array([frame]))
    same, wide = widened(1.0).crop(crops, 128, 0, mouths)[0], widened(2.0).crop(crops, 128, 0, mouths)[0]
    column = round(float(mouths.lips[0, :, 0].mean()) * 128)
    rows = (np.arange(128) + 0.5) / 128
    middle = np.stack([np.full(128, (column + 0.5) / 128), rows], -1)
    source = seen_before(middle, mouths, 2.0)[:, 1]
    expected = np.interp(source, rows, same[:, column].mean(-1).astype(float))
    assert np.abs(wide[:, column].mean(-1) - expected).mean() < 2
    assert np.abs(wide.astype(int) - same).mean() > 0.2


def test_a_gpu_widens_alike(clips: Clips) -> None:
    clip = clips.clips[0]
    stored, mouths = clip.crops[:4], clip.mouths(slice(0, 4))
    wanted = widened(2.0).crop(stored, 128, 0, mouths)
    found = card.crop(torch.from_numpy(stored), widened(2.0), 128, 0, mouths).numpy()
    assert np.abs(found.astype(int) - wanted).mean() < 0.75


def test_a_window_tells_how_wide_and_shows_the_lip_encoder_what_was_filmed(clips: Clips) -> None:
    clip = clips.clips[0]
    first = int(clip.openings.argmax()) // 2
    plain, wide = (clips.window(clip, first, (0,), widened(gain), spoken=1.2) for gain in (1.0, 2.0))
    assert plain.articulation.tolist() == pytest.approx([1.2])
    assert wide.articulation.tolist() == pytest.approx([2.4])
    assert torch.equal(plain.faces, plain.seen)
    assert torch.equal(wide.seen, plain.faces)
    assert not torch.equal(wide.faces, wide.seen)


def test_only_an_articulated_model_is_shown_wider_lips() -> None:
    seeds = range(40)
    assert {augment.look(np.random.default_rng(seed), 1.0).articulation for seed in seeds} == {1.0}
    drawn = [augment.look(np.random.default_rng(seed), 1.0, articulated=True).articulation for seed in seeds]
    assert 10 < sum(one != 1 for one in drawn) < 30
    assert 0.7 < min(drawn) < 1 < max(drawn) < 2.3
