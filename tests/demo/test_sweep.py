"""Files of visitors live as long as was stated, and no longer."""

from __future__ import annotations

import time
from pathlib import Path

from studio.sweep import sweep, sweep_for_ever


def put(folder: Path, *names: str) -> None:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")


def files(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


def test_what_is_old_goes_and_what_is_new_stays(tmp_path: Path) -> None:
    put(tmp_path, "ab12/mine.mp4", "job/dubbed.mp4", "alone.wav")
    time.sleep(0.3)
    put(tmp_path, "cd34/new.mp4", "job/other.mp4")
    sweep(tmp_path, 0.2)
    assert files(tmp_path) == {"cd34/new.mp4", "job/other.mp4"}


def test_folders_go_when_they_have_been_empty_for_as_long(tmp_path: Path) -> None:
    put(tmp_path, "ab12/mine.mp4")
    for _ in range(2):  # first the file, then its folder
        time.sleep(0.15)
        sweep(tmp_path, 0.1)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_a_job_has_just_made_is_left_to_it(tmp_path: Path) -> None:
    (tmp_path / "job").mkdir()
    sweep(tmp_path, 10)
    assert (tmp_path / "job").is_dir()


def test_a_link_goes_but_not_what_it_names(tmp_path: Path) -> None:
    put(tmp_path, "outside/kept.mp4", "inside/x")
    (tmp_path / "inside" / "link").symlink_to(tmp_path / "outside")
    time.sleep(0.1)
    sweep(tmp_path / "inside", 0.05)
    assert (tmp_path / "outside" / "kept.mp4").exists()
    assert not (tmp_path / "inside" / "link").is_symlink()


def test_it_goes_on_by_itself(tmp_path: Path) -> None:
    sweep_for_ever(tmp_path, 0.2)
    put(tmp_path, "mine.mp4")
    deadline = time.monotonic() + 30
    while (tmp_path / "mine.mp4").exists():
        assert time.monotonic() < deadline
        time.sleep(0.02)
