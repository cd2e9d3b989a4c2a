"""What the lips are told: smooth in time without lag, at rest in silence, whatever the batches."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor

from synctalkface.address import AddressTrack
from synctalkface.audio import log_mel
from synctalkface.config import Config, preset
from synctalkface.models.generator import Heard, SyncTalkFace, for_use
from synctalkface.person.hearing import Hearing, kernel, silent

TINY = preset("tiny")
Recall = Callable[[NDArray[np.float64]], Heard]


@pytest.fixture(scope="module")
def model() -> SyncTalkFace:
    torch.manual_seed(0)
    return for_use(SyncTalkFace(TINY))


def speech(seconds: float = 1.0, before: float = 0.0, after: float = 0.0) -> Tensor:
    """The spectrogram of a voice whose pitch rises, in a room with a little hiss."""
    rate = TINY.audio.sample_rate
    steps = np.arange(round(seconds * rate))
    voice = 0.1 * (2 * (np.cumsum(np.linspace(100, 220, len(steps))) / rate % 1) - 1)
    voice = np.pad(voice, (round(before * rate), round(after * rate)))
    hiss = 3e-4 * np.random.default_rng(0).standard_normal(len(voice))
    return log_mel((voice + hiss).astype(np.float32), TINY.audio)


def moments(seconds: float, rate: float = 25.0) -> NDArray[np.float64]:
    return (np.arange(round(seconds * rate)) + 0.5) / rate


def planted(hearing: Hearing, address: Callable[[NDArray[np.float64]], NDArray[np.float64]]) -> Recall:
    """In place of what the model hears: addresses (F, S) that are a function of the moment."""

    def recall(at: NDArray[np.float64]) -> Heard:
        found = torch.from_numpy(address(at).astype(np.float32))[None]
        return Heard(torch.zeros(1, len(at), TINY.model.channels), torch.zeros(1, len(at), TINY.model.channels), found)

    hearing._sound.at = recall  # type: ignore[method-assign]
    return recall


def between(share: NDArray[np.float64]) -> NDArray[np.float64]:
    """Addresses that go from the first slot to the second as `share` goes from 0 to 1."""
    rows = np.zeros((len(share), TINY.memory.slots))
    rows[:, 0], rows[:, 1] = 1 - share, share
    return rows


def test_a_step_passes_half_way_where_it_was_and_is_over_in_a_tenth_of_a_second(model: SyncTalkFace) -> None:
    hearing = Hearing(model, TINY, speech(2))
    planted(hearing, lambda at: between((at >= 1.0).astype(float)))
    fine = np.arange(0.8, 1.2, 0.001)
    told = hearing.at(fine).address
    assert told is not None
    second = told[0, :, 1].numpy()
    assert fine[second >= 0.5][0] == pytest.approx(1.0, abs=0.002)
    moving = fine[(second > 0.01) & (second < 0.99)]
    assert moving[-1] - moving[0] < 0.1
    assert second + second[::-1] == pytest.approx(np.ones(len(fine)), abs=0.25), "as much ahead as behind"
    assert (np.diff(second) >= 0).all(), "no overshoot"


def test_jitter_falls_by_more_than_a_third_and_a_slow_motion_stays(model: SyncTalkFace) -> None:
    hearing = Hearing(model, TINY, speech(4))
    tremble = np.random.default_rng(0).uniform(-0.2, 0.2, 400)
    slow = lambda at: 0.5 + 0.25 * np.sin(2 * np.pi * at)  # noqa: E731
    planted(hearing, lambda at: between(slow(at) + tremble[np.round(at * TINY.audio.mel_rate).astype(int)]))
    at = moments(3.5)[3:]
    told = hearing.at(at).address
    assert told is not None
    error = told[0, :, 1].numpy() - slow(at)
    assert error.std() < 0.6 * tremble.std()
    assert abs(error.mean()) < 0.02


def test_the_kernel_is_even_and_sums_to_one() -> None:
    offsets, bell = kernel(0.02, 80.0)
    assert offsets == pytest.approx(-offsets[::-1])
    assert bell == pytest.approx(bell[::-1])
    assert bell.sum() == pytest.approx(1)
    assert np.sqrt((bell * offsets**2).sum()) == pytest.approx(0.02, rel=0.15)


def test_in_silence_each_moment_is_told_exactly_what_pure_silence_says(model: SyncTalkFace) -> None:
    mel = speech(0.6, before=1.0, after=1.2)
    rest = Hearing(model, TINY, silent(TINY)).at(np.zeros(1))
    quiet = np.concatenate([np.arange(0.1, 0.75, 0.04), np.arange(2.0, 2.7, 0.04)])
    heard = Hearing(model, TINY, mel).at(quiet)
    raw = Hearing(model, TINY, mel, raw=True).at(quiet)
    for told, resting, unsettled in zip(heard, rest, raw, strict=True):
        assert told is not None
        assert resting is not None
        torch.testing.assert_close(told, resting.expand_as(told), atol=1e-6, rtol=1e-5)
        assert unsettled is not None
        assert not torch.allclose(unsettled, resting.expand_as(told), atol=1e-3), "the hiss moves a mouth that hears it"


def test_in_speech_the_lips_follow_what_the_sound_asks_for(model: SyncTalkFace) -> None:
    mel, at = speech(1.2, before=0.4, after=0.4), np.arange(0.7, 1.4, 0.04)
    told, raw = Hearing(model, TINY, mel).at(at), Hearing(model, TINY, mel, raw=True).at(at)
    spread = raw.lips.std(dim=1).mean()
    assert (told.lips - raw.lips).abs().mean() < 0.5 * spread


def test_how_the_moments_are_batched_does_not_matter(model: SyncTalkFace) -> None:
    hearing, at = Hearing(model, TINY, speech(1, 0.5, 0.5)), moments(2)
    whole, parts = hearing.at(at), [hearing.at(at[begin : begin + 7]) for begin in range(0, len(at), 7)]
    assert torch.cat([part.lips for part in parts], 1).numpy() == pytest.approx(whole.lips.numpy(), abs=1e-5)
    again = Hearing(model, TINY, speech(1, 0.5, 0.5))
    torch.testing.assert_close(again.at(at[7:14]).lips, parts[1].lips, atol=0, rtol=0)


def test_a_hand_edited_track_wins_over_silence(model: SyncTalkFace) -> None:
    address = np.eye(TINY.memory.slots, dtype=np.float32)[3:4]
    track = AddressTrack(np.zeros(1), address, np.ones(1, np.float32))
    heard = Hearing(model, TINY, silent(TINY), track).at(moments(0.4))
    assert heard.address is not None
    assert (heard.address[0].numpy() == address).all()


def test_a_model_without_memory_rests_too() -> None:
    forgetful: Config = replace(TINY, memory=replace(TINY.memory, enabled=False))
    model = for_use(SyncTalkFace(forgetful))
    heard = Hearing(model, forgetful, speech(0.5, 0.8, 0)).at(np.array([0.2, 1.0]))
    rest = Hearing(model, forgetful, silent(forgetful)).at(np.zeros(1))
    assert heard.address is None
    torch.testing.assert_close(heard.lips[:, :1], rest.lips)
    assert not torch.allclose(heard.lips[:, 1:], rest.lips)
