"""A voice that hardly moves the lips moves them as others do, one that does is left alone, and silence is silence."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from synctalkface import hub
from synctalkface.audio import log_mel, read_waveform
from synctalkface.models.generator import for_use
from synctalkface.person import lively
from synctalkface.person.hearing import BLOCK, BLOCKS, Hearing, silent
from synctalkface.person.lively import ENOUGH, MOST, USUAL, liveliness, sample

VALUES = torch.randn(12, 5, generator=torch.Generator().manual_seed(0))


def spoken(sharpness: float, count: int = 400) -> Tensor:
    """Addresses (N, S) that say the same, the flatter the less sharp."""
    wanted = torch.randn(count, 12, generator=torch.Generator().manual_seed(1))
    return torch.softmax(sharpness * wanted, -1)


def spread(addresses: Tensor) -> float:
    return float((addresses @ VALUES).var(0).sum().sqrt())


def usual() -> float:
    return USUAL * float(VALUES.var(0, correction=0).sum().sqrt())


def test_a_flat_voice_is_spread_to_the_usual_as_far_as_it_may_be() -> None:
    flat = spoken(0.9)
    voice = liveliness(flat, VALUES)
    assert 1 < voice.gain < MOST
    assert spread(voice.of(flat)) == pytest.approx(usual(), rel=0.1)  # a little is lost where shares would be negative
    assert liveliness(spoken(0.01), VALUES).gain == MOST


def test_what_is_said_stays_an_address_and_the_same_word() -> None:
    flat = spoken(0.5)
    found = liveliness(flat, VALUES).of(flat)
    assert (found >= 0).all()
    torch.testing.assert_close(found.sum(-1), torch.ones(len(flat)))
    one, other = ((each - each.mean(0)).flatten() for each in (flat @ VALUES, found @ VALUES))
    assert float(torch.corrcoef(torch.stack([one, other]))[0, 1]) > 0.99


def test_a_lively_voice_is_left_alone() -> None:
    sharp = spoken(6.0)
    voice = liveliness(sharp, VALUES)
    assert voice.gain == 1
    assert voice.of(sharp) is sharp


@pytest.mark.parametrize("count", [0, 1, ENOUGH - 1])
def test_too_little_speech_says_nothing(count: int) -> None:
    few = spoken(0.1, count)
    assert liveliness(few, VALUES).of(few) is few


def test_all_of_a_short_speech_and_some_of_a_long_one_is_judged() -> None:
    assert sample(5, 20).tolist() == [0, 1, 2, 3, 4]
    assert sample(0, 20).tolist() == []
    long = sample(1_000, 20)
    assert (len(long), long[0], long[-1]) == (20, 0, 999)


def test_a_strangers_voice_moves_the_shipped_lips_more(monkeypatch: pytest.MonkeyPatch) -> None:
    """The packaged speech is not that of who trained."""
    folder = hub.shipped()
    config, model = hub.load_config(folder), for_use(hub.load_generator(folder))
    speech = read_waveform(folder.parent / "samples" / "speech.flac", config.audio.sample_rate)
    mel, moments = log_mel(speech, config.audio), np.arange(0, len(speech) / config.audio.sample_rate, 0.04)
    heard = Hearing(model, config, mel).at(moments)
    monkeypatch.setattr(lively, "MOST", 1.0)
    plain = Hearing(model, config, mel).at(moments)
    one, other = (float(each.lips[0].var(0).sum().sqrt()) for each in (plain, heard))
    assert other > 1.08 * one
    assert torch.equal(heard.audio, plain.audio)
    raw = Hearing(model, config, mel, raw=True)
    monkeypatch.undo()
    assert torch.equal(raw.at(moments).lips, Hearing(model, config, mel, raw=True).at(moments).lips)
    rest = Hearing(model, config, silent(config)).at(np.zeros(2)).lips
    torch.testing.assert_close(rest[0], model.rest().lips[0].expand(2, -1), atol=1e-4, rtol=1e-4)


def test_what_was_judged_need_not_be_heard_again(monkeypatch: pytest.MonkeyPatch, sample_speech: Path) -> None:
    folder = hub.shipped()
    config, model = hub.load_config(folder), for_use(hub.load_generator(folder))
    mel = log_mel(read_waveform(sample_speech, config.audio.sample_rate), config.audio)
    assert mel.shape[1] < BLOCK * BLOCKS
    hearing, calls = Hearing(model, config, mel), []
    monkeypatch.setattr(model, "recall_lips", lambda *given: calls.append(given))
    hearing.at(np.array([0.5, 1.0]))
    assert not calls
