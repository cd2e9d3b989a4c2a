"""Weights come from the Hub or the cache; what goes wrong is one sentence, and nothing half-written stays."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import pytest
from huggingface_hub import constants

from synctalkface import hub
from synctalkface.errors import HubError, WeightsError
from tests.hub.conftest import FullDisk
from tests.hub.recording_hub import RecordingHub

pytestmark = pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning")  # of the client, when a line drops
ANY_FILE = r"GET .*/resolve/.*/generator.safetensors"


@pytest.fixture
def there(online: RecordingHub, tiny: Path) -> RecordingHub:
    """A Hub that holds the tiny weights as me/mine."""
    online.put("me/mine", {path.name: path.read_bytes() for path in tiny.iterdir()})
    return online


def trouble(name: str = "me/mine", revision: str | None = None) -> str:
    with pytest.raises(HubError) as caught:
        hub.resolve(name, revision)
    return str(caught.value)


# ---- names ------------------------------------------------------------------------------------------------------


def test_nothing_and_shipped_are_the_weights_of_the_package() -> None:
    assert hub.resolve() == hub.resolve("shipped") == hub.shipped()


def test_a_folder_comes_before_a_repository_of_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "me" / "mine").mkdir(parents=True)
    monkeypatch.chdir(tmp_path)
    assert hub.resolve("me/mine") == Path("me/mine")


@pytest.mark.parametrize(
    "name", ["./no/such", "../no/such", "/no/such/folder", "a/b/c", "weights", "me/mine@", "C:\\x"]
)
def test_what_can_only_be_a_folder_is_not_asked_for(name: str) -> None:
    with pytest.raises(WeightsError, match="There is no folder"):
        hub.resolve(name)


def test_a_folder_has_no_revisions(tiny: Path) -> None:
    with pytest.raises(WeightsError, match="which has no revisions"):
        hub.resolve(tiny, "main")


# ---- revisions and the cache ------------------------------------------------------------------------------------


def test_a_revision_is_pinned_by_argument_or_in_the_name(there: RecordingHub, tiny: Path) -> None:
    old = there.sha("models", "me/mine", "main")
    config = (tiny / hub.CONFIG).read_text()
    there.put("me/mine", {hub.CONFIG: config.replace('"sharpness": 16.0', '"sharpness": 8.0').encode()})
    assert hub.load_config(hub.resolve("me/mine")).memory.sharpness == 8.0
    assert hub.load_config(hub.resolve("me/mine", old)).memory.sharpness == 16.0
    folder = hub.resolve(f"me/mine@{old}")
    assert hub.load_config(folder).memory.sharpness == 16.0
    assert str(hub.origin(f"me/mine@{old}", folder)) == f"me/mine@{old}"


def test_the_origin_of_a_branch_is_its_commit(there: RecordingHub) -> None:
    assert hub.origin("me/mine", hub.resolve("me/mine")) == ("me/mine", there.sha("models", "me/mine", "main"))


@pytest.mark.parametrize("how", ["offline", "gone"])
def test_what_was_fetched_once_works_without_the_hub(
    there: RecordingHub, how: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = hub.resolve("me/mine")
    if how == "offline":
        monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    else:
        there.close()
    assert hub.resolve("me/mine") == folder
    hub.load_generator(folder)


def test_what_was_never_fetched_does_not(there: RecordingHub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    assert trouble() == "'me/mine' is not whole in the cache and the Hub cannot be reached. Connect, or give a folder."


# ---- a repository with a pickle ---------------------------------------------------------------------------------


class Bomb:
    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> Any:
        return (Path.touch, (self.mark,))


def test_a_pickle_is_not_even_fetched(there: RecordingHub, tmp_path: Path) -> None:
    mark = tmp_path / "exploded"
    bomb = pickle.dumps(Bomb(mark))
    there.put("me/mine", {"pytorch_model.bin": bomb, "optimizer.pt": bomb, "modeling.py": b"import os"})
    folder = hub.resolve("me/mine")
    hub.load_generator(folder)
    assert sorted(path.name for path in folder.iterdir()) == [hub.CONFIG, hub.GENERATOR, hub.SYNCNET]
    assert [line for line in there.requests if line.endswith((".bin", ".pt", ".py"))] == []
    assert not mark.exists()


def test_a_repository_with_a_pickle_alone_holds_no_weights(online: RecordingHub, tiny: Path, tmp_path: Path) -> None:
    mark = tmp_path / "exploded"
    files = {"pytorch_model.bin": pickle.dumps(Bomb(mark)), hub.CONFIG: (tiny / hub.CONFIG).read_bytes()}
    online.put("me/mine", files)
    with pytest.raises(WeightsError, match=r"holds no generator\.safetensors"):
        hub.load_generator(hub.resolve("me/mine"))
    assert not mark.exists()


# ---- refusals ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "code", "says"),
    [
        (401, "", "does not know who asks about 'me/mine'. Run `hf auth login`"),
        (401, "RepoNotFound", "is neither a folder here nor a repository on the Hub that you may read"),
        (404, "RepoNotFound", "is neither a folder here nor a repository on the Hub that you may read"),
        (403, "GatedRepo", "is open only to those its owner lets in"),
        (404, "RevisionNotFound", "has no revision 'main'"),
        (429, "", "wants fewer requests"),
        (500, "", "answered 500"),
    ],
)
def test_a_refusal_is_a_sentence(there: RecordingHub, status: int, code: str, says: str) -> None:
    there.fail("GET /api/models/", status, code)
    said = trouble()
    assert says in said
    assert "\n" not in said
    assert said.endswith(".")


def test_a_repository_that_does_not_exist_is_a_sentence(online: RecordingHub) -> None:
    assert "'me/typo' is neither a folder here nor a repository" in trouble("me/typo")


def test_a_revision_that_does_not_exist_is_a_sentence(there: RecordingHub) -> None:
    assert "'me/mine' has no revision 'v9'" in trouble("me/mine@v9")


def test_a_token_that_the_hub_does_not_take_is_a_sentence(there: RecordingHub) -> None:
    there.fail("GET .*/resolve/", 401)
    assert "hf auth login" in trouble()


# ---- transfers that break off -----------------------------------------------------------------------------------


def files_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.rglob("*") if path.is_file() and "snapshots" in path.parts)


def test_a_broken_transfer_is_a_sentence_and_the_next_one_is_whole(there: RecordingHub, tmp_path: Path) -> None:
    there.fail(ANY_FILE)
    assert "The transfer of 'me/mine' broke off" in trouble()
    assert hub.GENERATOR not in files_in(tmp_path / "cache")
    there.faults.clear()
    hub.load_generator(hub.resolve("me/mine"))


def test_after_a_broken_transfer_the_cache_is_not_taken_for_whole(
    there: RecordingHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    there.fail(ANY_FILE)
    trouble()
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    assert "is not whole in the cache" in trouble()


def test_a_transfer_that_breaks_once_goes_on_by_itself(there: RecordingHub) -> None:
    there.fail(ANY_FILE, times=1)
    hub.load_generator(hub.resolve("me/mine"))


def test_a_full_disk_is_a_sentence_and_nothing_half_written(
    there: RecordingHub, full_disk: FullDisk, tmp_path: Path
) -> None:
    with full_disk():
        assert "There is no room on the disk for 'me/mine'" in trouble()
    assert hub.GENERATOR not in files_in(tmp_path / "cache")
    hub.load_generator(hub.resolve("me/mine"))
