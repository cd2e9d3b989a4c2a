"""A tiny trained folder, and a Hub on loopback that huggingface_hub talks to."""

from __future__ import annotations

import gc
import resource
import shutil
import signal
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest
import torch
from huggingface_hub import constants
from huggingface_hub.utils import close_session, disable_progress_bars

from synctalkface import hub
from synctalkface.config import preset
from synctalkface.models.generator import SyncTalkFace
from synctalkface.models.syncnet import SyncNet
from tests.hub.recording_hub import RecordingHub

FullDisk = Callable[[], AbstractContextManager[None]]


@pytest.fixture
def full_disk() -> FullDisk:
    """A context in which no file may grow beyond 100 kB: writing fails in the middle, as on a full disk."""

    @contextmanager
    def full() -> Iterator[None]:
        handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, hard))
        try:
            yield
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
            signal.signal(signal.SIGXFSZ, handler)

    return full


@pytest.fixture(scope="session")
def tiny_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A generator and a sync expert with random weights. Not to be changed: see `tiny`."""
    folder, config = tmp_path_factory.mktemp("tiny"), preset("tiny")
    with torch.random.fork_rng():
        torch.manual_seed(0)
        hub.save_module(SyncTalkFace(config), config, folder, hub.GENERATOR)
        hub.save_module(SyncNet(config), config, folder, hub.SYNCNET)
    return folder


@pytest.fixture
def tiny(tiny_folder: Path, tmp_path: Path) -> Path:
    """A copy of that folder of the test's own."""
    return Path(shutil.copytree(tiny_folder, tmp_path / "tiny"))


@pytest.fixture
def online(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[RecordingHub]:
    """A Hub on loopback; the cache is the test's own. Retries do not wait."""
    server = RecordingHub(tmp_path / "hub")
    reach(server.address, monkeypatch)
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(constants, "HF_HUB_DISABLE_XET", True)
    monkeypatch.setenv("HF_TOKEN", "hf_not_a_real_token")
    monkeypatch.setattr("time.sleep", lambda seconds: None)
    disable_progress_bars()
    yield server
    server.close()
    close_session()
    gc.collect()  # what the client has dropped goes here, and not in somebody else's test


def reach(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let huggingface_hub talk to the server at `address`."""
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setattr(constants, "ENDPOINT", address)
    monkeypatch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", address + "/{repo_id}/resolve/{revision}/{filename}")
    close_session()
