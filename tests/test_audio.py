"""Any file's sound becomes the same waveform, and the spectrogram is the one that librosa would make."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import librosa
import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from synctalkface import audio
from synctalkface.config import AudioConfig
from synctalkface.errors import MediaError, SilentSpeechError

CONFIG = AudioConfig()
MakeMedia = Callable[..., Path]
SINE = ["-f", "lavfi", "-i", "sine=frequency=440:duration=1:sample_rate=16000"]
PICTURE = ["-f", "lavfi", "-i", "testsrc=duration=1:size=64x48:rate=25"]


def noise(seconds: float, level: float = 0.1) -> NDArray[np.float32]:
    return np.random.default_rng(1).normal(0, level, round(seconds * 16_000)).astype(np.float32)


def reference_mel(waveform: NDArray[np.float32], config: AudioConfig) -> NDArray[np.float32]:
    """Wav2Lip's recipe, by librosa."""
    emphasised = np.append(waveform[0], waveform[1:] - config.pre_emphasis * waveform[:-1])
    magnitude = np.abs(librosa.stft(emphasised, n_fft=config.n_fft, hop_length=config.hop, pad_mode="reflect"))
    filters = librosa.filters.mel(
        sr=config.sample_rate, n_fft=config.n_fft, n_mels=config.bands, fmin=config.low, fmax=config.high
    )
    decibels = 20 * np.log10(np.maximum(1e-5, filters @ magnitude)) - config.reference_db
    return np.clip((decibels + 100) / 100 * 8 - 4, -4, 4)  # type: ignore[no-any-return]


def test_the_mel_filters_are_librosas() -> None:
    expected = librosa.filters.mel(sr=16_000, n_fft=800, n_mels=80, fmin=55.0, fmax=7600.0)
    assert np.abs(audio.mel_filters(CONFIG).numpy() - expected).max() < 1e-6


@pytest.mark.parametrize("seconds", [0.05, 0.5, 1.003])
def test_the_spectrogram_is_librosas(seconds: float) -> None:
    waveform = noise(seconds)
    mel = audio.log_mel(waveform, CONFIG)
    assert mel.dtype == torch.float32
    assert mel.shape == (80, 1 + len(waveform) // 200)
    assert np.abs(mel.numpy() - reference_mel(waveform, CONFIG)).max() < 1e-4


def test_a_spectrogram_made_in_blocks_has_no_seams(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audio, "BLOCK", 7)
    waveform = noise(0.5)
    assert np.abs(audio.log_mel(waveform, CONFIG).numpy() - reference_mel(waveform, CONFIG)).max() < 1e-4


@pytest.mark.parametrize("samples", [0, 1, 399, 400, 401, 16_000])
def test_silence_of_any_length_is_the_floor(samples: int) -> None:
    for config in (CONFIG, replace(CONFIG, loudness=0.06)):
        mel = audio.log_mel(np.zeros(samples, np.float32), config)
        assert mel.shape == (80, 1 + samples // 200)
        assert torch.all(mel == config.silence)


def test_a_click_is_centred_on_its_mel_step() -> None:
    waveform = np.zeros(16_000, np.float32)
    waveform[40 * 200] = 0.5
    energy = audio.log_mel(waveform, CONFIG).mean(dim=0)
    assert int(energy.argmax()) == 40
    assert float(energy[39]) == pytest.approx(float(energy[41]), abs=0.2)


def test_loudness_no_longer_matters_once_it_is_normalised() -> None:
    config = replace(CONFIG, loudness=0.06)
    soft, loud = (audio.log_mel(noise(0.5) * gain, config) for gain in (0.2, 3.0))
    assert torch.allclose(soft, loud, atol=1e-4)
    assert not torch.allclose(audio.log_mel(noise(0.5) * 0.2, CONFIG), soft, atol=0.1)


def test_pauses_do_not_count_as_speech() -> None:
    speech = torch.from_numpy(noise(1.0))
    paused = torch.cat([speech, torch.zeros(48_000), speech])
    active = audio.normalise(paused, 0.06)[:16_000]
    assert float(active.square().mean().sqrt()) == pytest.approx(0.06, rel=0.02)


def test_the_gain_is_limited_to_30_decibels() -> None:
    faint = torch.from_numpy(noise(0.5, 1e-5))
    assert torch.allclose(audio.normalise(faint, 0.06), faint * 10**1.5)


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("tone.wav", SINE),
        ("tone.flac", SINE),
        ("two channels at 44.1.wav", [*SINE, "-ac", "2", "-ar", "44100"]),
        ("clip.mkv", [*PICTURE, *SINE, "-shortest"]),
        ("clip.mp4", [*PICTURE, *SINE, "-shortest"]),
        ("ein 'Ton' - größer.wav", SINE),
        ("-y.wav", SINE),
        ("100%d.wav", SINE),
    ],
)
def test_any_file_with_sound_can_be_heard(make_media: MakeMedia, name: str, arguments: list[str]) -> None:
    waveform = audio.read_waveform(make_media(name, *arguments), 16_000)
    assert waveform.dtype == np.float32
    assert len(waveform) == pytest.approx(16_000, abs=1500)  # a codec may add a block
    spectrum = np.abs(np.fft.rfft(waveform[2000:14_000]))
    assert np.argmax(spectrum) * 16_000 / 12_000 == pytest.approx(440, abs=2)


def test_a_wave_file_is_read_sample_by_sample(make_media: MakeMedia) -> None:
    path = make_media("tone.wav", *SINE)
    samples = np.frombuffer(path.read_bytes()[-32_000:], dtype="<i2")
    assert np.array_equal(audio.read_waveform(path), (samples / 32_768).astype(np.float32))


def test_sound_that_begins_late_is_padded(make_media: MakeMedia) -> None:
    path = make_media("late.mkv", *PICTURE, "-itsoffset", "0.5", *SINE, "-c:a", "flac")
    waveform = audio.read_waveform(path)
    assert np.all(waveform[:7_900] == 0)
    assert np.abs(waveform[8_100:8_400]).max() > 0.05


def test_nobody_can_be_heard_in_silence_or_in_nothing(tmp_path: Path) -> None:
    for waveform in (np.zeros(16_000, np.float32), np.zeros(0, np.float32), noise(1.0, 2e-4)):
        with pytest.raises(SilentSpeechError, match=r"quiet\.wav.*volume"):
            audio.require_speech(waveform, tmp_path / "quiet.wav")


def test_one_word_in_a_long_silence_is_heard() -> None:
    waveform = np.zeros(160_000, np.float32)
    waveform[80_000:81_000] = noise(1.0)[:1000]
    audio.require_speech(waveform, "word.wav")


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(MediaError, match=r"no file .*gone\.wav"):
        audio.read_waveform(tmp_path / "gone.wav")


def test_a_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(MediaError, match="is a folder"):
        audio.read_waveform(tmp_path)


def test_an_empty_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "nothing.wav").touch()
    with pytest.raises(MediaError, match=r"nothing\.wav is empty"):
        audio.read_waveform(tmp_path / "nothing.wav")


def test_a_text_is_no_media_file(tmp_path: Path) -> None:
    path = tmp_path / "letter.wav"
    path.write_text("Dear reader, " * 100)
    with pytest.raises(MediaError, match=r"letter\.wav is not a media file"):
        audio.read_waveform(path)


def test_a_clip_without_sound_is_named(make_media: MakeMedia) -> None:
    with pytest.raises(MediaError, match=r"mute\.mp4 has no sound"):
        audio.read_waveform(make_media("mute.mp4", *PICTURE))


@pytest.mark.parametrize("name", ["list.m3u8", "list.mp4", "list.txt"])
def test_a_playlist_opens_no_other_file(make_media: MakeMedia, tmp_path: Path, name: str) -> None:
    secret = make_media("secret.wav", *SINE)
    playlist = tmp_path / name
    for text in (
        f"#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n{secret}\n#EXT-X-ENDLIST\n",
        f"ffconcat version 1.0\nfile '{secret}'\n",
    ):
        playlist.write_text(text)
        with pytest.raises(MediaError, match="is not a media file"):
            audio.read_waveform(playlist)


def test_days_of_silence_are_not_decoded(make_media: MakeMedia, monkeypatch: pytest.MonkeyPatch) -> None:
    path = make_media("days.flac", "-f", "lavfi", "-i", "anullsrc=r=16000", "-t", "9")
    monkeypatch.setattr("synctalkface.audio.LONGEST", 4.0)
    with pytest.raises(MediaError, match=r"days\.flac lasts more than 4 s"):
        audio.read_waveform(path, longest=float("inf"))
