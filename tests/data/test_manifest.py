"""The list of a prepared folder: whole on the disk, counted by reason, and honest about damage."""

from __future__ import annotations

from pathlib import Path

import pytest

from synctalkface.data import manifest
from synctalkface.data.manifest import Entry, Manifest
from synctalkface.errors import DataError


def listed() -> Manifest:
    book = Manifest(128)
    book.add(Entry("ann-b", "ann", "train", 75, 25.0))
    book.add(Entry("ann-a", "ann", "train", 50, 29.97, offset=-1.0, confidence=4.5))
    book.add(Entry("bob-a", "bob", "test", 60, 25.0))
    for name, reason in (("x", "silent"), ("y", "no face"), ("z", "no face")):
        book.reject(name, reason)
    return book


def test_a_manifest_comes_back_as_it_was_saved(tmp_path: Path) -> None:
    listed().save(tmp_path)
    assert manifest.load(tmp_path) == listed()
    assert [path.name for path in tmp_path.iterdir()] == [manifest.NAME]


def test_a_split_is_sorted_by_name() -> None:
    assert [entry.identifier for entry in listed().split("train")] == ["ann-a", "ann-b"]
    assert listed().split("validation") == []


def test_reasons_are_counted_the_most_frequent_first() -> None:
    assert list(listed().reasons().items()) == [("no face", 2), ("silent", 1)]


def test_a_clip_that_was_repaired_is_rejected_no_longer() -> None:
    book = listed()
    book.add(Entry("x", "ann", "train", 75, 25.0))
    assert book.reasons() == {"no face": 2}


def test_a_measurement_is_kept_with_the_clip(tmp_path: Path) -> None:
    book = listed()
    book.measured("bob-a", 3.0, 5.25)
    book.save(tmp_path)
    entry = manifest.load(tmp_path).entries["bob-a"]
    assert (entry.offset, entry.confidence) == (3.0, 5.25)
    assert entry.frames == 60


def test_only_sound_that_is_clearly_off_is_put_right() -> None:
    entry = Entry("a", "ann", "train", 50, 25.0)
    assert entry.correction == 0
    assert Entry("a", "ann", "train", 50, 25.0, offset=1.0).correction == 0
    assert Entry("a", "ann", "train", 50, 25.0, offset=-2.0).correction == pytest.approx(-0.08)  # s: it comes early


def test_an_unprepared_folder_is_told_how_to_be_prepared(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"holds no prepared clips .* Run 'synctalkface prepare' first"):
        manifest.load(tmp_path)


@pytest.mark.parametrize("text", ["{", "[]", '{"size": 128}', '{"size": 1, "clips": [{"a": 1}], "rejected": {}}'])
def test_a_damaged_manifest_names_itself(tmp_path: Path, text: str) -> None:
    (tmp_path / manifest.NAME).write_text(text)
    with pytest.raises(DataError, match=r"manifest\.json is damaged .* Delete it and run"):
        manifest.load(tmp_path)


def measured_book() -> Manifest:
    book = listed()
    for name, confidence in (("ann-a", 0.3), ("ann-b", 0.04), ("bob-a", 0.2)):
        book.measured(name, 0.0, confidence)
    return book


def test_clips_of_little_confidence_are_left_out_and_counted() -> None:
    book = measured_book()
    assert book.sift(0.05) == 1
    assert book.reasons() == {"no face": 2, "silent": 1, "sync unclear": 1}
    assert [entry.identifier for entry in book.split("train")] == ["ann-a"]
    assert [entry.identifier for entry in book.usable()] == ["ann-a", "bob-a"]


def test_a_lower_limit_takes_them_back(tmp_path: Path) -> None:
    book = measured_book()
    book.sift(0.25)
    book.save(tmp_path)
    again = manifest.load(tmp_path)
    assert len(again.usable()) == 1
    again.sift(0.0)
    assert len(again.usable()) == 3
    assert again.reasons() == {"no face": 2, "silent": 1}


def test_what_was_not_measured_is_not_left_out() -> None:
    book = listed()
    assert book.sift(9.0) == 1  # the one that was
    assert "ann-b" in {entry.identifier for entry in book.usable()}
