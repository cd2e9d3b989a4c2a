"""Temporary folders: gone when they are not needed, those of the dead too, those of the living never."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from synctalkface.video.scratch import Scratch, clear_scratch

DIE = "import os; from synctalkface.video.scratch import Scratch; print(Scratch().path, flush=True); os._exit(9)"


@pytest.fixture(autouse=True)
def places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    return tmp_path


def test_it_is_gone_at_the_end_with_what_lies_in_it() -> None:
    with Scratch() as scratch:
        (scratch.path / "file").write_text("something")
    assert not scratch.path.exists()
    scratch.remove()


def test_that_of_a_dead_process_is_cleared_by_the_next_one() -> None:
    left = Path(subprocess.run([sys.executable, "-c", DIE], capture_output=True, text=True, check=False).stdout.strip())
    assert left.is_dir()
    with Scratch():
        assert not left.exists()


def test_that_of_the_living_stays() -> None:
    with Scratch() as first, Scratch() as second:
        clear_scratch()
        assert first.path.is_dir()
        assert second.path.is_dir()


@pytest.mark.parametrize("name", ["synctalkface-abcdefgh", "synctalkface-results", "synctalkface-12345678.old"])
def test_what_somebody_else_made_stays(places: Path, name: str) -> None:
    (places / name).mkdir()
    (places / name / "precious").write_text("mine")
    clear_scratch()
    assert (places / name / "precious").exists()
