"""The right ffmpeg is found, or a sentence says how to get one."""

from __future__ import annotations

import shutil
from pathlib import Path

import imageio_ffmpeg
import pytest

from synctalkface import ffmpeg
from synctalkface.errors import MediaError

BUNDLED = imageio_ffmpeg.get_ffmpeg_exe()


def pretend(folder: Path, banner: str) -> Path:
    """A program that answers `banner` to everything."""
    folder.mkdir(exist_ok=True)
    program = folder / "ffmpeg"
    program.write_text(f"#!/bin/sh\necho '{banner}'\n")
    program.chmod(0o755)
    return program


@pytest.fixture(autouse=True)
def nothing_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SYNCTALKFACE_FFMPEG", raising=False)


def test_the_one_named_by_the_user_wins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    named = pretend(tmp_path / "named", "")
    monkeypatch.setenv("PATH", str(pretend(tmp_path / "path", "").parent))
    monkeypatch.setenv("SYNCTALKFACE_FFMPEG", str(named))
    assert ffmpeg.find_ffmpeg() == str(named)


def test_the_one_on_the_path_comes_next(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    on_path = pretend(tmp_path / "path", "")
    monkeypatch.setenv("PATH", str(on_path.parent))
    assert ffmpeg.find_ffmpeg() == str(on_path)


def test_without_any_the_one_that_came_with_us_is_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert shutil.which("ffmpeg") is None
    assert ffmpeg.find_ffmpeg() == BUNDLED


def test_a_wrong_name_is_not_replaced_by_another_program(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SYNCTALKFACE_FFMPEG", "/nowhere/ffmpeg")
    with pytest.raises(MediaError, match=r"SYNCTALKFACE_FFMPEG names '/nowhere/ffmpeg'.*unset"):
        ffmpeg.find_ffmpeg()


@pytest.mark.parametrize(
    ("banner", "version", "option"),
    [
        ("ffmpeg version 4.4.2-0ubuntu0.22.04.1 Copyright", (4, 4), "vsync"),
        ("ffmpeg version 5.1.9-0+deb12u1 Copyright", (5, 1), "fps_mode"),
        ("ffmpeg version n7.0 Copyright", (7, 0), "fps_mode"),
        ("ffmpeg version N-117-gabcdef Copyright", (999, 0), "fps_mode"),
    ],
)
def test_each_version_gets_the_option_it_knows(
    tmp_path: Path, banner: str, version: tuple[int, int], option: str
) -> None:
    program = str(pretend(tmp_path / "old", banner))
    assert ffmpeg.version(program) == version
    assert ffmpeg.every_frame(program) == {option: "passthrough"}


def test_a_name_is_never_an_option_or_a_protocol(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("-y", "http:x.mp4", "concat:a|b"):
        assert ffmpeg.file_url(name) == f"file:{tmp_path / name}"
