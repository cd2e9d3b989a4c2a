"""A prepared clip comes back from the disk as it was put there, or says that it is damaged."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from synctalkface.data import pack
from synctalkface.data.pack import Pack
from synctalkface.errors import DataError


@pytest.fixture
def clip() -> Pack:
    rng = np.random.default_rng(0)
    side = pack.stored_size(128)
    smooth = rng.integers(0, 255, (4, 10, 10, 3), dtype=np.uint8)
    crops = np.stack([cv2.resize(c, (side, side), interpolation=cv2.INTER_CUBIC) for c in smooth])
    waveform = np.sin(np.arange(2560, dtype=np.float32) / 5) * np.float32(0.8)
    return Pack(crops, waveform, 16_000, (np.arange(4) + 0.5) / 25, rng.random((4, 12, 2), dtype=np.float32))


def test_the_margin_is_an_eighth_on_each_side() -> None:
    assert pack.stored_size(128) == 160
    assert pack.stored_size(256) == 320


def test_a_pack_comes_back_as_it_was_saved(clip: Pack, tmp_path: Path) -> None:
    pack.save(clip, tmp_path / "a.safetensors")
    back = pack.load(tmp_path / "a.safetensors")
    assert back.sample_rate == 16_000
    assert back.crops.shape == clip.crops.shape
    assert np.abs(back.crops.astype(int) - clip.crops).mean() < 2  # grey levels: JPEG
    np.testing.assert_allclose(back.waveform, clip.waveform, atol=1 / 32767)
    np.testing.assert_array_equal(back.centres, clip.centres)
    np.testing.assert_allclose(back.landmarks, clip.landmarks, atol=5e-4)  # a sixteenth of a pixel
    assert [path.name for path in tmp_path.iterdir()] == ["a.safetensors"]


def test_colours_are_not_swapped_on_the_way(clip: Pack, tmp_path: Path) -> None:
    clip.crops[:] = (200, 100, 30)
    pack.save(clip, tmp_path / "a.safetensors")
    np.testing.assert_allclose(pack.load(tmp_path / "a.safetensors").crops[0].mean((0, 1)), (200, 100, 30), atol=2)


def test_sound_louder_than_full_scale_is_cut_not_wrapped(clip: Pack, tmp_path: Path) -> None:
    clip.waveform = np.array([1.5, -1.5, 0.25], np.float32)
    pack.save(clip, tmp_path / "a.safetensors")
    np.testing.assert_allclose(pack.load(tmp_path / "a.safetensors").waveform, [1, -1, 0.25], atol=1e-4)


@pytest.mark.parametrize("damage", ["missing", "cut off", "not one", "without pictures", "a picture lost"])
def test_a_damaged_pack_names_itself_and_says_what_to_do(clip: Pack, tmp_path: Path, damage: str) -> None:
    path = tmp_path / "a.safetensors"
    pack.save(clip, path)
    if damage == "missing":
        path.unlink()
    elif damage == "cut off":
        path.write_bytes(path.read_bytes()[:-500])
    elif damage == "not one":
        path.write_text("no tensors in here")
    else:
        tensors = load_file(path)
        if damage == "without pictures":
            del tensors["crops"]
        else:
            tensors["ends"][:] = tensors["ends"][-1]
        save_file(tensors, path, metadata={"sample_rate": "16000"})
    with pytest.raises(DataError, match=r"a\.safetensors is not a prepared clip .* run 'prepare' again"):
        pack.load(path)
