"""The narrow pass: which stretch of sound a frame hears, and how pixels become numbers and numbers pixels."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from synctalkface.config import AudioConfig
from synctalkface.inputs import chunk_length, frames, lower, pictures, speech_chunk, upper

AUDIO = AudioConfig()


def counting(steps: int) -> torch.Tensor:
    """A spectrogram whose every step holds its own number."""
    return torch.arange(steps, dtype=torch.float32).expand(AUDIO.bands, steps)


def slow_window(mel: torch.Tensor, centre: float, steps: int) -> list[float]:
    """What a frame centred at `centre` seconds hears, step by step: those nearest to it, silence outside the clip."""
    first = int(np.floor(centre * AUDIO.mel_rate - (steps - 1) / 2 + 0.5))
    wanted = range(first, first + steps)
    return [float(mel[0, k]) if 0 <= k < mel.shape[1] else -AUDIO.span for k in wanted]


@pytest.mark.parametrize("rate", [25.0, 30000 / 1001, 23.976, 60.0])
@pytest.mark.parametrize("steps", [9, 16, 33])
def test_every_frame_hears_the_window_around_its_middle(rate: float, steps: int) -> None:
    mel = counting(80)
    centres = (np.arange(30) + 0.5) / rate
    chunk = speech_chunk(mel, centres, steps, AUDIO)
    for centre, start in zip(centres, chunk.starts.tolist(), strict=True):
        assert chunk.mel[0, start : start + steps].tolist() == slow_window(mel, centre, steps)


def test_before_its_begin_and_after_its_end_a_clip_is_silent() -> None:
    chunk = speech_chunk(counting(10), np.array([-2.0, 0.06, 9.0]), 16, AUDIO)
    first, middle, last = (chunk.mel[0, s : s + 16] for s in chunk.starts.tolist())
    assert (first == -AUDIO.span).all()
    assert (last == -AUDIO.span).all()
    assert set(middle.tolist()) == {-AUDIO.span, *map(float, range(10))}


def test_a_chunk_may_lie_wholly_outside_the_sound() -> None:
    chunk = speech_chunk(torch.zeros(AUDIO.bands, 0), np.array([1.0, 1.04]), 16, AUDIO)
    assert (chunk.mel == -AUDIO.span).all()


def test_a_chunk_of_given_length_hears_the_same_and_refuses_to_be_too_short() -> None:
    centres = (np.arange(5) + 20.5) / 25
    free = speech_chunk(counting(100), centres, 16, AUDIO)
    fixed = speech_chunk(counting(100), centres, 16, AUDIO, free.mel.shape[1] + 7)
    assert fixed.mel.shape[1] == free.mel.shape[1] + 7
    assert torch.equal(fixed.mel[:, : free.mel.shape[1]], free.mel)
    assert torch.equal(fixed.starts, free.starts)
    with pytest.raises(ValueError, match="cannot hold"):
        speech_chunk(counting(100), centres, 16, AUDIO, free.mel.shape[1] - 1)


@pytest.mark.parametrize("rate", [25.0, 29.97, 30.0, 50.0, 12.5])
def test_the_length_for_batches_holds_the_windows_wherever_they_stand(rate: float) -> None:
    length = chunk_length(5, 16, rate, AUDIO)
    for first in range(300):
        speech_chunk(counting(4), (first + np.arange(5) + 0.5) / rate, 16, AUDIO, length)


def test_pixels_become_numbers_from_0_to_1_and_come_back() -> None:
    rgb = np.random.default_rng(0).integers(0, 256, (2, 6, 8, 3), dtype=np.uint8)
    made = pictures(rgb)
    assert made.shape == (2, 3, 6, 8)
    assert made.dtype == torch.float32
    assert float(made[1, 2, 3, 4]) == pytest.approx(rgb[1, 3, 4, 2] / 255)
    back = frames(made)
    assert back.shape == rgb.shape
    np.testing.assert_array_equal(np.rint(back), rgb)
    np.testing.assert_array_equal(frames(torch.tensor([-1.0, 2.0]).view(1, 2, 1, 1))[0, 0, 0], [0, 255])


def test_the_two_halves_make_the_whole() -> None:
    faces = torch.rand(2, 3, 8, 8)
    assert torch.equal(torch.cat([upper(faces), lower(faces)], dim=-2), faces)
    assert upper(faces).shape == lower(faces).shape == (2, 3, 4, 8)
