"""`synctalkface export`, and what `dub` says about engines."""

from __future__ import annotations

from pathlib import Path

import pytest

from synctalkface.cli.main import answer


def test_the_network_is_named_with_its_size(
    tiny_weights: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert answer(["export", "--out", str(tmp_path / "new"), "--weights", str(tiny_weights)]) == 0
    assert capsys.readouterr().out.startswith(f"{tmp_path / 'new' / 'generator.onnx'}: ")
    assert (tmp_path / "new" / "generator.onnx").is_file()


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["--engine", "torch", "--precision", "int8"], "The engine torch does not count in int8."),
        (["--engine", "onnx", "--precision", "bf16"], "The engine onnx does not count in bf16."),
        (["--preset", "verifast"], "x264 has no preset 'verifast'. Did you mean 'veryfast'?"),
    ],
)
def test_what_cannot_be_is_one_sentence(
    options: list[str],
    sentence: str,
    tiny_weights: Path,
    sample_face: Path,
    sample_speech: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    asked = ["dub", str(sample_face), str(sample_speech), "--out", str(tmp_path / "out.mp4")]
    assert answer([*asked, "--weights", str(tiny_weights), *options]) == 2
    assert sentence in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []
