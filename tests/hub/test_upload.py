"""A folder becomes one commit on the Hub, private unless told otherwise, or nothing at all."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from synctalkface import LipSync, hub
from synctalkface.cli.main import answer
from synctalkface.errors import HubError, OutputError, WeightsError
from tests.hub.recording_hub import RecordingHub

pytestmark = pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning")  # of the client, when a line drops
PUT = r"PUT /lfs/"


def push(folder: Path, *, private: bool = True) -> str:
    return hub.push_to_hub(folder, "me/mine", private=private)


def trouble(folder: Path) -> str:
    with pytest.raises(HubError) as caught:
        push(folder)
    assert "\n" not in str(caught.value)
    return str(caught.value)


# ---- what arrives -----------------------------------------------------------------------------------------------


def test_everything_arrives_in_one_commit(tiny: Path, online: RecordingHub) -> None:
    url = push(tiny)
    assert url.endswith(online.sha("models", "me/mine", "main"))
    assert online.commits("me/mine") == ["Weights", "initial commit"]
    there = online.files("me/mine")
    assert sorted(there) == [".gitattributes", "README.md", "SHA256SUMS", hub.CONFIG, hub.GENERATOR, hub.SYNCNET]
    for name in (hub.CONFIG, hub.GENERATOR, hub.SYNCNET):
        assert there[name].data == (tiny / name).read_bytes()


def test_a_new_repository_is_private_unless_told_otherwise(tiny: Path, online: RecordingHub) -> None:
    push(tiny)
    assert "me/mine" not in online.public
    hub.push_to_hub(tiny, "me/open", private=False)
    assert online.public == {"me/open"}


def test_what_is_public_already_is_not_written_to_in_the_belief_that_it_is_private(
    tiny: Path, online: RecordingHub
) -> None:
    push(tiny, private=False)
    assert "'me/mine' is public already" in trouble(tiny)
    assert online.commits("me/mine") == ["Weights", "initial commit"]


def test_a_second_push_is_a_second_commit_without_the_files_of_the_first(tiny: Path, online: RecordingHub) -> None:
    model, config = hub.load_generator(tiny), hub.load_config(tiny)
    hub.save_module(model, config, tiny, hub.GENERATOR, largest=200_000)
    push(tiny)
    online.put("me/mine", {"notes.md": b"by hand"})
    hub.save_module(model, config, tiny, hub.GENERATOR)
    push(tiny)
    there = online.files("me/mine")
    assert [name for name in there if name.startswith("generator")] == [hub.GENERATOR]
    assert "notes.md" in there
    hub.load_generator(hub.resolve("me/mine"))


def test_shards_go_and_come_back(tiny: Path, online: RecordingHub) -> None:
    model, config = hub.load_generator(tiny), hub.load_config(tiny)
    hub.save_module(model, config, tiny, hub.GENERATOR, largest=200_000)
    push(tiny)
    pulled = hub.resolve("me/mine")
    assert not (pulled / hub.GENERATOR).exists()
    hub.load_generator(pulled)


def test_a_loaded_model_pushes_the_folder_it_came_from(tiny: Path, online: RecordingHub) -> None:
    LipSync.from_pretrained(tiny, "cpu").push_to_hub("me/mine")
    assert online.files("me/mine")[hub.GENERATOR].data == (tiny / hub.GENERATOR).read_bytes()


def test_a_model_from_nowhere_says_what_to_do(tiny: Path) -> None:
    made = LipSync(hub.load_generator(tiny), hub.load_config(tiny), "cpu")
    with pytest.raises(WeightsError, match=r"Save it with hub\.save_module"):
        made.push_to_hub("me/mine")


# ---- what is refused before anything leaves ---------------------------------------------------------------------


def test_damaged_weights_never_leave(tiny: Path, online: RecordingHub) -> None:
    (tiny / hub.GENERATOR).write_bytes((tiny / hub.GENERATOR).read_bytes()[:-1])
    with pytest.raises(WeightsError, match="is damaged"):
        push(tiny)
    assert online.requests == []


def test_a_sync_expert_of_another_kind_never_leaves(tiny: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    (other / hub.CONFIG).write_text((tiny / hub.CONFIG).read_text().replace('"loudness": 0.06', '"loudness": null'))
    with pytest.raises(WeightsError, match="other settings of 'audio'"):
        hub.pack(tiny, tmp_path / "built", "me/mine", hub.Facts(), syncnet=other)


def test_nothing_is_built_over_what_is_there(tiny: Path, tmp_path: Path) -> None:
    (tmp_path / "built").mkdir()
    (tmp_path / "built" / "mine.txt").touch()
    with pytest.raises(OutputError, match="is not empty"):
        hub.pack(tiny, tmp_path / "built", "me/mine", hub.Facts())


# ---- what the Hub refuses ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("pattern", "status", "says"),
    [
        ("POST /api/repos/create", 401, "does not know who asks about 'me/mine'. Run `hf auth login`"),
        ("POST /api/repos/create", 403, "Your token may not write to 'me/mine'"),
        ("/preupload/", 404, "The Hub has no 'me/mine'"),
        ("/commit/", 409, "Somebody else changed 'me/mine' at the same moment"),
        ("/commit/", 412, "Somebody else changed 'me/mine' at the same moment"),
        (PUT, 403, "Your token may not write to 'me/mine'"),
        (PUT, 500, "answered 500"),
        ("POST /api/validate-yaml", 400, "does not take 'me/mine' as it is"),
    ],
)
def test_a_refusal_is_a_sentence_and_no_commit(
    tiny: Path, online: RecordingHub, pattern: str, status: int, says: str
) -> None:
    online.fail(pattern, status)
    assert says in trouble(tiny)
    assert online.commits("me/mine") in ([], ["initial commit"])


def test_a_line_that_drops_is_a_sentence_and_no_commit(tiny: Path, online: RecordingHub) -> None:
    online.fail("POST .*/objects/batch")
    assert "The transfer of 'me/mine' broke off" in trouble(tiny)
    assert online.commits("me/mine") == ["initial commit"]


def test_a_repository_that_moved_on_meanwhile_is_not_overwritten(
    tiny: Path, online: RecordingHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    answered = online.on_batch

    def somebody_else(prefix: str, name: str, body: bytes) -> object:
        online.put("me/mine", {"notes.md": b"first"}, "by somebody else")
        return answered(prefix, name, body)

    monkeypatch.setattr(online, "on_batch", somebody_else)
    assert "Somebody else changed 'me/mine'" in trouble(tiny)
    assert online.commits("me/mine") == ["by somebody else", "initial commit"]


def test_bytes_that_arrive_differently_are_noticed(
    tiny: Path, online: RecordingHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    stored = online.commit

    def garbled(kind: str, name: str, lines: list[dict[str, dict[str, str]]]) -> str:
        for line in lines:
            if line["value"].get("path") == "config.json":
                line["value"]["content"] = "e30="
        return stored(kind, name, lines)

    monkeypatch.setattr(online, "commit", garbled)
    assert "does not hold config.json as it was sent" in trouble(tiny)


# ---- the command line -------------------------------------------------------------------------------------------


@pytest.fixture
def untried(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """The trial dub is left out (test_hub_cycle.py has it); the folders it was asked for are noted."""
    tried: list[Path] = []
    monkeypatch.setattr("synctalkface.pipeline.trial.try_weights", tried.append)
    return tried


def test_push_shows_what_it_would_do_and_asks_nobody(
    tiny: Path, online: RecordingHub, untried: list[Path], capsys: pytest.CaptureFixture[str]
) -> None:
    assert answer(["push", str(tiny), "me/mine"]) == 0
    said = capsys.readouterr().out
    assert said.startswith("me/mine, private:\n")
    assert all(name in said for name in ("README.md", "SHA256SUMS", hub.CONFIG, hub.GENERATOR, hub.SYNCNET))
    assert "Nothing was uploaded: add --upload" in said
    assert online.requests == []
    assert len(untried) == 1


def test_push_uploads_when_told_to(
    tiny: Path, online: RecordingHub, untried: list[Path], capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    kept = tmp_path / "kept"
    command = ["push", str(tiny), "me/mine", "--upload", "--licence", "cc-by-4.0", "--dataset", "me/clips"]
    assert answer([*command, "--data", "Nine clips of me.", "--out", str(kept), "--events"]) == 0
    done = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert done["event"] == "done"
    assert "/me/mine/commit/" in json.dumps(done)
    card = online.files("me/mine")["README.md"].data.decode()
    assert "license: cc-by-4.0" in card
    assert "- me/clips" in card
    assert "Nine clips of me." in card
    assert (kept / "README.md").read_text() == card
    assert untried == [kept]


def test_pull_says_where_the_weights_are(tiny: Path, online: RecordingHub, capsys: pytest.CaptureFixture[str]) -> None:
    push(tiny)
    assert answer(["pull", "me/mine"]) == 0
    assert f"me/mine@{online.sha('models', 'me/mine', 'main')} is whole" in capsys.readouterr().out
    assert answer(["pull", "me/typo"]) == 2
    assert "neither a folder here nor a repository" in capsys.readouterr().err


def test_a_base_that_is_no_repository_is_refused(tiny: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert answer(["push", str(tiny), "me/mine", "--base", "nonsense"]) == 2
    assert "Write --base owner/name" in capsys.readouterr().err
