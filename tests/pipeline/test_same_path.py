"""Training and use go the same way: what a training batch shows and lets hear for a frame is what a dub does."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor

from synctalkface.audio import log_mel, read_waveform
from synctalkface.clock import window_start
from synctalkface.config import preset
from synctalkface.data.dataset import Clips, load
from synctalkface.data.window import Window
from synctalkface.inputs import mel_from, upper
from synctalkface.models.generator import Heard
from synctalkface.person.hearing import SIGMA, Hearing, Recalled, kernel
from synctalkface.pipeline import LipSync
from synctalkface.video import probe

TINY = preset("tiny")
STEPS, REACH = TINY.model.audio_steps, TINY.model.lip_frames // 2
TAPS = len(kernel(SIGMA, TINY.audio.mel_rate)[0])


@dataclass
class Seen:
    """What the model was given during one dub, frame by frame."""

    windows: list[Tensor] = field(default_factory=list)  # (bands, steps) that each frame hears
    features: list[Tensor] = field(default_factory=list)  # (C,) of the audio encoder
    poses: list[Tensor] = field(default_factory=list)  # (3, S/2, S)
    references: list[Tensor] = field(default_factory=list)  # (K, 3, S, S)


@pytest.fixture
def seen(lipsync: LipSync, monkeypatch: pytest.MonkeyPatch) -> Seen:
    """Listens at the model of `lipsync`."""
    told, model = Seen(), lipsync.model
    hear, draw, encode = Recalled.at, model.draw, model.encode_references

    def at(recalled: Recalled, moments: NDArray[np.float64]) -> Heard:
        heard = hear(recalled, moments)
        if len(moments) >= TAPS:  # and not the one moment that says what silence sounds like
            middle = slice(TAPS // 2, None, TAPS)  # what each frame hears itself, of what is smoothed in time
            starts = window_start(moments[middle], STEPS, TINY.audio.mel_rate)
            told.windows += [mel_from(recalled.mel, start, STEPS, TINY.audio) for start in starts.tolist()]
            told.features += list(heard.audio[0, middle].clone())
        return heard

    def draws(pose: Tensor, *rest: Any) -> Any:
        told.poses += list(pose[0].clone())
        return draw(pose, *rest)

    def encode_references(references: Tensor) -> Any:
        told.references += list(references.clone())
        return encode(references)

    monkeypatch.setattr(Hearing, "_judged", lambda _: None)  # what a voice is judged by is heard besides
    monkeypatch.setattr(Recalled, "at", at)
    monkeypatch.setattr(model, "draw", draws)
    monkeypatch.setattr(model, "encode_references", encode_references)
    return told


@pytest.fixture
def dubbed(lipsync: LipSync, seen: Seen, tiny_corpus: Path, tmp_path: Path) -> Seen:
    """A clip that was prepared for training, dubbed with its own sound."""
    clip = tiny_corpus / "ann" / "morning.mkv"
    lipsync.dub(clip, clip, tmp_path / "out.mp4", fit="trim")
    return seen


@pytest.fixture
def lessons(tiny_data: Path) -> Clips:
    return load(tiny_data, "train", TINY)


def far(one: Tensor, other: Tensor) -> float:
    """Mean difference in grey levels."""
    return float((one - other).abs().mean()) * 255


def each(window: Callable[[int], Window], frames: int) -> list[tuple[int, Window, int]]:
    """Every frame that training can aim at: its number, a window that holds it, and its place there."""
    last = frames - TINY.training.frames - 2 * REACH
    starts = [min(first, last) for first in range(0, frames, TINY.training.frames)]
    return [
        (first + REACH + place, made, place)
        for first in dict.fromkeys(starts)
        for made in [window(first)]
        for place in range(TINY.training.frames)
    ]


def test_a_frame_hears_the_same_window_and_the_encoder_says_the_same(
    dubbed: Seen, lessons: Clips, lipsync: LipSync, tiny_corpus: Path
) -> None:
    clip = lessons.clips[0]
    mel = log_mel(read_waveform(tiny_corpus / "ann" / "morning.mkv"), TINY.audio).numpy()
    encoder = lipsync.model.audio_encoder
    for number, window, place in each(lambda first: lessons.window(clip, first, (0, 0), mel=mel), 30):
        start = int(window.starts[0, place])
        torch.testing.assert_close(window.mel[0, :, start : start + STEPS], dubbed.windows[number], atol=0, rtol=0)
        with torch.no_grad():
            feature = encoder(window.mel, window.starts)[0, place]
        torch.testing.assert_close(feature, dubbed.features[number], atol=1e-5, rtol=0)


def test_the_sound_of_a_pack_is_the_sound_of_its_clip(dubbed: Seen, lessons: Clips) -> None:
    clip = lessons.clips[0]
    for number, window, place in each(lambda first: lessons.window(clip, first, (0, 0)), 30):
        start = int(window.starts[0, place])
        difference = (window.mel[0, :, start : start + STEPS] - dubbed.windows[number]).abs()
        assert float(difference.mean()) < 0.02  # of -4..4: a pack keeps 16 bits a sample
    apart = (dubbed.windows[12] - dubbed.windows[13]).abs().mean()
    assert float(apart) > 0.2  # a slip of one frame would be seen


def test_a_frame_shows_the_same_pose_and_the_same_references(
    dubbed: Seen, lessons: Clips, lipsync: LipSync, tiny_corpus: Path
) -> None:
    clip = lessons.clips[0]
    assert len(dubbed.poses) == 30
    assert len(dubbed.references) == 1
    for number, window, place in each(lambda first: lessons.window(clip, first, (0, 0)), 30):
        pose = upper(window.faces[0, REACH + place])
        assert far(pose, dubbed.poses[number]) < 2  # JPEG, and nothing else
    chosen = lipsync.follow(probe(tiny_corpus / "ann" / "morning.mkv")).references_of(0)
    lent = lessons.window(clip, 0, chosen).references[0]
    assert [far(one, other) < 2 for one, other in zip(lent, dubbed.references[0], strict=True)] == [True, True]
    others = [far(dubbed.poses[0], pose) for pose in dubbed.poses[10:]]
    assert np.mean(others) > 3  # another frame would be seen
