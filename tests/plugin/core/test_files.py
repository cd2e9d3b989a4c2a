"""Results overwrite nothing, and find a channel of their own."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from plugin.core.files import free_channel, make_folder, result_folder, result_path


def test_results_lie_beside_the_blend_or_in_the_chosen_folder(tmp_path: Path) -> None:
    blend = str(tmp_path / "film.blend")
    assert result_folder(blend, "", Path("/f")) == tmp_path / "synctalkface"
    assert result_folder(blend, "/chosen", Path("/f")) == Path("/chosen")
    assert result_folder("", "", Path("/f")) == Path("/f")


def test_a_name_is_never_used_twice_and_never_leaves_the_folder(tmp_path: Path) -> None:
    first = result_path(tmp_path, "Änne's.mp4")
    assert first.name == "Änne's.sync.mp4"
    assert result_path(tmp_path, "Änne's.mp4", [str(first)]).name == "Änne's.sync2.mp4"
    first.touch()
    assert result_path(tmp_path, "Änne's.mp4").name == "Änne's.sync2.mp4"
    for name in ("../../etc/passwd", "a:b*c?", "...", ""):
        assert result_path(tmp_path, name).parent == tmp_path


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_that_may_not_be_written_is_refused(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    assert "may not" in str(make_folder(tmp_path))


def test_a_folder_that_cannot_be_made_is_refused_with_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert "cannot be made" in str(make_folder(tmp_path / "file" / "below"))
    assert make_folder(tmp_path / "new") is None


def test_the_lowest_free_channel_above_is_taken() -> None:
    others = [(1, 0, 100), (2, 0, 50), (3, 50, 60), (4, 0, 10)]
    assert free_channel(1, 50, 70, others, 32) == 2
    assert free_channel(1, 40, 55, others, 32) == 4
    assert free_channel(1, 0, 60, others, 4) is None
