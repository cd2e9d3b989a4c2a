"""Adaptation: the face is learnt, sync is not touched, nothing gets worse, nothing is half written or done twice."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

import synctalkface
from synctalkface import hub
from synctalkface.config import preset
from synctalkface.errors import ConfigError, MediaError, OutputError
from synctalkface.events import Event, Progress, Warned
from synctalkface.ffmpeg import find_ffmpeg
from synctalkface.pipeline import LipSync
from synctalkface.training import kept
from synctalkface.training.adapt import adapt
from synctalkface.training.adaptation import Adaptation, Recipe, learns
from synctalkface.training.footage import Footage, read_footage

CPU = torch.device("cpu")
BRIEF = Recipe(steps=20, windows=2, warmup=5, every=5, learning_rate=2e-3, final_learning_rate=2e-3)


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache that no other test has filled."""
    monkeypatch.setenv("SYNCTALKFACE_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache" / "adapted"


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A second and a half of the sample face."""
    path = tmp_path_factory.mktemp("clip") / "clip.mkv"
    source = ["-t", "1.6", "-i", str(hub.shipped().parent / "samples" / "face.mkv")]
    command = [find_ffmpeg(), "-nostdin", "-loglevel", "error", *source, "-c:v", "ffv1", "-c:a", "flac", str(path)]
    subprocess.run(command, check=True)
    return path


@pytest.fixture(scope="module")
def filmed(clip: Path) -> Footage:
    """The same in colours that no person has: what is to be learnt."""
    found = read_footage(clip, preset("tiny"), None)
    green = np.ascontiguousarray(found.clip.crops[..., [1, 0, 2]])
    return found._replace(clip=replace(found.clip, crops=green))


@pytest.fixture
def seen(filmed: Footage, monkeypatch: pytest.MonkeyPatch) -> None:
    """The clip has been looked at already."""
    monkeypatch.setattr("synctalkface.training.adapt.read_footage", lambda *_: filmed)


def run(filmed: Footage, weights: Path, recipe: Recipe) -> Adaptation:
    return Adaptation([filmed], weights, recipe, hub.load_syncnet(weights), CPU)


def test_what_is_held_out_is_drawn_better_afterwards(filmed: Footage, tiny_weights: Path) -> None:
    outcome = run(filmed, tiny_weights, BRIEF).adapt()
    assert outcome.step > 0
    assert outcome.after.l1 < outcome.before.l1
    assert outcome.after.psnr > outcome.before.psnr


def test_ears_and_memory_stay_bit_for_bit_and_eyes_and_hands_learn(filmed: Footage, tiny_weights: Path) -> None:
    before = hub.load_generator(tiny_weights).state_dict()
    after = run(filmed, tiny_weights, BRIEF).adapt().state
    changed = {name for name in before if not torch.equal(before[name], after[name])}
    learnable = {name for name, _ in hub.load_generator(tiny_weights).named_parameters()}  # no statistic of a norm
    assert changed == {name for name in learnable if learns(name)}
    assert {name.split(".")[0] for name in changed} == {"face_encoder", "decoder"}


def test_a_recipe_that_spoils_the_weights_returns_those_it_began_with(filmed: Footage, tiny_weights: Path) -> None:
    wild = replace(BRIEF, steps=60, learning_rate=3.0, final_learning_rate=3.0, ema=0.0, patience=2)
    outcome = run(filmed, tiny_weights, wild).adapt()
    before = hub.load_generator(tiny_weights).state_dict()
    assert outcome.step == 0
    assert outcome.after == outcome.before
    assert outcome.steps == 10  # two looks of five steps, not all sixty
    assert all(torch.equal(before[name], outcome.state[name]) for name in before)


def test_the_weights_that_are_kept_have_the_score_that_is_told(filmed: Footage, tiny_weights: Path) -> None:
    adapting = run(filmed, tiny_weights, BRIEF)
    outcome = adapting.adapt()
    adapting.average.load_state_dict(outcome.state)
    adapting.trust = 1.0
    assert adapting.judge() == outcome.after


def test_what_little_footage_taught_is_believed_in_part(filmed: Footage, tiny_weights: Path) -> None:
    adapting = run(filmed, tiny_weights, BRIEF)
    assert adapting.trust == pytest.approx(0.8 * 1.6 / 4)  # a fifth is held out, four seconds are enough
    adapting.update()
    name = "decoder.head.weight"
    moved, kept_back = (
        state[name] - adapting.base[name] for state in (adapting.average.state_dict(), adapting.learnt())
    )
    torch.testing.assert_close(kept_back, adapting.trust * moved)


def test_the_same_footage_gives_the_same_weights(filmed: Footage, tiny_weights: Path) -> None:
    brief = replace(BRIEF, steps=5)
    one, other = (run(filmed, tiny_weights, brief).adapt().state for _ in range(2))
    assert all(torch.equal(one[name], other[name]) for name in one)


def test_a_folder_of_weights_is_written_that_dubs(clip: Path, tiny_weights: Path, tmp_path: Path) -> None:
    out = tmp_path / "mine"
    heard: list[Event] = []
    report = adapt(clip, out, weights=tiny_weights, steps=3, on_progress=heard.append)
    assert report.folder == out
    assert hub.load_config(out).name == "tiny, adapted"
    assert LipSync.from_pretrained(out, "cpu").config.model == preset("tiny").model
    assert (out / hub.SYNCNET).read_bytes() == (tiny_weights / hub.SYNCNET).read_bytes()
    assert json.loads((out / kept.REPORT).read_text())["steps"] == 3
    assert report.seconds == pytest.approx(1.6, abs=0.05)
    assert [event.done for event in heard if isinstance(event, Progress) and event.stage == "adapt"] == [1, 2, 3]
    assert {path.name for path in tmp_path.iterdir()} - {"cache"} == {"mine"}  # nothing half made
    assert kept.find(out) == replace(report, cached=True)


@pytest.mark.usefixtures("seen")
def test_weights_in_16_bits_stay_so(clip: Path, tiny_weights: Path, tmp_path: Path) -> None:
    config = hub.load_config(tiny_weights)
    hub.save_module(hub.load_generator(tiny_weights), config, tmp_path / "half", hub.GENERATOR, half=True)
    adapt(clip, tmp_path / "mine", weights=tmp_path / "half", steps=2)
    before, after = (load_file(tmp_path / name / hub.GENERATOR) for name in ("half", "mine"))
    frozen = [name for name in before if not learns(name)]
    assert {tensor.dtype for tensor in after.values()} == {torch.float16, torch.int64}
    assert all(torch.equal(before[name], after[name]) for name in frozen)


def test_weights_without_a_sync_expert_adapt_too_and_say_so(clip: Path, tiny_weights: Path, tmp_path: Path) -> None:
    config = hub.load_config(tiny_weights)
    hub.save_module(hub.load_generator(tiny_weights), config, tmp_path / "deaf", hub.GENERATOR)
    heard: list[Event] = []
    adapt(clip, tmp_path / "mine", weights=tmp_path / "deaf", steps=2, on_progress=heard.append)
    assert [event for event in heard if isinstance(event, Warned) and "no sync expert" in event.message]
    assert not (tmp_path / "mine" / hub.SYNCNET).exists()


def never(*_: object) -> None:
    raise AssertionError("it was adapted once more")


@pytest.mark.usefixtures("seen")
def test_without_a_folder_it_is_done_once_only(
    clip: Path, tiny_weights: Path, tmp_path: Path, own_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = adapt(clip, weights=tiny_weights, steps=2)
    assert first.folder.parent == own_cache
    copy = tmp_path / "of another name.mkv"
    copy.write_bytes(clip.read_bytes())
    monkeypatch.setattr(Adaptation, "adapt", never)
    again = adapt(copy, weights=tiny_weights, steps=2)
    assert again == replace(first, cached=True)
    assert "before" in again.summary()
    with pytest.raises(AssertionError, match="once more"):
        adapt(clip, weights=tiny_weights, steps=3)  # other settings, other weights


@pytest.mark.parametrize("name", [hub.GENERATOR, hub.SYNCNET, kept.REPORT, "SHA256SUMS"])
@pytest.mark.parametrize("harm", ["cut", "gone"])
def test_damaged_weights_of_the_cache_are_not_used(tiny_weights: Path, own_cache: Path, name: str, harm: str) -> None:
    report = keep_something(own_cache / "kept", tiny_weights)
    assert kept.find(report.folder) == replace(report, cached=True)
    path = report.folder / name
    path.write_bytes(path.read_bytes()[:40]) if harm == "cut" else path.unlink()
    assert kept.find(report.folder) is None


def keep_something(folder: Path, weights: Path) -> kept.Adapted:
    kept.require_free(folder, overwrite=True)
    report = kept.Adapted(folder, 1, 1, 1.0, (0.0,), 0.2, 0.1, 20.0, 21.0, 0.5, 0.4, 1.0)
    return kept.keep(hub.load_generator(weights), hub.load_config(weights), weights, report)


@pytest.mark.usefixtures("seen")
def test_damaged_weights_of_the_cache_are_made_again(clip: Path, tiny_weights: Path) -> None:
    first = adapt(clip, weights=tiny_weights, steps=2)
    (first.folder / hub.GENERATOR).write_bytes(b"")
    again = adapt(clip, weights=tiny_weights, steps=2)
    assert not again.cached
    assert kept.find(again.folder) is not None


def test_the_cache_keeps_the_weights_that_were_used_last(
    tiny_weights: Path, own_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import os

    monkeypatch.setattr(kept, "MOST", 2)
    for age, name in enumerate(("newest", "middle", "oldest")):
        keep_something(own_cache / name, tiny_weights)
        os.utime(own_cache / name, (1e9 - age, 1e9 - age))
    assert kept.find(own_cache / "oldest") is not None  # it is the one used last now
    kept.tidy()
    assert {path.name for path in own_cache.iterdir()} == {"newest", "oldest"}


def test_what_is_there_is_not_overwritten_unasked(clip: Path, tiny_weights: Path, tmp_path: Path) -> None:
    keep_something(tmp_path / "mine", tiny_weights)
    with pytest.raises(OutputError, match=r"adapted weights already\. Pass --force"):
        adapt(clip, tmp_path / "mine", weights=tiny_weights)
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "cat.png").write_bytes(b"cat")
    with pytest.raises(OutputError, match="holds something else"):
        adapt(clip, tmp_path / "photos", weights=tiny_weights, overwrite=True)
    with pytest.raises(OutputError, match="is a file"):
        adapt(clip, clip, weights=tiny_weights, overwrite=True)


@pytest.mark.usefixtures("seen")
def test_an_earlier_adaptation_is_replaced_when_asked(clip: Path, tiny_weights: Path, tmp_path: Path) -> None:
    keep_something(tmp_path / "mine", tiny_weights)
    (tmp_path / "mine" / "notes.txt").write_text("the user's own")
    report = adapt(clip, tmp_path / "mine", weights=tiny_weights, steps=2, overwrite=True)
    assert kept.find(tmp_path / "mine") == replace(report, cached=True)
    assert (tmp_path / "mine" / "notes.txt").read_text() == "the user's own"


def stop_at(stage: str) -> Callable[[Event], None]:
    def listen(event: Event) -> None:
        if isinstance(event, Progress) and event.stage == stage:
            raise KeyboardInterrupt

    return listen


@pytest.mark.parametrize("stage", ["find faces", "cut out the face", "adapt"])
def test_whoever_stops_it_finds_nothing_half_written(
    clip: Path, tiny_weights: Path, tmp_path: Path, stage: str
) -> None:
    with pytest.raises(KeyboardInterrupt):
        adapt(clip, tmp_path / "new" / "mine", weights=tiny_weights, steps=2, on_progress=stop_at(stage))
    assert list((tmp_path / "new").iterdir()) == []


def test_a_stop_while_files_are_written_leaves_none(
    tiny_weights: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(kept.sums, "seal", stop)
    with pytest.raises(KeyboardInterrupt):
        keep_something(tmp_path / "new" / "mine", tiny_weights)
    assert list((tmp_path / "new").iterdir()) == []


def test_a_folder_that_cannot_be_written_is_told_before_the_work(
    clip: Path, tiny_weights: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a file").write_bytes(b"")
    monkeypatch.setattr(Adaptation, "adapt", never)
    with pytest.raises(OutputError, match=r"mine cannot be written .* Choose a folder"):
        adapt(clip, tmp_path / "a file" / "mine", weights=tiny_weights)
    monkeypatch.setenv("SYNCTALKFACE_CACHE", str(tmp_path / "a file"))
    with pytest.raises(OutputError, match="Set SYNCTALKFACE_CACHE"):
        adapt(clip, weights=tiny_weights)


def test_bad_requests_say_what_to_do(tiny_weights: Path, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="Name a video"):
        adapt([], tmp_path / "mine", weights=tiny_weights)
    with pytest.raises(MediaError, match=r"nowhere\.mp4"):
        adapt(tmp_path / "nowhere.mp4", weights=tiny_weights)


def test_the_package_offers_it_at_its_root() -> None:
    assert synctalkface.adapt is adapt
    assert "adapt" in dir(synctalkface)


def test_a_report_tells_a_person_what_came_of_it(tmp_path: Path) -> None:
    better = kept.Adapted(tmp_path, 75, 200, 9.6, (0.0,), 0.04, 0.03, 25.0, 27.5, 0.8, 0.6, 140.2)
    assert (
        "from 0.0400 to 0.0300, its PSNR from 25.0 to 27.5 dB, and the lips came from 0.80 to 0.60 px"
        in better.summary()
    )
    assert "(75 steps)" in better.summary()
    assert "(75 steps, lips that go 1.2 times as far)" in replace(better, times=1.2).summary()
    assert "no better" in replace(better, step=0).summary()
    assert "1.2 times" in replace(better, step=0, times=1.2).summary()
    assert json.loads(json.dumps(better.as_dict()))["improved"] is True
