"""A prepared folder can be carried in pieces; what is lost or foreign on the way is named."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from synctalkface.data import manifest, pieces
from synctalkface.errors import DataError, OutputError


@pytest.fixture
def small(tiny_data: Path) -> int:
    """A limit that puts two of the four clips into a piece."""
    return int(2.6 * max(path.stat().st_size for path in tiny_data.glob("*.safetensors")))


@pytest.fixture
def carried(tiny_data: Path, tmp_path: Path, small: int) -> Path:
    pieces.cut(tiny_data, tmp_path / "pieces", small)
    return tmp_path / "pieces"


def test_pieces_are_joined_to_the_same_files(tiny_data: Path, carried: Path, tmp_path: Path) -> None:
    pieces.join(carried, tmp_path / "back")
    wanted = {path.name: path.read_bytes() for path in tiny_data.iterdir()}
    assert {path.name: path.read_bytes() for path in (tmp_path / "back").iterdir()} == wanted


def test_no_piece_is_larger_than_asked_for(carried: Path, small: int) -> None:
    sizes = [path.stat().st_size for path in pieces.found(carried)]
    assert len(sizes) >= 2
    assert max(sizes) <= small
    assert pieces.LARGEST <= 60_000_000


def test_joining_again_writes_only_what_is_missing(carried: Path, tmp_path: Path) -> None:
    back = tmp_path / "back"
    pieces.join(carried, back)
    lost, *kept = sorted(back.glob("*.safetensors"))
    before = {path: path.stat().st_mtime_ns for path in kept}
    lost.unlink()
    pieces.join(carried, back)
    assert lost.is_file()
    assert {path: path.stat().st_mtime_ns for path in kept} == before


def test_a_missing_piece_is_named(carried: Path, tmp_path: Path) -> None:
    pieces.found(carried)[1].unlink()
    with pytest.raises(DataError, match=r"piece-00002-of-0000\d\.safetensors is missing\. Copy it there"):
        pieces.join(carried, tmp_path / "back")
    assert not (tmp_path / "back" / manifest.NAME).exists()


def test_a_damaged_piece_is_named(carried: Path, tmp_path: Path) -> None:
    first = pieces.found(carried)[0]
    first.write_bytes(first.read_bytes()[:-100])
    with pytest.raises(DataError, match=r"piece-00001-of-0000\d\.safetensors is damaged"):
        pieces.join(carried, tmp_path / "back")


@pytest.mark.parametrize("name", ["../stray.safetensors", "run.sh"])
def test_a_piece_writes_nothing_but_clips(carried: Path, tmp_path: Path, name: str) -> None:
    first = pieces.found(carried)[0]
    save_file({**load_file(first), name: np.zeros(3, np.uint8)}, first)
    with pytest.raises(DataError, match="which is no prepared clip"):
        pieces.join(carried, tmp_path / "inner" / "back")
    assert not (tmp_path / "inner" / "stray.safetensors").exists()


def test_pieces_of_two_sets_are_not_mixed(tiny_data: Path, carried: Path, tmp_path: Path) -> None:
    pieces.cut(tiny_data, tmp_path / "other")
    shutil.copy(pieces.found(tmp_path / "other")[0], carried)
    with pytest.raises(DataError, match="more than one set"):
        pieces.join(carried, tmp_path / "back")


def test_what_cannot_be_cut_says_why(tiny_data: Path, carried: Path, tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="holds pieces already"):
        pieces.cut(tiny_data, carried)
    with pytest.raises(DataError, match="larger than a piece of 1000 bytes"):
        pieces.cut(tiny_data, tmp_path / "new", 1000)
    with pytest.raises(DataError, match="holds no pieces"):
        pieces.join(tiny_data, tmp_path / "back")
