"""Several people in one clip: who speaks is found by ear, each face says its own speech, and the sounds are mixed."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from synctalkface import hub
from synctalkface.errors import ConfigError, MediaError
from synctalkface.events import Event, Warned
from synctalkface.pipeline import LipSync
from synctalkface.video import Frame, probe, read_frames
from synctalkface.video.bed import CEILING, decoded
from synctalkface.video.choir import together

FaceClip = Callable[..., Path]
Said = Callable[[float], Path]
MakeMedia = Callable[..., Path]
CODED = ("-c:v", "libx264", "-preset", "ultrafast", "-crf", "10")
TWINS = "[0]split[a][b];[b]hflip[c];[a][c]hstack"  # 360 px each


@pytest.fixture
def two_faces(face_clip: FaceClip, make_media: MakeMedia) -> Path:
    """0.8 s without sound: a face on the left, its mirror image on the right."""
    return make_media("two.mp4", "-i", str(face_clip()), "-filter_complex", TWINS, *CODED)


@pytest.fixture
def interview(make_media: MakeMedia, sample_face: Path) -> Path:
    """The one on the left speaks the clip's sound; the other, larger one moves her lips backwards in time."""
    larger = "[0:v]split[a][b];[b]hflip,reverse,scale=440:-2,crop=400:288[c];[a][c]hstack[v]"
    arguments = ("-i", str(sample_face), "-filter_complex", larger, "-map", "[v]", "-map", "0:a", *CODED)
    return make_media("interview.mkv", *arguments, "-c:a", "flac")


def changed(before: Frame, after: Frame) -> tuple[bool, bool]:
    """Did the left half change, and the right?"""
    different = before.y != after.y
    return bool(different[:, :360].any()), bool(different[:, 360:].any())


def test_the_speaker_is_the_one_whose_lips_fit_the_sound(interview: Path) -> None:
    shipped = LipSync.from_pretrained(None, "cpu", engine="torch")
    (largest,), (speaker,) = (shipped.follow_all(probe(interview), [name]) for name in ("largest", "speaker"))
    assert largest.landmarks[0, :, 0].mean() > 360
    assert speaker.landmarks[0, :, 0].mean() < 360
    cast = shipped.faces(interview, listen=True)
    assert [person.speaker for person in cast.people] == [False, True]
    right, left = (person.speaking for person in cast.people)
    assert right is not None
    assert left is not None
    assert left > right + 0.5


def test_a_clip_without_sound_cannot_tell_who_speaks(lipsync: LipSync, two_faces: Path) -> None:
    with pytest.raises(MediaError, match=r"two\.mp4 has no sound, so nobody can tell who speaks in it.*--face 1"):
        lipsync.follow_all(probe(two_faces), ["speaker"])


def test_weights_without_a_syncnet_cannot_tell_who_speaks(tiny_weights: Path, interview: Path, tmp_path: Path) -> None:
    lonely = shutil.copytree(tiny_weights, tmp_path / "lonely")
    (lonely / hub.SYNCNET).unlink()
    with pytest.raises(ConfigError, match=r"without a SyncNet.*--face 1"):
        LipSync.from_pretrained(lonely, "cpu", engine="torch").follow_all(probe(interview), ["speaker"], stop=5)


def test_who_speaks_is_doubted_where_no_lips_fit(lipsync: LipSync, interview: Path) -> None:
    heard: list[Event] = []
    lipsync.follow_all(probe(interview), ["speaker"], heard.append, stop=10)  # a random sync expert knows nothing
    assert any(isinstance(event, Warned) and "not clear who speaks" in event.message for event in heard)


def test_all_faces_say_the_one_speech(
    lipsync: LipSync, two_faces: Path, said: Said, tmp_path: Path, written: list[Frame]
) -> None:
    report = lipsync.dub(two_faces, said(0.8), tmp_path / "out.mp4", face="all")
    source = list(read_frames(probe(two_faces)))
    assert report.faces == 2
    assert {changed(*pair) for pair in zip(source, written, strict=True)} == {(True, True)}


def test_each_face_says_its_own_speech_and_the_longest_ends_the_clip(
    lipsync: LipSync, two_faces: Path, said: Said, make_media: MakeMedia, tmp_path: Path, written: list[Frame]
) -> None:
    other = make_media("other.wav", "-f", "lavfi", "-i", "sine=frequency=300:duration=1.2")
    number = {name: str(one) for one, name in enumerate(_sides(lipsync, two_faces), start=1)}
    faces = [number["left"], number["right"]]
    both = lipsync.dub(two_faces, [said(0.8), other], tmp_path / "both.mp4", face=faces, crf=0)
    assert both.seconds == pytest.approx(1.2)
    together_drawn = [frame.copy() for frame in written]
    for speech, face, half in ((said(0.8), faces[0], slice(0, 360)), (other, faces[1], slice(360, 720))):
        written.clear()
        lipsync.dub(two_faces, speech, tmp_path / "one.mp4", face=face, overwrite=True, crf=0)
        for alone, frame in zip(written, together_drawn, strict=False):
            assert (alone.y[:, half] == frame.y[:, half]).all()


def _sides(lipsync: LipSync, clip: Path) -> list[str]:
    return ["left" if person.box and person.box[0] < 360 else "right" for person in lipsync.faces(clip).people]


def test_speeches_that_sound_together_are_their_sum_and_never_clip(make_media: MakeMedia) -> None:
    tones = [
        make_media(f"{tone}.wav", "-f", "lavfi", "-i", f"aevalsrc={level}*sin({tone}*2*PI*t):d={seconds}:s=48000")
        for tone, level, seconds in ((300, 0.4, 1.0), (500, 0.3, 0.5))
    ]
    with together(tones) as file:
        mixed = samples(file)
    one, other = (samples(tone) for tone in tones)
    assert (len(mixed), len(one), len(other)) == (48_000, 48_000, 24_000)
    np.testing.assert_allclose(mixed[:24_000], one[:24_000] + other, atol=1e-3)
    np.testing.assert_allclose(mixed[24_000:], one[24_000:], atol=1e-3)
    loud = make_media("loud.wav", "-f", "lavfi", "-i", "aevalsrc=0.9*sin(300*2*PI*t):d=1:s=48000")
    with together([loud, loud]) as file:
        assert np.abs(samples(file)).max() == pytest.approx(CEILING, abs=1e-3)
        folder = file.parent
    assert not folder.exists()


def samples(file: Path) -> NDArray[np.float32]:
    """(n, 2) at 48 kHz."""
    return np.concatenate(list(decoded(file, 0.0)))


def test_one_speech_is_taken_as_it_is(tmp_path: Path) -> None:
    with together([tmp_path / "speech.flac"]) as file:
        assert file == tmp_path / "speech.flac"


@pytest.mark.parametrize(
    ("faces", "speeches", "sentence"),
    [
        (["1", "2"], 3, r"3 speeches for 2 faces"),
        (["1"], 2, r"2 speeches for 1 face\. Name as many"),
        (["all"], 3, r"3 speeches, but the clip shows 2 faces"),
        (["all", "1"], 1, r'"all" is every face'),
        (["1", "largest"], 1, r"--face largest is a face that was named before"),
        (["3"], 1, r"no face number 3: the clip shows 2"),
        (["speeker"], 1, r"'speeker' names no face"),
        ([], 1, r"needs a speech and a face"),
    ],
)
def test_faces_and_speeches_that_do_not_go_together_are_an_error(
    lipsync: LipSync, two_faces: Path, said: Said, tmp_path: Path, faces: list[str], speeches: int, sentence: str
) -> None:
    with pytest.raises(ConfigError, match=sentence):
        lipsync.dub(two_faces, [said(0.4)] * speeches, tmp_path / "out.mp4", face=faces)
    assert not list(tmp_path.glob("*out*"))


def test_an_address_track_goes_with_one_speech(lipsync: LipSync, two_faces: Path, said: Said, tmp_path: Path) -> None:
    track = lipsync.addresses(said(0.4))
    with pytest.raises(ConfigError, match="An address track goes with one speech"):
        lipsync.dub(two_faces, [said(0.4)] * 2, tmp_path / "out.mp4", face=["1", "2"], address=track)
