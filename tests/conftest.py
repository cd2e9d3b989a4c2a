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


@pytest.fixture(scope="session", autouse=True)
def own_cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """No test reads or fills the cache of whoever runs it; what one has made, the others find."""
    folder = tmp_path_factory.mktemp("cache")
    os.environ["SYNCTALKFACE_CACHE"] = str(folder)
    return folder


@pytest.fixture
def sample_face() -> Path:
    """A man says one sentence: 3 s, 25 frames a second, 360 x 288, with sound."""
    return SAMPLES / "face.mkv"


@pytest.fixture
def sample_speech() -> Path:
    """11 s of speech, 44.1 kHz mono."""
    return SAMPLES / "speech.flac"


@pytest.fixture(scope="session")
def tiny_weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a tiny generator and a tiny sync expert: random, but their mouths do move."""
    import torch

    from synctalkface import hub
    from synctalkface.config import preset
    from synctalkface.models.generator import SyncTalkFace
    from synctalkface.models.syncnet import SyncNet

    folder, config = tmp_path_factory.mktemp("tiny") / "weights", preset("tiny")
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        model = SyncTalkFace(config)
        with torch.no_grad():  # a fresh head draws hardly any change
            model.decoder.head.weight.mul_(30)
        hub.save_module(model, config, folder, hub.GENERATOR)
        hub.save_module(SyncNet(config), config, folder, hub.SYNCNET)
    return folder


@pytest.fixture(scope="session")
def tiny_corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four short clips, cut from the sample: two speakers, each with one clip to train and one to validate."""
    from synctalkface.ffmpeg import find_ffmpeg

    folder = tmp_path_factory.mktemp("corpus")
    # which clip validates follows from its name (data.corpora); the second speaker is the mirror image
    for name, begin, seconds, picture in (
        ("ann/morning", "0.4", "1.2", "null"),
        ("ann/evening", "1.6", "0.8", "null"),
        ("cleo/morning", "0.6", "1.2", "hflip"),
        ("cleo/again", "1.8", "0.8", "hflip"),
    ):
        path = folder / f"{name}.mkv"
        path.parent.mkdir(exist_ok=True)
        cut = ["-ss", begin, "-t", seconds, "-i", str(SAMPLES / "face.mkv"), "-vf", picture]
        coded = ["-c:v", "libx264", "-preset", "ultrafast", "-crf", "10", "-c:a", "flac"]
        command = [find_ffmpeg(), "-nostdin", "-loglevel", "error", *cut, *coded, f"file:{path}"]
        subprocess.run(command, check=True)
    return folder


@pytest.fixture(scope="session")
def tiny_data(tmp_path_factory: pytest.TempPathFactory, tiny_corpus: Path) -> Path:
    """`tiny_corpus`, prepared. Read only: tests that change it work on a copy."""
    from synctalkface.data.prepare import prepare

    folder = tmp_path_factory.mktemp("prepared") / "data"
    prepare(tiny_corpus, folder)
    return folder


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
