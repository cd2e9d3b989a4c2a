"""What many tests share: no network, few threads, and media made on the spot."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

# Before torch is imported by any test: waiting threads sleep, and nothing asks the Hub.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["HF_HUB_DISABLE_TELEMETRY"] = "1"

SAMPLES = Path(__file__).parents[1] / "synctalkface" / "assets" / "samples"


@pytest.fixture
def sample_face() -> Path:
    """A man says one sentence: 3 s, 25 frames a second, 360 x 288, with sound."""
    return SAMPLES / "face.mkv"


@pytest.fixture
def sample_speech() -> Path:
    """11 s of speech, 44.1 kHz mono."""
    return SAMPLES / "speech.flac"


@pytest.fixture
def make_media(tmp_path: Path) -> Callable[..., Path]:
    """A function (name, *ffmpeg arguments) -> path that makes a media file in the test's own folder."""

    def make(name: str, *arguments: str) -> Path:
        from synctalkface.ffmpeg import find_ffmpeg

        path = tmp_path / name
        command = [find_ffmpeg(), "-nostdin", "-loglevel", "error", "-y", *arguments, f"file:{path}"]
        subprocess.run(command, check=True)
        return path

    return make
