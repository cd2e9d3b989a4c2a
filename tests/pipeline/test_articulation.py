"""A dub parts the lips as wide as the person in the footage does: the shipped weights, the packaged clip and speech."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from synctalkface import LipSync, hub
from synctalkface.audio import log_mel, read_waveform
from synctalkface.person import Hearing, Mouth, stills
from synctalkface.person.follow import Followed
from synctalkface.video import Video, probe, read_frames


@pytest.fixture(scope="module")
def dubber() -> LipSync:
    return LipSync.from_pretrained(hub.shipped(), "cpu", remember=False)


@pytest.fixture
def clip(sample_face: Path) -> Video:
    return probe(sample_face)


@pytest.fixture
def followed(dubber: LipSync, clip: Video) -> Followed:
    return dubber.follow(clip)


def mouths(dubber: LipSync, clip: Video, followed: Followed, wide: float, hearing: Hearing) -> NDArray[np.float32]:
    """What is drawn at ten moments, all of them on the clip's first frame: (10, R/2, R, 3)."""
    mouth = Mouth(dubber.model, dubber.config, stills(clip, followed, followed.references_of(0)), wide)
    frame, place = next(read_frames(clip)), followed.at(0)
    assert place is not None
    filmed = mouth.cut([frame] * 10, [place] * 10)
    return mouth.generate(filmed, hearing.at(np.linspace(1.0, 3.0, 10)))


def test_who_parts_the_lips_wider_is_drawn_otherwise_and_silence_alike(
    dubber: LipSync, clip: Video, followed: Followed, sample_speech: Path
) -> None:
    config = dubber.config
    assert config.model.articulated, "the shipped weights are"
    loud = Hearing(dubber.model, config, log_mel(read_waveform(sample_speech, config.audio.sample_rate), config.audio))
    quiet = Hearing(dubber.model, config, torch.zeros(config.audio.bands, 0))
    usual, wide = (mouths(dubber, clip, followed, each, loud) for each in (1.0, 2.25))
    assert np.abs(wide - usual).mean() > 0.2  # grey levels, of which most pixels show a cheek
    usual, wide = (mouths(dubber, clip, followed, each, quiet) for each in (1.0, 2.25))
    assert np.abs(wide - usual).mean() < 0.05


def test_a_dub_takes_it_from_the_footage(
    dubber: LipSync,
    followed: Followed,
    sample_face: Path,
    sample_speech: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    told: list[float] = []

    class Told(Mouth):
        def __init__(self, *given: object) -> None:
            told.append(float(given[3]))  # type: ignore[arg-type]
            super().__init__(*given)  # type: ignore[arg-type]

    monkeypatch.setattr("synctalkface.pipeline.dubbing.Mouth", Told)
    dubber.dub(sample_face, sample_speech, tmp_path / "dub.mp4", fit="trim", preset="ultrafast")
    assert told
    assert set(told) == {followed.articulation}
    assert followed.articulation != 1
