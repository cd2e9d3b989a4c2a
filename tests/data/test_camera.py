"""A worse camera: blur as OpenCV has it, compression as libjpeg has it, noise as strong as it is said to be."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from torch import Tensor

from synctalkface.config import preset
from synctalkface.data import camera
from synctalkface.data.camera import Camera
from synctalkface.data.dataset import load

FRAMES = np.arange(3)


@pytest.fixture(scope="module")
def faces(tiny_data: Path) -> Tensor:
    """Three frames of a clip: uint8 (3, 128, 128, 3)."""
    return torch.from_numpy(load(tiny_data, "train", preset("tiny")).clips[0].crops[:3, 16:-16, 16:-16].copy())


def apart(one: Tensor, other: np.ndarray) -> float:
    return float(np.abs(one.numpy().astype(int) - other).mean())


def test_a_camera_that_does_nothing_does_nothing(faces: Tensor) -> None:
    assert Camera().film(faces, FRAMES) is faces
    assert camera.draw(np.random.default_rng(0), 0.0).film(faces, FRAMES) is faces


@pytest.mark.parametrize("sigma", [0.5, 1.2])
def test_the_blur_is_that_of_opencv(faces: Tensor, sigma: float) -> None:
    found = Camera(blur=sigma).film(faces, FRAMES)
    size = 2 * max(1, round(3 * sigma)) + 1
    wanted = [cv2.GaussianBlur(f, (size, size), sigma, borderType=cv2.BORDER_REPLICATE) for f in faces.numpy()]
    assert apart(found, np.stack(wanted)) < 0.3
    assert apart(found, faces.numpy()) > 0.5


@pytest.mark.parametrize(("quality", "most"), [(25, 0.35), (60, 0.35), (90, 0.7)])
def test_the_compression_is_that_of_libjpeg(faces: Tensor, quality: int, most: float) -> None:
    """To a share of what it changes. The finer it is, the more of that is how colour is brought to half the size."""
    found = Camera(quality=quality).film(faces, FRAMES)
    options = [cv2.IMWRITE_JPEG_QUALITY, quality]
    files = [cv2.imencode(".jpg", f[..., ::-1], options)[1] for f in faces.numpy()]
    wanted = np.stack([np.asarray(cv2.imdecode(file, cv2.IMREAD_COLOR))[..., ::-1] for file in files])
    assert apart(found, wanted) < most * np.abs(wanted.astype(int) - faces.numpy()).mean()


def test_a_side_that_is_no_multiple_of_a_block_is_compressed_too() -> None:
    picture = torch.linspace(0, 250, 30)[:, None] * torch.linspace(0, 1, 44) + torch.zeros(1, 3, 1, 1)
    found = camera.compressed(picture, 90)
    assert found.shape == picture.shape
    assert float((found - picture).abs().mean()) < 2


def test_noise_is_as_strong_as_told_and_another_in_every_frame() -> None:
    grey = torch.full((3, 128, 128, 3), 128, dtype=torch.uint8)
    grain = Camera(noise=5.0, seed=7).film(grey, FRAMES).float() - 128
    assert float(grain.std()) == pytest.approx(5.0, rel=0.03)
    assert float((grain[0] * grain[1]).mean()) == pytest.approx(0, abs=0.5)


def test_a_frame_looks_the_same_wherever_it_is_shown(faces: Tensor) -> None:
    """As a target, as a reference, and as its lower half alone."""
    filming = Camera(noise=4.0, seed=3)
    whole = filming.film(faces, np.array([8, 9, 10]))
    assert torch.equal(filming.film(faces[1:2], np.array([9])), whole[1:2])
    assert torch.equal(filming.film(faces[:, 64:], np.array([8, 9, 10]), 64), whole[:, 64:])
    assert not torch.equal(filming.film(faces[1:2], np.array([4])), whole[1:2])


def test_each_fault_is_drawn_as_often_as_its_share_says() -> None:
    drawn = [camera.draw(np.random.default_rng(seed), 0.4) for seed in range(300)]
    for name in ("blur", "noise", "quality"):
        assert np.mean([getattr(one, name) > 0 for one in drawn]) == pytest.approx(0.4, abs=0.09)
