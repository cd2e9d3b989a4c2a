"""The whole cycle on loopback: publish, pull, fine-tune, push back, pull again, dub.

Uploads go to the recording Hub, which writes them into a git tree. Downloads come from it too and, where olah is
installed (`make test-hub`), from olah: a Hub server by somebody else, reading the same tree.
"""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
import yaml
from huggingface_hub import constants

from synctalkface import hub
from synctalkface.cli.main import answer
from synctalkface.errors import HubError
from synctalkface.pipeline.trial import try_weights
from synctalkface.training import journal
from synctalkface.training.story import tell
from tests.hub.conftest import reach
from tests.hub.recording_hub import RecordingHub

OLAH = os.environ.get("SYNCTALKFACE_OLAH")  # the program olah-cli, in an environment of its own
wait = time.sleep  # before a fixture makes sleeping free

CONFIG = """
[basic]
host = "127.0.0.1"
port = {port}
repos-path = "{cache}"
mirrors-path = ["{mirrors}"]
metadata-cache-ttl = 0
[accessibility]
offline = true
"""


@pytest.fixture
def olah(online: RecordingHub, tmp_path: Path) -> Iterator[str]:
    """The address of an olah that serves what the recording Hub has written."""
    if not OLAH:
        pytest.skip("SYNCTALKFACE_OLAH is not set; `make test-hub` does it")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    config, log = tmp_path / "olah.toml", tmp_path / "olah.log"
    config.write_text(CONFIG.format(port=port, cache=tmp_path / "olah", mirrors=online.root))
    command = [OLAH, "--config", str(config), "--log-path", str(tmp_path / "logs")]
    with log.open("wb") as said, subprocess.Popen(command, stdout=said, stderr=said, cwd=tmp_path) as server:
        try:
            assert answers(port, server), log.read_text()
            yield f"http://127.0.0.1:{port}"
        finally:
            server.terminate()


def answers(port: int, server: subprocess.Popen[bytes], tries: int = 600) -> bool:
    """Whether something listens at `port` before `server` ends."""
    for _ in range(tries):
        with socket.socket() as knock:
            if knock.connect_ex(("127.0.0.1", port)) == 0:
                return True
        if server.poll() is not None:
            return False
        wait(0.1)
    return False


@pytest.fixture(params=["recording", pytest.param("olah", marks=pytest.mark.olah)])
def downloads(request: pytest.FixtureRequest, online: RecordingHub) -> str:
    """The address that weights are pulled from."""
    return str(request.getfixturevalue("olah")) if request.param == "olah" else online.address


def same(one: Path, other: Path) -> bool:
    """Whether two folders hold the same weights, bit for bit, and both load."""
    for load in (hub.load_generator, hub.load_syncnet):
        before, after = load(one).state_dict(), load(other).state_dict()
        if before.keys() != after.keys() or not all(torch.equal(before[key], after[key]) for key in before):
            return False
    return hub.load_config(one) == hub.load_config(other)


def test_weights_go_up_come_back_are_trained_on_and_go_up_again(
    tiny: Path,
    tiny_data: Path,
    online: RecordingHub,
    downloads: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    # published
    assert answer(["push", str(tiny), "us/base", "--upload"]) == 0
    commit = online.sha("models", "us/base", "main")

    # 1: pulled
    reach(downloads, monkeypatch)
    assert answer(["pull", "us/base"]) == 0
    assert f"us/base@{commit} is whole" in capsys.readouterr().out
    assert same(hub.resolve("us/base"), tiny)

    # 2: fine-tuned
    run = tmp_path / "run"
    settings = ["--set", "training.steps=2", "--set", "training.evaluate_every=3", "--set", "training.save_every=2"]
    command = ["train", "generator", "--init", "us/base", "--data", str(tiny_data), "--out", str(run), *settings]
    assert answer(command) == 0
    assert hub.load_config(run).name == "tiny"
    assert (run / hub.SYNCNET).read_bytes() == (tiny / hub.SYNCNET).read_bytes()
    assert (run / hub.GENERATOR).read_bytes() != (tiny / hub.GENERATOR).read_bytes()

    # 3: pushed
    reach(online.address, monkeypatch)
    assert answer(["push", str(run), "me/mine", "--upload", "--data", "Clips of me."]) == 0
    card = online.files("me/mine")["README.md"].data.decode()
    assert yaml.safe_load(card.split("---\n")[1])["base_model"] == "us/base"
    assert commit in card
    assert re.search(r"2 steps on \d+ clips", card)
    assert "Held-out clips, at step 2" in card

    # pulled by somebody else, and used
    reach(downloads, monkeypatch)
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "another cache"))
    pulled = hub.resolve("me/mine")
    assert same(pulled, run)
    try_weights(pulled)


@pytest.mark.olah
def test_another_server_says_what_is_missing_in_sentences_too(
    tiny: Path, online: RecordingHub, olah: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub.push_to_hub(tiny, "us/base")
    reach(olah, monkeypatch)
    with pytest.raises(HubError, match="'us/typo' is neither a folder here nor a repository"):
        hub.resolve("us/typo")
    with pytest.raises(HubError, match="or it has no revision 'v9'"):
        hub.resolve("us/base@v9")


@pytest.mark.olah
def test_another_server_gives_shards_and_old_commits(
    tiny: Path, online: RecordingHub, olah: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub.push_to_hub(tiny, "us/base")
    old = online.sha("models", "us/base", "main")
    hub.save_module(hub.load_generator(tiny), hub.load_config(tiny), tiny, hub.GENERATOR, largest=200_000)
    hub.push_to_hub(tiny, "us/base")
    reach(olah, monkeypatch)
    assert not (hub.resolve("us/base") / hub.GENERATOR).exists()
    assert same(hub.resolve("us/base"), tiny)
    assert (hub.resolve(f"us/base@{old}") / hub.GENERATOR).is_file()


# ---- fine-tuning that cannot work, and what a run tells ----------------------------------------------------------


def test_a_base_of_another_kind_is_refused(
    tiny: Path, tiny_data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["train", "generator", "--init", str(tiny), "--data", str(tiny_data), "--out", str(tmp_path / "run")]
    assert answer([*command, "--set", "memory.slots=24"]) == 2
    assert "was trained with other settings of 'memory'" in capsys.readouterr().err


def test_the_story_of_a_resumed_run_still_names_its_base(tmp_path: Path) -> None:
    rows = [
        {"kind": "start", "step": 0, "clips": 9, "base": "us/base@" + "a" * 40},
        {"kind": "start", "step": 5, "clips": 9, "base": None},
        {"kind": "evaluate", "step": 10, "psnr": 31.26, "slots": 40.0},
    ]
    (tmp_path / journal.NAME).write_text("".join(json.dumps(row) + "\n" for row in rows))
    story = tell(tmp_path)
    assert story.base == ("us/base", "a" * 40)
    assert story.training.startswith("10 steps on 9 clips")
    assert "| PSNR in the mouth, own speech (dB) | 31.26 |" in story.results


def test_a_folder_without_a_log_has_no_story(tmp_path: Path) -> None:
    assert tell(tmp_path) == (None, "", "")
