"""The clip's own sound follows the pictures of the result, under the speech, and never clips."""

from __future__ import annotations

import wave
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from numpy.typing import NDArray

from synctalkface.clock import Clock, Fit, Timeline, fit_picture
from synctalkface.errors import MediaError
from synctalkface.video import Video, probe, sound_of_result
from synctalkface.video.bed import CEILING, FADE, LEVEL, RATE, stretches

MakeMedia = Callable[..., Path]
Samples = NDArray[np.float64]
FRAME = RATE // 25


def write_wave(path: Path, samples: NDArray[np.floating]) -> Path:
    with wave.open(str(path), "wb") as file:
        file.setnchannels(samples.shape[1])
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(np.rint(samples * 32767).astype("<i2").tobytes())
    return path


@pytest.fixture
def own() -> Samples:
    """A second of noise, both channels different."""
    return np.random.default_rng(0).uniform(-0.5, 0.5, (RATE, 2))


@pytest.fixture
def clip(make_media: MakeMedia, tmp_path: Path, own: Samples) -> Video:
    """25 frames with the sound `own`, stored without loss."""
    sound = write_wave(tmp_path / "own.wav", own)
    picture = ["-f", "lavfi", "-i", "testsrc=size=64x48:rate=25:duration=1", "-i", str(sound)]
    return probe(make_media("clip.mkv", *picture, "-c:a", "pcm_s16le", "-pix_fmt", "yuv420p"))


def heard(video: Video, timeline: Timeline, speech: Path, offset: float = 0.0) -> Samples:
    with sound_of_result(video, timeline, speech, offset, True) as (path, begin), av.open(str(path)) as container:
        assert begin == 0
        blocks = [frame.to_ndarray().reshape(-1, 2) for frame in container.decode(audio=0)]
    assert not path.exists()
    return np.concatenate(blocks).astype(float)


def rounded(pieces: list[tuple[float, ...]]) -> list[tuple[float, ...]]:
    return [tuple(round(value, 6) for value in piece) for piece in pieces]


@pytest.mark.parametrize(
    ("fit", "seconds", "expected"),
    [
        ("trim", 9.0, [(0, 0.4, 0)]),
        ("bounce", 0.1, [(0, 0.4, 0)]),
        ("speech", 0.2, [(0, 0.2, 0)]),
        ("loop", 1.0, [(0, 0.4, 0), (0.4, 0.4, 0), (0.8, 0.2, 0)]),
        ("hold", 1.0, [(0, 0.4, 0)]),
        # 10 forwards, 9 backwards to the first, then forwards from the second
        ("bounce", 1.0, [(0, 0.4, 0), (0.4, 0.36, 0), (0.76, 0.24, 0.04)]),
    ],
)
def test_the_sound_follows_the_pictures(fit: Fit, seconds: float, expected: list[tuple[float, ...]]) -> None:
    clock = Clock.constant(Fraction(25), 10)
    assert rounded(stretches(clock, fit_picture(clock, seconds, fit))) == expected  # type: ignore[arg-type]


def test_a_cut_in_a_timeline_is_a_cut_in_the_sound() -> None:
    clock = Clock.constant(Fraction(25), 100)
    timeline = Timeline(np.array([50, 51, 52, 10, 12, 14, 14, 14]), Clock.constant(Fraction(25), 8))
    assert rounded(stretches(clock, timeline)) == [(0, 0.12, 2), (0.12, 0.12, 0.4)]  # type: ignore[arg-type]


def test_sound_from_before_the_first_picture_is_kept() -> None:
    clock = Clock.constant(Fraction(25), 10, 0.2)
    [piece] = stretches(clock, fit_picture(clock, 0.1, "bounce"))
    assert piece == pytest.approx((0, 0.6, 0))


@pytest.mark.usefixtures("each_ffmpeg")
def test_under_silence_the_clip_is_heard_sample_by_sample_and_12_decibels_softer(
    clip: Video, own: Samples, tmp_path: Path
) -> None:
    silence = write_wave(tmp_path / "silence.wav", np.zeros((RATE // 10, 1)))
    sound = heard(clip, fit_picture(clip.clock, 1.6, "loop"), silence)
    assert len(sound) == 1.6 * RATE
    expected = np.concatenate([own, own[: 15 * FRAME]]) * LEVEL
    joint = RATE  # here, and at the end, it is faded
    for begin, end in ((0, joint - FADE), (joint + FADE, len(sound) - FADE)):
        assert np.abs(sound[begin:end] - expected[begin:end]).max() < 1e-4
    assert np.abs(sound[joint - 2 : joint + 2]).max() < 0.01


def test_the_speech_lies_over_it_where_it_was_put(clip: Video, own: Samples, tmp_path: Path) -> None:
    speech = write_wave(tmp_path / "speech.wav", np.full((RATE // 2, 1), 0.25))
    sound = heard(clip, fit_picture(clip.clock, 0.5, "trim"), speech, 0.3)
    rest = sound[: RATE - FADE] - own[: RATE - FADE] * LEVEL
    assert np.abs(rest[: int(0.3 * RATE)]).max() < 1e-4
    assert np.abs(rest[int(0.3 * RATE) : int(0.8 * RATE)] - 0.25).max() < 1e-4
    assert np.abs(rest[int(0.8 * RATE) :]).max() < 1e-4
    early = heard(clip, fit_picture(clip.clock, 0.5, "trim"), speech, -0.2)
    assert np.abs(early[: int(0.3 * RATE)] - own[: int(0.3 * RATE)] * LEVEL - 0.25).max() < 1e-4


def test_a_sum_that_would_clip_is_made_softer_as_a_whole(clip: Video, own: Samples, tmp_path: Path) -> None:
    speech = write_wave(tmp_path / "loud.wav", np.full((RATE, 1), 0.99))
    sound = heard(clip, fit_picture(clip.clock, 1, "trim"), speech)
    assert np.abs(sound).max() == pytest.approx(CEILING, abs=1e-4)
    loud = 0.99 + own[: RATE - FADE] * LEVEL
    gain = sound[: RATE - FADE] / loud
    assert np.ptp(gain) < 1e-3


def test_the_language_of_the_speech_is_known(clip: Video, make_media: MakeMedia) -> None:
    french = make_media("speech.m4a", "-f", "lavfi", "-i", "sine=duration=0.2", "-metadata:s:a:0", "language=fra")
    timeline = fit_picture(clip.clock, 0.2, "trim")
    with sound_of_result(clip, timeline, french, 0, True) as (path, _), av.open(str(path)) as container:
        assert container.streams.audio[0].metadata["language"] == "fra"


def test_without_the_wish_or_without_sound_the_speech_is_passed_on(
    clip: Video, make_media: MakeMedia, tmp_path: Path
) -> None:
    timeline = fit_picture(clip.clock, 1, "trim")
    mute = probe(make_media("mute.mp4", "-i", str(clip.path), "-an", "-c:v", "copy"))
    for video, keep in ((clip, False), (mute, True)):
        with sound_of_result(video, timeline, tmp_path / "speech.wav", -0.5, keep) as (path, begin):
            assert (path, begin) == (tmp_path / "speech.wav", -0.5)


def test_sound_that_cannot_be_decoded_is_an_error(clip: Video, tmp_path: Path) -> None:
    clip.path.write_bytes(clip.path.read_bytes()[:300])
    speech = write_wave(tmp_path / "speech.wav", np.full((RATE, 1), 0.2))
    with (
        pytest.raises(MediaError, match=r"clip\.mkv"),
        sound_of_result(clip, fit_picture(clip.clock, 1, "trim"), speech, 0, True),
    ):
        pass
