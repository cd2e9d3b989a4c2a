"""Every score finds a planted answer, and agrees with somebody else's definition."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor

from synctalkface.inputs import pictures
from synctalkface.metrics import (
    l1,
    landmark_distance,
    lip_sync_error,
    psnr,
    psnr_wrapped,
    sharpness,
    ssim,
    sync_certainty,
)


@pytest.fixture
def face() -> Tensor:
    """A public-domain face: (3, 128, 128) in 0..1."""
    data = pytest.importorskip("skimage.data")
    return pictures(np.ascontiguousarray(data.astronaut()[20:148, 160:288]))


def test_equal_pictures_are_perfect(face: Tensor) -> None:
    assert psnr(face, face) == float("inf")
    assert l1(face, face) == 0
    assert ssim(face[None], face[None]) == pytest.approx(1)


def test_what_is_blurred_is_less_sharp_where_one_looks(face: Tensor) -> None:
    frames = face[None].clone()
    low, high = torch.zeros(1, 1, 128, 128), torch.zeros(1, 1, 128, 128)
    low[:, :, 80:], high[:, :, :48] = 1.0, 1.0
    blurred = frames.clone()
    blurred[:, :, 64:] = torch.nn.functional.avg_pool2d(frames, 5, 1, 2)[:, :, 64:]
    assert sharpness(blurred, low) < 0.7 * sharpness(frames, low)
    assert sharpness(blurred, high) == sharpness(frames, high)
    assert sharpness(0.5 * frames, low) == pytest.approx(0.5 * sharpness(frames, low), rel=1e-4)
    chessboard = ((torch.arange(128)[:, None] + torch.arange(128)) % 2).float().expand(1, 3, 128, 128)
    assert sharpness(chessboard, torch.nn.functional.pad(torch.ones(1, 1, 100, 100), (14,) * 4)) == 0


@pytest.mark.parametrize("decibels", [10.0, 28.0, 40.0])
def test_noise_of_a_known_power_has_its_psnr(face: Tensor, decibels: float) -> None:
    noise = torch.randn(face.shape, generator=torch.Generator().manual_seed(0))
    noise *= 10 ** (-decibels / 20) / noise.square().mean().sqrt()
    assert psnr(face + noise, face) == pytest.approx(decibels, abs=1e-3)


def test_wrapped_psnr_flatters_bad_pictures_and_the_float_one_does_not() -> None:
    rng = np.random.default_rng(0)
    true, bad = rng.integers(0, 256, (2, 64, 64, 3)).astype(np.uint8)
    assert psnr(pictures(bad), pictures(true)) < 9
    assert psnr_wrapped(bad, true) > 27
    assert psnr_wrapped(true, true) == float("inf")


def test_wrapped_psnr_is_that_of_the_scripts() -> None:
    rng = np.random.default_rng(1)
    one, two = rng.integers(0, 256, (2, 32, 32, 3)).astype(np.uint8)
    script = 20 * np.log10(255.0 / np.sqrt(np.mean((one - two) ** 2)))  # uint8 all the way, as it is found in the wild
    assert psnr_wrapped(one, two) == pytest.approx(script)


def test_small_differences_that_do_not_wrap_have_one_psnr(face: Tensor) -> None:
    bright = (face * 200).byte().movedim(0, -1).numpy()
    dark = bright.copy()
    bright[::2] += 9
    assert psnr_wrapped(bright, dark) == pytest.approx(psnr(pictures(bright), pictures(dark)), abs=1e-3)


def test_ssim_is_scikit_images(face: Tensor) -> None:
    metrics = pytest.importorskip("skimage.metrics")
    rng = np.random.default_rng(2)
    true = face.movedim(0, -1).numpy().astype(np.float64)
    for blur in (0.0, 0.1, 0.5):
        other = np.clip(true + blur * rng.standard_normal(true.shape), 0, 1)
        wanted = metrics.structural_similarity(other, true, channel_axis=-1, data_range=1.0)
        ours = ssim(torch.from_numpy(other).movedim(-1, 0)[None], face[None])
        assert ours == pytest.approx(wanted, abs=1e-6)


def test_ssim_of_many_pictures_is_their_mean(face: Tensor) -> None:
    noisy = (face + 0.1 * torch.randn(face.shape, generator=torch.Generator().manual_seed(1))).clamp(0, 1)
    both = ssim(torch.stack([face, noisy]), torch.stack([face, face]))
    assert both == pytest.approx((1 + ssim(noisy[None], face[None])) / 2)


def test_landmarks_are_compared_without_their_place() -> None:
    lips = np.random.default_rng(3).uniform(0, 128, (7, 40, 2)).astype(np.float32)
    assert landmark_distance(lips + np.float32([30, -12]), lips) == pytest.approx(0, abs=1e-4)
    opened = lips.copy()
    opened[:, :20, 1] += 3  # half of the points 3 px down: 1.5 px from the centre for all
    assert landmark_distance(opened, lips) == pytest.approx(1.5, abs=1e-4)


@pytest.mark.parametrize("late", [-9, -1, 0, 4, 15])
def test_sound_that_comes_late_by_k_frames_has_offset_k(late: int) -> None:
    generator = torch.Generator().manual_seed(4)
    sound = torch.nn.functional.normalize(torch.randn(200, 32, generator=generator), dim=-1)
    frames, largest = 60, 15
    seen = sound[50 : 50 + frames] + 0.05 * torch.randn(frames, 32, generator=generator)
    begin = 50 - late  # the features of the sound, as if it came `late` frames later
    heard = torch.stack([sound[begin + shift : begin + shift + frames] for shift in range(-largest, largest + 1)])
    error = lip_sync_error(seen, heard)
    assert error.offset == late
    assert error.distance == pytest.approx(float((heard[late + largest] - seen).norm(dim=-1).mean()))
    assert error.confidence > 1  # of two random directions the distance is about 1.4


def test_lips_that_fit_no_sound_have_hardly_any_confidence() -> None:
    generator = torch.Generator().manual_seed(5)
    seen, heard = torch.randn(60, 32, generator=generator), torch.randn(31, 60, 32, generator=generator)
    unit = torch.nn.functional.normalize
    assert lip_sync_error(unit(seen, dim=-1), unit(heard, dim=-1)).confidence < 0.1


def test_certainty_grows_with_the_clip_and_stays_low_where_nothing_fits() -> None:
    generator = torch.Generator().manual_seed(6)
    seen = torch.randn(400, 32, generator=generator)
    noise = torch.randn(31, 400, 32, generator=generator)
    fits = noise.clone()
    fits[15] = 0.25 * seen + 0.97 * fits[15]
    assert sync_certainty(seen, noise) < 2.5
    assert sync_certainty(seen, fits) > 4
    assert sync_certainty(seen[:100], fits[:, :100]) == pytest.approx(sync_certainty(seen, fits) / 2, rel=0.5)
