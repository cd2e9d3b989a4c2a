"""A folder becomes a list of clips; who speaks and which split they are in follows from their names alone."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from synctalkface.data.corpora import GRID_TEST_SPEAKERS, Source, find
from synctalkface.errors import DataError


def touched(folder: Path, *names: str) -> Path:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    return folder


def splits(sources: list[Source], speaker: str) -> dict[str, int]:
    return dict(Counter(source.split for source in sources if source.speaker == speaker))


@pytest.fixture
def grid(tmp_path: Path) -> Path:
    """A made-up GRID tree: two speakers to train, one to test, one with few clips."""
    for speaker, clips in (("s1", 20), ("s3", 25), ("s2", 20), ("s4", 3)):
        touched(tmp_path, *(f"{speaker}/b{number:02d}.mpg" for number in range(clips)))
    return touched(tmp_path, "words.tsv", "s1/notes.txt")


def test_grid_holds_the_last_tenth_of_each_speaker_out_and_keeps_eight_speakers_for_the_test(grid: Path) -> None:
    found = find(grid)
    assert splits(found, "s1") == {"train": 18, "validation": 2}
    assert splits(found, "s3") == {"train": 23, "validation": 2}
    assert splits(found, "s2") == {"test": 20}
    assert splits(found, "s4") == {"train": 3}
    assert [s.name for s in found if s.speaker == "s1" and s.split == "validation"] == ["b18", "b19"]
    assert len(GRID_TEST_SPEAKERS) == 8


def test_no_face_of_the_test_is_seen_in_training(grid: Path) -> None:
    seen = {source.speaker for source in find(grid) if source.split != "test"}
    assert not seen & GRID_TEST_SPEAKERS


def test_a_grid_is_known_by_its_word_list_or_by_its_name(tmp_path: Path) -> None:
    named = touched(tmp_path / "GRID", "s2/a.mpg")
    assert find(named)[0].split == "test"
    plain = touched(tmp_path / "films", "s2/a.mpg")
    assert find(plain)[0].split != "test"
    assert find(plain, "grid")[0].split == "test"


def test_the_first_folder_level_names_the_speaker(tmp_path: Path) -> None:
    touched(tmp_path / "films", "alone.mp4", "ann/first.MOV", "ann/kitchen/second.webm", "ann/about.txt")
    found = {(s.speaker, s.name) for s in find(tmp_path / "films")}
    assert found == {("films", "alone"), ("ann", "first"), ("ann", "kitchen-second")}


def test_about_one_clip_in_twenty_validates_and_new_clips_do_not_move_the_old(tmp_path: Path) -> None:
    before = find(touched(tmp_path, *(f"ann/{number}.mp4" for number in range(400))))
    after = {s.identifier: s.split for s in find(touched(tmp_path, *(f"ann/n{number}.mp4" for number in range(50))))}
    held_out = splits(before, "ann")["validation"]
    assert 8 <= held_out <= 36  # 20 are expected; four standard deviations to each side
    assert all(after[source.identifier] == source.split for source in before)


def test_two_clips_never_share_an_identifier(tmp_path: Path) -> None:
    touched(tmp_path, "ann/a.mp4", "ann/a.mov", "ann/b/c.mp4", "ann/b-c.mp4", "ann-b/c.mp4")
    found = find(tmp_path)
    assert len({source.identifier for source in found}) == len(found) == 5
    assert find(tmp_path) == found


def test_a_missing_folder_an_empty_one_and_an_unknown_corpus_are_said_to_be_so(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"no folder .*nowhere\. Give the folder"):
        find(tmp_path / "nowhere")
    touched(tmp_path / "empty", "readme.txt")
    with pytest.raises(DataError, match=r"No video below .*empty\. Clips end in \.avi"):
        find(tmp_path / "empty")
    touched(tmp_path / "films", "a.mp4")
    with pytest.raises(DataError, match=r"no corpus 'voxceleb'\. Choose grid, lrs2, lrw, folder or auto"):
        find(tmp_path / "films", "voxceleb")


def test_grid_as_it_is_published_in_high_resolution(tmp_path: Path) -> None:
    touched(
        tmp_path / "grid", *(f"s3/video/mpg_6000/b{number:02d}.mpg" for number in range(10)), "s2/video/mpg_6000/a.mpg"
    )
    found = find(tmp_path / "grid")
    assert {source.speaker for source in found} == {"s2", "s3"}
    assert splits(found, "s3") == {"train": 9, "validation": 1}
    assert splits(found, "s2") == {"test": 1}


@pytest.fixture
def lrs2(tmp_path: Path) -> Path:
    """A made-up LRS2 tree, with a clip that no list names and one that is listed and not there."""
    root = tmp_path / "mvlrs_v1"
    main, pretrain = ("101/00001", "101/00002", "102/00001", "103/00001", "104/00009"), ("101/00001", "105/00003")
    touched(root / "main", *(f"{clip}{end}" for clip in main for end in (".mp4", ".txt")))
    touched(root / "pretrain", *(f"{clip}{end}" for clip in pretrain for end in (".mp4", ".txt")))
    lists = {
        "train.txt": "101/00001\n101/00002\n199/00001\n",
        "val.txt": "102/00001\n",
        "test.txt": "103/00001 NF\n",
        "pretrain.txt": "101/00001 MV\n105/00003\n\n",
    }
    for name, text in lists.items():
        (root / name).write_text(text)
    return tmp_path


def test_lrs2_is_split_as_its_lists_say(lrs2: Path) -> None:
    found = {(s.speaker, s.name): s.split for s in find(lrs2)}
    assert found == {
        ("101", "main-00001"): "train",
        ("101", "main-00002"): "train",
        ("101", "pretrain-00001"): "train",  # another clip than main's of that name
        ("102", "main-00001"): "validation",
        ("103", "main-00001"): "test",
        ("105", "pretrain-00003"): "train",
    }
    assert {(s.speaker, s.name): s.split for s in find(lrs2 / "mvlrs_v1")} == found


def test_the_lists_of_lrs2_may_lie_beside_it_and_pretrain_may_be_absent(lrs2: Path) -> None:
    for path in (lrs2 / "mvlrs_v1").glob("*.txt"):
        path.rename(lrs2 / path.name)
    assert len(find(lrs2, "lrs2")) == 6
    (lrs2 / "pretrain.txt").unlink()
    with pytest.raises(
        DataError, match=r"LRS2 needs its list pretrain\.txt, which is neither in .*mvlrs_v1 nor beside"
    ):
        find(lrs2)
    (lrs2 / "mvlrs_v1" / "pretrain").rename(lrs2 / "elsewhere")
    assert len(find(lrs2, "lrs2")) == 4


def test_lists_that_name_no_clip_are_refused(lrs2: Path) -> None:
    for path in (lrs2 / "mvlrs_v1").glob("*.txt"):
        path.write_text("999/00001\n")
    with pytest.raises(DataError, match="name none of its clips"):
        find(lrs2)


def test_lrw_is_split_by_its_folders_and_grouped_by_word(tmp_path: Path) -> None:
    words = (f"{word}/{part}/{word}_00001" for word in ("ABOUT", "YEARS") for part in ("train", "val", "test"))
    touched(tmp_path / "lipread_mp4", *(f"{clip}{end}" for clip in words for end in (".mp4", ".txt")))
    found = find(tmp_path)
    assert splits(found, "ABOUT") == splits(found, "YEARS") == {"train": 1, "validation": 1, "test": 1}
    assert {s.identifier for s in found if s.speaker == "ABOUT"} == {
        "ABOUT-train-ABOUT_00001", "ABOUT-val-ABOUT_00001", "ABOUT-test-ABOUT_00001",
    }  # fmt: skip
    assert find(tmp_path / "lipread_mp4", "lrw") == found


@pytest.mark.parametrize(("corpus", "sentence"), [("lrs2", "no folder mvlrs_v1"), ("lrw", "no folder lipread_mp4")])
def test_another_layout_than_was_said_is_an_error(tmp_path: Path, corpus: str, sentence: str) -> None:
    touched(tmp_path / "films", "a.mp4")
    with pytest.raises(DataError, match=sentence):
        find(tmp_path / "films", corpus)
