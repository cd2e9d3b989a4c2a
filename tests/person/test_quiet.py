"""Silence: what is no speech closes the mouth, and no part of a word does. Sounds are planted, or those that ship."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from synctalkface.audio import log_mel, read_waveform
from synctalkface.config import AudioConfig
from synctalkface.person.quiet import HANGOVER, ONSET, RAMP, Voice

CONFIG = AudioConfig(loudness=0.06)
RATE = CONFIG.sample_rate
Sound = NDArray[np.float32]


def vowel(seconds: float, level: float = 0.1) -> Sound:
    """A buzz of 120 Hz with all its harmonics."""
    return (level * (2 * ((np.arange(round(seconds * RATE)) * 120 / RATE) % 1) - 1)).astype(np.float32)


def noise(seconds: float, decibels: float) -> Sound:
    """A hiss, so many dB under the vowel."""
    drawn = np.random.default_rng(0).standard_normal(round(seconds * RATE))
    return (0.058 * 10 ** (decibels / 20) * drawn).astype(np.float32)


def silence(seconds: float) -> Sound:
    return np.zeros(round(seconds * RATE), np.float32)


def free(*parts: Sound) -> tuple[NDArray[np.float64], NDArray[np.float32]]:
    """Seconds, and how free the mouth is at each."""
    sound = np.concatenate(parts)
    moments = np.arange(0, len(sound) / RATE, 0.01)
    return moments, Voice(log_mel(sound, CONFIG), CONFIG).at(moments)


def test_the_mouth_is_free_where_somebody_speaks_and_at_rest_where_nobody_does():
    at, gate = free(silence(1), vowel(0.6), silence(1))
    assert (gate[(at > 1) & (at < 1.6)] == 1).all()
    assert (gate[at < 1 - ONSET - RAMP - 0.05] == 0).all()
    assert (gate[at > 1.6 + HANGOVER + RAMP + 0.05] == 0).all()


def test_the_mouth_opens_before_it_is_heard_and_closes_in_about_a_tenth_of_a_second():
    at, gate = free(silence(1), vowel(0.6), silence(1))
    assert gate[(at > 0.95) & (at < 1)].min() > 0.95
    closing = (gate > 0.02) & (gate < 0.98) & (at > 1.6)
    assert 0.06 <= closing.sum() * 0.01 <= 0.13
    assert np.abs(np.diff(gate)).max() < 0.25, "no jump within 10 ms"


@pytest.mark.parametrize("decibels", [-30, -40, -60])
def test_a_breath_and_the_hiss_of_a_room_are_silence(decibels: float):
    at, gate = free(noise(1, -60), noise(0.5, decibels), silence(0.4), vowel(0.6), noise(1.5, decibels))
    assert gate[at < 1.6].max() == 0
    assert gate[at > 2.95].max() == 0
    assert gate[(at > 1.9) & (at < 2.5)].min() == 1


def test_a_click_does_not_open_the_mouth():
    at, gate = free(silence(0.5), vowel(0.02), silence(1), vowel(0.6))
    assert gate[at < 1.2].max() == 0


@pytest.mark.parametrize("between", [silence(0.12), noise(0.12, -30), noise(0.15, -45)])
def test_a_closure_and_a_soft_consonant_within_a_word_are_speech(between: Sound):
    at, gate = free(silence(0.5), vowel(0.3), between, vowel(0.3), silence(0.5))
    assert gate[(at > 0.5) & (at < 1.1 + len(between) / RATE)].min() == 1


def test_a_soft_consonant_that_begins_or_ends_a_word_is_speech():
    at, gate = free(silence(0.6), noise(0.15, -25), vowel(0.3), noise(0.15, -25), silence(0.6))
    assert gate[(at > 0.6) & (at < 1.2)].min() == 1


def test_a_softer_recording_is_heard_alike_as_recorded_too():
    parts = silence(0.5), vowel(0.5), noise(0.6, -35), vowel(0.3, 0.03), silence(0.5)
    as_recorded = AudioConfig(loudness=None)
    sound = np.concatenate(parts)
    moments = np.arange(0, len(sound) / RATE, 0.01)
    loud, soft = (Voice(log_mel(sound * gain, as_recorded), as_recorded).at(moments) for gain in (1, 0.3))
    assert np.abs(loud - soft).max() < 0.3, "at most a step of the spectrogram earlier or later"


def test_speech_without_a_pause_is_speech_throughout():
    _, gate = free(vowel(0.5), vowel(0.5, 0.03), vowel(0.5))
    assert (gate == 1).all()


def test_no_sound_at_all_is_silence_and_so_is_what_lies_outside():
    for sound in (silence(0), silence(1)):
        assert (Voice(log_mel(sound, CONFIG), CONFIG).at(np.array([-1.0, 0.0, 0.5, 9.0])) == 0).all()
    assert (Voice(log_mel(vowel(0.5), CONFIG), CONFIG).at(np.array([-1.0, 2.0])) == 0).all()


def test_in_the_packaged_speech_words_are_free_and_the_pauses_between_sentences_are_not(sample_speech: Path):
    voice = Voice(log_mel(read_waveform(sample_speech), CONFIG), CONFIG)
    for begin, end in ((0.3, 2.1), (3.3, 4.2), (5.4, 7.6), (8.2, 10.3)):  # as heard, and seen in the waveform
        assert voice.at(np.arange(begin, end, 0.01)).min() == 1, begin
    assert voice.at(np.arange(2.7, 3.05, 0.01)).max() == 0


def test_a_filmed_sentence_begins_and_ends_in_silence(sample_face: Path):
    voice = Voice(log_mel(read_waveform(sample_face), CONFIG), CONFIG)
    assert voice.at(np.arange(0, 0.25, 0.01)).max() == 0
    assert voice.at(np.arange(0.6, 2.05, 0.01)).min() == 1
    assert voice.at(np.arange(2.6, 2.98, 0.01)).max() == 0
