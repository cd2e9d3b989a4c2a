"""Crops that are changed where a GPU would hold them look as those that the CPU changes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from synctalkface.config import preset
from synctalkface.data import augment, card
from synctalkface.data.dataset import Clips, load

CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def clips(tiny_data: Path) -> Clips:
    return load(tiny_data, "train", preset("tiny"))


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("top", [0, 64])
def test_a_crop_is_within_rounding_of_the_cpus(clips: Clips, seed: int, top: int) -> None:
    stored = clips.clips[0].crops[:3]
    change = augment.look(np.random.default_rng(seed), 1.0)
    wanted = change.crop(stored, 128, top)
    found = card.crop(torch.from_numpy(stored), change, 128, top).numpy()
    assert found.shape == wanted.shape
    error = np.abs(found.astype(int) - wanted)
    assert error.mean() < 0.75  # of 255
    assert np.quantile(error, 0.99) <= 6  # edges, which OpenCV places to 1/32 of a pixel


def test_another_change_looks_otherwise(clips: Clips) -> None:
    stored = clips.clips[0].crops[:1]
    one, other = (augment.look(np.random.default_rng(seed), 1.0) for seed in (0, 1))
    found = card.crop(torch.from_numpy(stored), one, 128).numpy()
    assert np.abs(found.astype(int) - other.crop(stored, 128)).mean() > 5


def test_resident_clips_give_the_same_batches(tiny_data: Path, clips: Clips) -> None:
    resident = load(tiny_data, "train", preset("tiny"))
    resident.stay_on(CPU)
    for drawn, wanted in (
        (resident.windows(0, 3, 2, 1.0), clips.windows(0, 3, 2, 1.0)),
        (resident.sync_pairs(0, 3, 1.0), clips.sync_pairs(0, 3, 1.0)),
    ):
        for name, mine, theirs in zip(drawn._fields, drawn, wanted, strict=True):
            assert mine.shape == theirs.shape, name
            if name in ("faces", "seen", "references"):
                assert float((mine - theirs).abs().mean()) < 0.75 / 255, name
            else:
                assert torch.equal(mine, theirs), name


def test_clips_stay_in_memory_where_there_is_no_gpu(clips: Clips) -> None:
    assert not card.has_room(1, CPU)
    clips.stay_near(CPU)
    assert clips._resident == {}


def test_a_part_of_a_batch_is_that_part(clips: Clips) -> None:
    whole, part = clips.windows(5, 1, 4, 1.0), clips.windows(5, 1, 4, 1.0, slice(2, 4))
    for mine, theirs in zip(part, whole, strict=True):
        assert torch.equal(mine, theirs[2:])
    pairs, second = clips.sync_pairs(5, 1, 1.0), clips.sync_pairs(5, 1, 1.0, slice(1, 2))
    assert set(second.clip.tolist()) == {1}
    assert torch.equal(second.mel, pairs.mel[pairs.clip == 1])
