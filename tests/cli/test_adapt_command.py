"""`adapt` and `dub --adapt`: what the command line makes of them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from synctalkface.cli.main import answer
from synctalkface.training.kept import Adapted


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch, tiny_weights: Path) -> list[dict[str, Any]]:
    """What the adaptation was asked for; it answers with weights at once."""
    calls: list[dict[str, Any]] = []

    def stand_in(videos: object, out: object = None, **options: Any) -> Adapted:
        calls.append({"videos": videos, "out": out, **options})
        return Adapted(tiny_weights, 75, 200, 9.6, (0.0,), 0.04, 0.03, 25.0, 27.5, 0.8, 0.6, 140.2)

    monkeypatch.setattr("synctalkface.training.adapt.adapt", stand_in)
    return calls


def test_adapt_passes_on_what_it_is_told(
    asked: list[dict[str, Any]], capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    words = ["adapt", "a.mp4", "b.mp4", "-o", str(tmp_path), "--steps", "50", "--face", "2", "--force", "--events"]
    assert answer([*words, "--device", "cpu"]) == 0
    [call] = asked
    assert call["videos"] == [Path("a.mp4"), Path("b.mp4")]
    assert (call["out"], call["steps"], call["face"], call["overwrite"]) == (tmp_path, 50, "2", True)
    done = json.loads(capsys.readouterr().out)
    assert done["event"] == "done"
    assert done["result"]["psnr_after"] == 27.5


def test_dub_adapts_first_and_draws_with_those_weights(
    asked: list[dict[str, Any]],
    capsys: pytest.CaptureFixture[str],
    make_media: Any,
    tiny_weights: Path,
    sample_face: Path,
    sample_speech: Path,
    tmp_path: Path,
) -> None:
    speech, out = make_media("brief.wav", "-i", str(sample_speech), "-t", "0.3"), tmp_path / "dubbed.mp4"
    words = ["dub", str(sample_face), str(speech), "-o", str(out), "--fit", "speech", "--adapt", "--device", "cpu"]
    assert answer([*words, "--events"]) == 0
    [call] = asked
    assert call["videos"] == sample_face
    assert call["out"] is None
    result = json.loads(capsys.readouterr().out.splitlines()[-1])["result"]
    assert result["weights"] == str(tiny_weights)
    assert out.exists()


def test_dub_does_not_adapt_for_a_result_it_may_not_write(
    asked: list[dict[str, Any]], sample_face: Path, sample_speech: Path, tmp_path: Path
) -> None:
    out = tmp_path / "dubbed.mp4"
    out.write_bytes(b"precious")
    assert answer(["dub", str(sample_face), str(sample_speech), "-o", str(out), "--adapt"]) == 2
    assert asked == []
    assert out.read_bytes() == b"precious"
