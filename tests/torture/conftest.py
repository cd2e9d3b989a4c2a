"""The door of the command line, with a small model behind it, watched: what it says, what it writes, what it leaves."""

from __future__ import annotations

import gc
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
import torch

from synctalkface.cli.main import answer
from synctalkface.ffmpeg import find_ffmpeg

torch.set_num_threads(1)
MODEL = ["--engine", "torch", "--device", "cpu", "--weights"]
LONGEST = 120  # seconds for one small file, on the busiest machine


class Answer(NamedTuple):
    """What became of one `synctalkface dub`."""

    code: int
    sentence: str  # the last line on stderr
    warnings: list[str]
    out: Path


Door = Callable[..., Answer]


@pytest.fixture
def door(
    tiny_weights: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> Iterator[Door]:
    """A function (video, speech, *options, out) -> Answer that dubs as the command line does.

    It fails the test if that takes for ever, crashes, says anything but one sentence, or leaves anything behind.
    """
    results, temporary = tmp_path / "results", tmp_path / "temporary"
    results.mkdir()
    temporary.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(temporary))

    def dub(video: Path | str, speech: Path | str, *options: str, out: str = "out.mp4") -> Answer:
        before = set(results.iterdir())
        target = results / out
        with no_longer_than(LONGEST):
            code = answer(
                ["dub", *MODEL, str(tiny_weights), *options, "--out", str(target), "--", str(video), str(speech)]
            )
        gc.collect()  # the clip made of a picture goes when it is forgotten
        said, errors = capsys.readouterr()
        assert "Traceback" not in said + errors
        assert code in (0, 2), errors
        assert set(results.iterdir()) - before == ({target} if code == 0 else set())
        assert list(temporary.iterdir()) == []
        lines = errors.splitlines()
        if code == 2:
            assert [line for line in lines if line.startswith("Error: ")] == lines[-1:]
            assert lines[-1].endswith(".")
        warnings = [line for line in lines if line.startswith("Warning: ")]
        return Answer(code, lines[-1] if lines else "", warnings, target)

    yield dub
    assert not list(temporary.iterdir())


class no_longer_than:
    """A context that fails after so many seconds; where the system has no alarms it only waits."""

    def __init__(self, seconds: int) -> None:
        self._seconds = seconds if sys.platform != "win32" else 0

    def __enter__(self) -> None:
        if self._seconds:
            signal.signal(signal.SIGALRM, self._ring)
            signal.alarm(self._seconds)

    def __exit__(self, *_: object) -> None:
        if self._seconds:
            signal.alarm(0)

    def _ring(self, *_: object) -> None:
        raise AssertionError(f"Not done after {self._seconds} s.")


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., bytes]:
    """A function (extension, *arguments of ffmpeg) -> the file that it makes; the same is made once."""
    folder, known = tmp_path_factory.mktemp("made"), {}

    def make(extension: str, *arguments: str) -> bytes:
        if (extension, arguments) not in known:
            path = folder / f"{len(known)}{extension}"
            command = [find_ffmpeg(), "-nostdin", "-loglevel", "error", *arguments, f"file:{path}"]
            subprocess.run(command, check=True)
            known[extension, arguments] = path.read_bytes()
        return known[extension, arguments]

    return make


@pytest.fixture
def talk(made: Callable[..., bytes], tmp_path: Path, sample_face: Path) -> Callable[..., Path]:
    """A function (name, *arguments of ffmpeg, seconds) -> path of a clip of the sample's face, 25 frames a second."""

    def make(name: str = "talk.mp4", *arguments: str, seconds: str = "0.2") -> Path:
        quick = [] if "-c:v" in arguments else ["-c:v", "libx264", "-preset", "ultrafast", "-crf", "10"]
        path = tmp_path / name
        path.write_bytes(made(path.suffix, "-ss", "1", "-t", seconds, "-i", str(sample_face), *quick, *arguments))
        return path

    return make


@pytest.fixture
def words(made: Callable[..., bytes], tmp_path: Path, sample_speech: Path) -> Callable[..., Path]:
    """A function (name, *arguments of ffmpeg, seconds) -> path of a piece of the sample speech."""

    def make(name: str = "words.wav", *arguments: str, seconds: str = "0.2") -> Path:
        path = tmp_path / name
        path.write_bytes(made(path.suffix, "-ss", "1", "-t", seconds, "-i", str(sample_speech), *arguments))
        return path

    return make
