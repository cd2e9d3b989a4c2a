"""Small clips of a face, and a tiny model that moves its mouth."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from synctalkface.pipeline import LipSync
from synctalkface.video import Frame, VideoWriter

torch.set_num_threads(1)
MakeMedia = Callable[..., Path]
QUICK = ("-c:v", "libx264", "-preset", "ultrafast", "-crf", "10")


@pytest.fixture(scope="session")
def lipsync(tiny_weights: Path) -> LipSync:
    return LipSync.from_pretrained(tiny_weights, "cpu", engine="torch")  # whichever is quickest here may differ in bits


@pytest.fixture
def face_clip(make_media: MakeMedia, sample_face: Path) -> Callable[..., Path]:
    """A function (name, *arguments of ffmpeg, seconds) -> path of a clip cut from the sample, 25 frames a second."""

    def make(name: str = "clip.mp4", *arguments: str, seconds: str = "0.8") -> Path:
        return make_media(name, "-ss", "1", "-t", seconds, "-i", str(sample_face), "-an", *QUICK, *arguments)

    return make


@pytest.fixture
def said(make_media: MakeMedia, sample_speech: Path) -> Callable[[float], Path]:
    """A function (seconds) -> path of a WAV file with that much speech."""

    def make(seconds: float) -> Path:
        return make_media(f"said{seconds}.wav", "-ss", "1", "-t", str(seconds), "-i", str(sample_speech))

    return make


@pytest.fixture
def written(monkeypatch: pytest.MonkeyPatch) -> list[Frame]:
    """The frames that are given to the encoder from now on, as they are before it."""
    frames: list[Frame] = []
    really = VideoWriter.write

    def write(self: VideoWriter, frame: Frame) -> None:
        frames.append(frame.copy())
        really(self, frame)

    monkeypatch.setattr(VideoWriter, "write", write)
    return frames
