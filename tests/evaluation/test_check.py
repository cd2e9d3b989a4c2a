"""Check finds a planted delay in any video, says when it cannot tell, and counts in the video's own frames."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor

from synctalkface.cli.main import answer
from synctalkface.errors import MediaError, NoFaceError
from synctalkface.evaluation import check as room
from synctalkface.evaluation.check import Run, check
from synctalkface.person import Followed
from synctalkface.video import probe

LEVELS = 40  # moments of the planted signal, 25 a second


def level(moment: NDArray[np.float64] | float) -> NDArray[np.float64]:
    """A signal without a period, of 0..1, at each 1/25 s."""
    table = np.random.default_rng(3).uniform(0.1, 1, 400)
    return np.asarray(table[np.floor(np.asarray(moment) * 25 + 1e-6).astype(int).clip(0, 399)])


class Planted:
    """A judge for the planted signal: sees the mouths' number, hears how loud it is."""

    name, sample_rate = "planted", 16_000

    def see(self, crops: NDArray[np.uint8]) -> Tensor:
        bright = torch.from_numpy(crops[2:-2].mean((1, 2, 3)) / 255).float()
        return torch.stack([bright, 1 - bright], -1)

    def hear(self, waveform: NDArray[np.float32], moments: NDArray[np.float64]) -> Tensor:
        parts = [waveform[max(0, round((m - 0.01) * 16_000)) : max(0, round((m + 0.01) * 16_000))] for m in moments]
        loud = torch.tensor([float(np.abs(part).max()) if len(part) else 0.0 for part in parts])
        return torch.stack([loud, 1 - loud], -1)


@pytest.fixture
def planted(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Sound that follows the planted signal `late` seconds late, and a face whose brightness is the signal."""

    def plant(late: float) -> None:
        steps = (np.arange(16_000 * 3) / 16_000).astype(np.float64)
        monkeypatch.setattr(room, "load_judge", lambda *_: Planted())
        monkeypatch.setattr(room, "read_waveform", lambda *_: level(steps - late + 4).astype(np.float32))

        def bright(frame: object, matrix: object, size: int) -> NDArray[np.uint8]:
            moment = next(shown)
            return np.full((4, 4, 3), 255 * level(moment + 4), np.uint8)

        shown = iter((np.arange(1000) + 0.5) / 25)
        monkeypatch.setattr(room, "cut_out", bright)

    return plant


@pytest.mark.parametrize(("late", "words"), [(0.0, "In sync"), (0.2, "0.20 s (5.0 frames) late"), (-0.12, "early")])
def test_a_planted_delay_is_found_and_said(
    planted: Callable[[float], None], sample_face: Path, late: float, words: str
) -> None:
    planted(late)
    report = check(sample_face)
    assert report.offset_seconds == pytest.approx(late)
    assert report.offset_frames == pytest.approx(late * 25)
    assert words in report.verdict
    assert report.in_sync is (late == 0)
    assert report.faces == 1


def test_without_a_trustworthy_expert_it_cannot_tell(sample_face: Path, tiny_weights: Path) -> None:
    report = check(sample_face, weights=tiny_weights, device="cpu")
    assert report.in_sync is None
    assert report.verdict.startswith("Cannot tell")
    assert report.seconds_judged == pytest.approx(2.84)  # 75 frames less two at each end


def test_a_video_of_another_rate_is_judged_25_times_a_second_in_its_own_frames(
    planted: Callable[[float], None], make_media: Callable[..., Path], sample_face: Path
) -> None:
    planted(0.2)
    fast = make_media("fast.mp4", "-i", str(sample_face), "-r", "50", "-t", "2")
    report = check(fast)
    assert report.frame_rate == 50
    assert report.seconds_judged == pytest.approx(1.84)


def test_stretches_end_at_cuts_and_where_the_face_is_lost(
    monkeypatch: pytest.MonkeyPatch, make_media: Callable[..., Path]
) -> None:
    clip = probe(make_media("t.mp4", "-f", "lavfi", "-i", "testsrc=duration=2:size=64x48:rate=25"))
    matrices = np.tile(np.array([[1 / 40, 0, 0], [0, 1 / 40, 0]]), (50, 1, 1))
    matrices[20:22] = np.nan
    followed = Followed(matrices, np.zeros((50, 3, 2), np.float32), 1, 0, (30,))
    monkeypatch.setattr(room, "BLOCK", 12)
    runs: list[Run] = list(room._runs(clip, followed, lambda event: None))
    spans = [(run.first, run.first + len(run.crops)) for run in runs]
    assert spans == [(0, 12), (8, 20), (22, 30), (30, 42), (38, 50)]


def test_the_command_writes_json(sample_face: Path, tiny_weights: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert answer(["check", str(sample_face), "--weights", str(tiny_weights), "--json"]) == 0
    data = json.loads(capsys.readouterr().out)
    assert {"offset_seconds", "offset_frames", "confidence", "verdict"} <= data.keys()


def test_a_video_without_sound_or_face_is_a_sentence(make_media: Callable[..., Path], tiny_weights: Path) -> None:
    silent = make_media("silent.mp4", "-f", "lavfi", "-i", "testsrc=duration=1:size=64x48:rate=25")
    with pytest.raises(MediaError, match="no sound"):
        check(silent, weights=tiny_weights)
    faceless = make_media(
        "tone.mp4", "-f", "lavfi", "-i", "testsrc=duration=1:size=64x48:rate=25", "-f", "lavfi", "-i", "sine=duration=1"
    )
    with pytest.raises(NoFaceError, match="No face"):
        check(faceless, weights=tiny_weights)
