"""`synctalkface faces`: a table, JSON and a picture of who is in a video; and several speeches on the command line."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from synctalkface.cli.main import answer
from synctalkface.errors import OutputError
from synctalkface.person import Cast, Person
from synctalkface.person.numbered import as_dict, check_picture, numbered, table, write_picture

CAST = Cast(
    np.full((360, 640, 3), 90, np.uint8),
    0.4,
    (
        Person(1, (40, 2, 200, 180), 0.0, 12.5, 178.0, 4.2, 1.2),
        Person(2, (500, 200, 638, 358), 0.4, 3.0, 158.4, 31.0, 5.61, speaker=True),
        Person(3, None, 8.0, 1.0, 60.0, 10.0, 0.0),
    ),
)


def test_the_table_has_a_line_for_each_face_and_names_the_speaker() -> None:
    head, one, two, three = table(CAST).splitlines()
    assert head.split("  ")[-1] == "fits the sound"
    assert one.split() == ["1", "0.00", "s", "12.50", "s", "178", "px", "4°", "1.2"]
    assert two.split() == ["2", "0.40", "s", "3.00", "s", "158", "px", "31°", "5.6", "speaker"]
    assert three.split()[-1] == "0.0"
    quiet = CAST._replace(people=(CAST.people[0]._replace(speaking=None),))
    assert table(quiet).splitlines()[1].split()[-1] == "-"


def test_the_json_is_plain_and_has_the_boxes() -> None:
    data = json.loads(json.dumps(as_dict(CAST)))
    assert [face["number"] for face in data["faces"]] == [1, 2, 3]
    assert data["faces"][1]["box"] == [500, 200, 638, 358]
    assert data["faces"][2]["box"] is None
    assert [face["speaker"] for face in data["faces"]] == [False, True, False]


def test_boxes_and_numbers_are_drawn_on_those_who_are_in_the_picture_and_nowhere_else() -> None:
    drawn = numbered(CAST)
    changed = (drawn != CAST.picture).any(-1)
    assert changed[2, 40:200].all()  # the top of the first box
    assert changed[200:358, 500].all()
    assert not changed[30:170, 60:190].any()  # the face itself stays to be seen
    assert not changed[:, 260:480].any()
    assert changed[185:200, 500:].any()  # the plate lies above the box
    assert (CAST.picture == 90).all(), "a copy is drawn on"


@pytest.mark.parametrize("side", [90, 360, 2160])
def test_a_label_can_be_read_at_any_size_of_picture(side: int) -> None:
    canvas = np.full((side, side * 16 // 9, 3), 90, np.uint8)
    box = (side // 2, side // 2, side - 4, side - 4)
    drawn = numbered(Cast(canvas, 0.0, (Person(1, box, 0.0, 1.0),)))
    plate = (drawn == (255, 214, 10)).all(-1).any(1)
    assert plate[: side // 2].sum() >= max(14, side // 26)


def test_a_picture_is_written_whole_and_reads_back(tmp_path: Path) -> None:
    write_picture(CAST, tmp_path / "cast.png")
    assert (cv2.imread(str(tmp_path / "cast.png"))[..., ::-1] == numbered(CAST)).all()
    assert [path.name for path in tmp_path.iterdir()] == ["cast.png"]


def test_a_picture_that_cannot_be_written_is_said_before_the_work(tmp_path: Path) -> None:
    (tmp_path / "there.png").write_bytes(b"x")
    for name, sentence in (
        ("cast.gif", "does not end in .png"),
        ("no/cast.png", "There is no folder"),
        ("there.png", "exists already"),
    ):
        with pytest.raises(OutputError, match=sentence):
            check_picture(tmp_path / name, overwrite=False)
    check_picture(tmp_path / "there.png", overwrite=True)


def test_faces_prints_the_table_and_writes_the_picture(
    tiny_weights: Path,
    make_media: Callable[..., Path],
    sample_face: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    clip = make_media("short.mkv", "-t", "0.6", "-i", str(sample_face), "-c:v", "libx264", "-c:a", "flac")
    picture = tmp_path / "picture.jpg"
    call = ["faces", str(clip), "-o", str(picture), "--weights", str(tiny_weights), "--device", "cpu"]
    assert answer(call) == 0
    head, line = capsys.readouterr().out.strip().splitlines()
    assert "fits the sound" in head
    assert line.split()[0] == "1"
    assert line.endswith("speaker")
    assert cv2.imread(str(picture)) is not None
    assert answer(call) == 2
    assert "exists already" in capsys.readouterr().err
    assert answer([*call, "--force", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["picture"] == str(picture)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--face", "1"], "There is no speech to dub with"),
        (["said.wav", "--speech", "other.wav"], "Name them in one way"),
        (["a.wav", "b.wav", "--face", "1"], "2 speeches for 1 face."),
        (["a.wav", "--face", "1", "--face", "2", "--adapt"], "adapted to one face only"),
    ],
)
def test_speeches_and_faces_that_do_not_go_together_are_one_sentence(
    tiny_weights: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], sentence: str
) -> None:
    where = ["--out", str(tmp_path / "out.mp4"), "--weights", str(tiny_weights), "--device", "cpu"]
    code = answer(["dub", "clip.mp4", *arguments, *where])
    error = capsys.readouterr().err
    assert sentence in error
    assert code == 2
    assert not (tmp_path / "out.mp4").exists()
