"""What a page for strangers needs: who is in a clip, limits, labels, pictures, and a mouth that is moved by hand."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import av
import numpy as np
import pytest

from synctalkface import Limits
from synctalkface.address import save_shapes
from synctalkface.errors import ConfigError, MediaError, NoFaceError
from synctalkface.pipeline import LipSync
from synctalkface.video import Frame, probe, read_frames

FaceClip = Callable[..., Path]
Said = Callable[[float], Path]
MakeMedia = Callable[..., Path]
BESIDE = "[0]split[a][b];[b]hflip,scale=240:192,pad=iw:288[c];[a][c]hstack"


@pytest.fixture
def two_people(face_clip: FaceClip, make_media: MakeMedia) -> Path:
    """A large face on the left; a small one on the right, from the tenth frame on."""
    later = f"{BESIDE},drawbox=x=360:w=240:h=288:color=black:t=fill:enable='lt(n,10)'"
    return make_media("two.mp4", "-i", str(face_clip()), "-filter_complex", later, "-c:v", "libx264", "-crf", "12")


def test_people_are_numbered_by_size_and_shown_where_most_of_them_are(lipsync: LipSync, two_people: Path) -> None:
    cast = lipsync.faces(two_people)
    assert [person.number for person in cast.people] == [1, 2]
    large, small = cast.people
    assert large.box is not None
    assert small.box is not None
    assert large.box[2] < 360 < small.box[0]
    assert large.first == 0
    assert 0.4 <= small.first <= 0.6  # new faces are looked for every ten frames
    assert cast.second == small.first
    assert large.seconds == pytest.approx(0.8)
    assert small.seconds == pytest.approx(0.8 - small.first)
    assert cast.picture.shape == (288, 600, 3)


def test_the_number_is_the_face_that_dub_takes(
    lipsync: LipSync, two_people: Path, said: Said, tmp_path: Path, written: list[Frame]
) -> None:
    lipsync.dub(two_people, said(0.8), tmp_path / "out.mp4", face=str(lipsync.faces(two_people).people[1].number))
    source = list(read_frames(probe(two_people)))
    for before, after in zip(source[10:], written[10:], strict=True):
        assert (before.y[:, :360] == after.y[:, :360]).all()
        assert (before.y[:, 360:] != after.y[:, 360:]).any()


def test_nobody_is_an_error(lipsync: LipSync, make_media: MakeMedia) -> None:
    empty = make_media("empty.mp4", "-f", "lavfi", "-i", "testsrc=size=160x120:rate=25", "-t", "0.4")
    with pytest.raises(NoFaceError, match=r"empty\.mp4"):
        lipsync.faces(empty)


@pytest.mark.parametrize(
    ("limits", "sentence"),
    [
        (Limits(seconds=0.5), r"clip\.mp4 lasts 0\.8 s; at most 0\.5 s"),
        (Limits(side=300), r"clip\.mp4 has 360 x 288 px; at most 300 px"),
        (Limits(frame_rate=10), r"clip\.mp4 has 20 frames in 0\.8 s; at most 10 a second"),
    ],
)
def test_a_clip_beyond_the_limits_is_refused_by_all_who_look_at_it(
    lipsync: LipSync, face_clip: FaceClip, said: Said, tmp_path: Path, limits: Limits, sentence: str
) -> None:
    clip, speech = face_clip(), said(0.4)
    for work in (
        lambda: lipsync.dub(clip, speech, tmp_path / "out.mp4", limits=limits),
        lambda: lipsync.faces(clip, limits=limits),
        lambda: lipsync.portrait(clip, limits=limits),
        lambda: limits.allow(clip),
    ):
        with pytest.raises(MediaError, match=sentence):
            work()
    assert not (tmp_path / "out.mp4").exists()


def test_long_speech_is_refused_and_not_decoded_in_full(lipsync: LipSync, said: Said) -> None:
    assert len(lipsync.waveform(said(1.2), limits=Limits(seconds=1.3))) == pytest.approx(1.2 * 16_000, abs=2)
    with pytest.raises(MediaError, match=r"said1\.2\.wav lasts more than 1 s"):
        lipsync.waveform(said(1.2), limits=Limits(seconds=1))


def test_within_its_limits_a_clip_is_dubbed_as_without(
    lipsync: LipSync, face_clip: FaceClip, said: Said, tmp_path: Path
) -> None:
    report = lipsync.dub(face_clip(), said(0.8), tmp_path / "out.mp4", limits=Limits(1, 360, 25))
    assert report.frames == 20


@pytest.mark.parametrize("name", ["out.mp4", "out.mkv"])
def test_the_file_says_that_it_is_synthetic(
    lipsync: LipSync, face_clip: FaceClip, said: Said, tmp_path: Path, name: str
) -> None:
    lipsync.dub(face_clip(), said(0.4), tmp_path / name)
    with av.open(str(tmp_path / name)) as container:
        tags = {key.lower(): text for key, text in container.metadata.items()}
    assert tags["comment"].startswith("Synthetic media: the mouth in this video was redrawn")


def test_so_does_one_whose_frame_rate_varies(lipsync: LipSync, face_clip: FaceClip, said: Said, tmp_path: Path) -> None:
    varying = face_clip("vfr.mp4", "-vf", "select='not(mod(n,5))+lt(n,8)',setpts=PTS", "-fps_mode", "vfr")
    assert probe(varying).clock.variable
    lipsync.dub(varying, said(0.4), tmp_path / "out.mp4")
    with av.open(str(tmp_path / "out.mp4")) as container:
        assert container.metadata["comment"].startswith("Synthetic media")


def test_a_label_can_be_seen_at_the_lower_left_and_nowhere_else(
    lipsync: LipSync, face_clip: FaceClip, said: Said, tmp_path: Path, written: list[Frame]
) -> None:
    lipsync.dub(face_clip(), said(0.8), tmp_path / "plain.mp4")
    plain = [frame.rgb().astype(int) for frame in written]
    written.clear()
    lipsync.dub(face_clip(), said(0.8), tmp_path / "labelled.mp4", label=True)
    for before, frame in zip(plain, written, strict=True):
        changed = np.abs(frame.rgb() - before).max(2) > 8
        rows, columns = np.flatnonzero(changed.any(1)), np.flatnonzero(changed.any(0))
        assert rows.min() > 288 * 0.85
        assert columns.max() < 360 * 0.35
        assert frame.rgb()[260:288, 5:110].max() > 200  # letters


def test_a_picture_is_dubbed_like_a_clip_that_stands_still(
    lipsync: LipSync, face_clip: FaceClip, make_media: MakeMedia, said: Said, tmp_path: Path, written: list[Frame]
) -> None:
    picture = make_media("face.png", "-i", str(face_clip()), "-frames:v", "1")
    report = lipsync.dub(picture, said(0.8), tmp_path / "out.mp4")
    assert report.frames == 20
    assert all((frame.y[:100] == written[0].y[:100]).all() for frame in written)
    assert any((frame.y != written[0].y).any() for frame in written)


@pytest.fixture
def named(tiny_weights: Path, tmp_path: Path) -> LipSync:
    """The tiny model, in which two slots have names."""
    folder = tmp_path / "named"
    folder.mkdir()
    for file in tiny_weights.iterdir():
        (folder / file.name).write_bytes(file.read_bytes())
    slots = np.eye(LipSync.from_pretrained(folder, "cpu").config.memory.slots, dtype=np.float32)
    save_shapes({"open": slots[0], "wide": slots[1]}, folder)
    return LipSync.from_pretrained(folder, "cpu")


def test_a_portrait_moves_its_mouth_by_address_and_nothing_else(named: LipSync, face_clip: FaceClip) -> None:
    portrait = named.portrait(face_clip())
    rest, opened = portrait.draw(portrait.address({})), portrait.draw(portrait.address({"open": 1.0}))
    changed = (rest != opened).any(2)
    assert changed.any()
    assert not changed[: 288 // 2 - 10].any()
    assert (portrait.draw(portrait.address({})) == rest).all()  # drawing leaves no trace


def test_shares_mix_shapes_and_rest(named: LipSync, face_clip: FaceClip) -> None:
    portrait = named.portrait(face_clip())
    rest, opened, wide = (portrait.address(wanted) for wanted in ({}, {"open": 1.0}, {"wide": 1.0}))
    assert (opened == named.shapes["open"]).all()
    np.testing.assert_allclose(portrait.address({"open": 0.5}), (opened + rest) / 2, atol=1e-6)
    np.testing.assert_allclose(portrait.address({"open": 1.0, "wide": 3.0}), (opened + 3 * wide) / 4, atol=1e-6)


def test_a_shape_that_does_not_exist_is_an_error(named: LipSync, face_clip: FaceClip) -> None:
    with pytest.raises(ConfigError, match=r"no mouth shape 'smile'. There are: open, wide"):
        named.portrait(face_clip()).address({"smile": 1.0})
