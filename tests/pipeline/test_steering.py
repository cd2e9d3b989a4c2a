"""The mouth by hand: a speech's own addresses change nothing, others change the mouth and nothing else."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from synctalkface.address import AddressTrack, read_track, save_shapes, write_track
from synctalkface.config import preset
from synctalkface.errors import ConfigError
from synctalkface.hub import GENERATOR, save_module
from synctalkface.models.generator import SyncTalkFace
from synctalkface.pipeline import LipSync
from synctalkface.video import probe, read_frames


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny model with random weights, whose lips the addresses do move."""
    made = tmp_path_factory.mktemp("weights")
    torch.manual_seed(0)
    model = SyncTalkFace(preset("tiny"))
    with torch.no_grad():  # a fresh head draws hardly any change
        model.decoder.head.weight.mul_(30)
    save_module(model, preset("tiny"), made, GENERATOR)
    save_shapes({"first": np.eye(12, dtype=np.float32)[0]}, made)
    return made


@pytest.fixture(scope="module")
def dubber(folder: Path) -> LipSync:
    return LipSync.from_pretrained(folder, "cpu")


@pytest.fixture
def clip(make_media: Callable[..., Path], sample_face: Path) -> Path:
    return make_media("clip.mp4", "-i", str(sample_face), "-t", "0.84", "-crf", "20", "-an")


@pytest.fixture
def speech(make_media: Callable[..., Path], sample_speech: Path) -> Path:
    return make_media("speech.wav", "-ss", "1", "-t", "1", "-i", str(sample_speech))


def luma(path: Path) -> NDArray[np.int16]:
    return np.stack([frame.y.astype(np.int16) for frame in read_frames(probe(path))])


@pytest.mark.parametrize("name", ["track.json", "track.csv"])
def test_an_exported_track_gives_the_identical_video(
    dubber: LipSync, clip: Path, speech: Path, tmp_path: Path, name: str
) -> None:
    dubber.dub(clip, speech, tmp_path / "heard.mp4")
    exported = write_track(dubber.addresses(speech, clip), tmp_path / name)
    dubber.dub(clip, speech, tmp_path / "steered.mp4", address=exported)
    assert (tmp_path / "heard.mp4").read_bytes() == (tmp_path / "steered.mp4").read_bytes()


def test_an_edited_track_changes_the_mouth_at_its_moment_and_nothing_else(
    dubber: LipSync, clip: Path, speech: Path, tmp_path: Path
) -> None:
    track = dubber.addresses(speech, clip)
    edited = track.weights.copy()
    edited[6:12] = np.eye(12, dtype=np.float32)[edited[6:12].argmin(1)]
    dubber.dub(clip, speech, tmp_path / "a.mp4", address=track, crf=0)
    dubber.dub(clip, speech, tmp_path / "b.mp4", address=AddressTrack(track.times, edited, track.shares), crf=0)
    difference = np.abs(luma(tmp_path / "a.mp4") - luma(tmp_path / "b.mp4"))
    changed = difference.max(axis=(1, 2)) > 0
    assert changed[6:12].all()
    assert not changed[:6].any()
    assert not changed[12:].any()
    rows = np.flatnonzero(difference.max(axis=(0, 2)))
    columns = np.flatnonzero(difference.max(axis=(0, 1)))
    assert rows.min() > 288 * 0.4  # the mouth of the sample lies in the lower half of the picture
    assert len(columns) < 360 * 0.6


def test_without_hearing_the_lips_follow_the_track_alone(
    dubber: LipSync, clip: Path, speech: Path, sample_speech: Path, tmp_path: Path
) -> None:
    track = read_track(by_hand(tmp_path), 12, dubber.shapes)
    other = tmp_path / "other.wav"
    other.write_bytes(speech.read_bytes()[:-3000])
    dubber.dub(clip, speech, tmp_path / "a.mp4", address=track, hear=False)
    dubber.dub(clip, other, tmp_path / "b.mp4", address=track, hear=False)
    assert (luma(tmp_path / "a.mp4")[:20] == luma(tmp_path / "b.mp4")[:20]).all()


def by_hand(folder: Path) -> Path:
    path = folder / "hand.json"
    path.write_text('{"format": 1, "keys": [{"time": 0.2, "shape": "first"}]}', encoding="utf-8")
    return path


def test_addresses_without_a_video_come_at_the_rate_that_is_asked_for(dubber: LipSync, speech: Path) -> None:
    track = dubber.addresses(speech, frame_rate=30)
    assert len(track.times) == 30
    assert track.times[0] == pytest.approx(1 / 60)
    np.testing.assert_allclose(track.weights.sum(1), 1, atol=1e-5)


def test_a_model_without_memory_says_so(clip: Path, speech: Path, tmp_path: Path) -> None:
    tiny = preset("tiny")
    config = replace(tiny, memory=replace(tiny.memory, enabled=False))
    forgetful = LipSync(SyncTalkFace(config).eval(), config, "cpu")
    with pytest.raises(ConfigError, match="no memory"):
        forgetful.addresses(speech)
    track = AddressTrack(np.zeros(1), np.eye(12, dtype=np.float32)[:1], np.ones(1, np.float32))
    with pytest.raises(ConfigError, match="no memory"):
        forgetful.dub(clip, speech, tmp_path / "a.mp4", address=track)
    assert not (tmp_path / "a.mp4").exists()
