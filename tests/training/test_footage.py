"""Footage to adapt to: one face with its own sound, in sync, or a sentence that says why it cannot teach."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from synctalkface import hub
from synctalkface.config import preset
from synctalkface.errors import MediaError, NoFaceError, SilentSpeechError
from synctalkface.events import Event, Warned
from synctalkface.faces.references import References
from synctalkface.person import Followed
from synctalkface.training import footage
from synctalkface.training.footage import Footage, read_footage
from synctalkface.training.lessons import Lessons, held_out

Make = Callable[..., Path]
TINY = preset("tiny")
LOSSLESS = ["-c:v", "libx264", "-preset", "ultrafast", "-crf", "8", "-c:a", "flac"]


@pytest.fixture(scope="module")
def filmed() -> Footage:
    """The sample clip: 3 s, 75 frames."""
    return read_footage(hub.shipped().parent / "samples" / "face.mkv", TINY, None)


def test_footage_has_every_frame_of_a_clip_that_shows_its_face_throughout(filmed: Footage) -> None:
    assert filmed.stored.crops.shape == (75, 160, 160, 3)
    assert filmed.stretches == ((0, 75),)
    assert filmed.seconds == pytest.approx(3.0)
    assert filmed.stills(np.array([0, 9]), 128).shape == (2, 128, 128, 3)
    assert (filmed.references == filmed.references[0]).all()  # one shot
    closed, parted = filmed.clip.openings[filmed.references[0]]
    assert closed < 0.5 * parted  # he speaks softly: the lips part by a twentieth of the mouth's width


def test_the_crops_are_those_of_training(filmed: Footage, tmp_path: Path) -> None:
    from synctalkface.data.corpora import Source
    from synctalkface.data.pack import load
    from synctalkface.data.prepare import prepare_clip

    source = Source(hub.shipped().parent / "samples" / "face.mkv", "man", "says", "train")
    entry = prepare_clip(source, tmp_path, 128)
    prepared = load(tmp_path / entry.file)
    assert np.abs(prepared.crops.astype(int) - filmed.stored.crops).mean() < 1.5  # the pack's JPEG
    assert np.abs(prepared.landmarks - filmed.stored.landmarks).max() < 0.06  # smoothed in time as for a dub, or not
    np.testing.assert_allclose(prepared.centres, filmed.clip.centres)


def test_a_part_of_a_clip_is_that_part(filmed: Footage, sample_face: Path) -> None:
    later = read_footage(sample_face, TINY, None, first=40)
    np.testing.assert_allclose(later.clip.centres, filmed.clip.centres[40:])
    assert np.abs(later.stored.crops[5:].astype(int) - filmed.stored.crops[45:]).mean() < 3
    np.testing.assert_array_equal(later.clip.mel, filmed.clip.mel)


def test_a_planted_delay_is_listened_to(make_media: Make, sample_face: Path) -> None:
    base = hub.shipped()
    config, expert = hub.load_config(base), hub.load_syncnet(base)
    delayed = make_media("delayed.mkv", "-i", str(sample_face), "-af", "adelay=320:all=1", *LOSSLESS)
    found, recorded = (read_footage(clip, config, expert) for clip in (delayed, sample_face))
    assert found.offset - recorded.offset == pytest.approx(8, abs=1)  # the sample's sound is early by some frames
    np.testing.assert_allclose(found.clip.centres - found.stored.centres, found.offset / 25, atol=1e-6)


def test_sound_that_does_not_fit_the_lips_is_warned_of(
    make_media: Make, sample_face: Path, sample_speech: Path
) -> None:
    inputs = ["-i", str(sample_face), "-ss", "4", "-i", str(sample_speech), "-map", "0:v", "-map", "1:a"]
    voiced_over = make_media("voice-over.mkv", *inputs, "-t", "3", *LOSSLESS)
    base, heard = hub.shipped(), list[Event]()
    found = read_footage(voiced_over, hub.load_config(base), hub.load_syncnet(base), listener=heard.append)
    [warning] = [event for event in heard if isinstance(event, Warned)]
    assert "do not clearly follow its sound" in warning.message
    assert found.offset == 0


def test_a_clip_without_sound_is_refused(make_media: Make, sample_face: Path) -> None:
    mute = make_media("mute.mkv", "-i", str(sample_face), "-an", "-c:v", "copy")
    with pytest.raises(MediaError, match=r"mute\.mkv has no sound, .* filmed with it"):
        read_footage(mute, TINY, None)


def test_a_silent_clip_is_refused(make_media: Make, sample_face: Path) -> None:
    silent = make_media("silent.mkv", "-i", str(sample_face), "-af", "volume=0", "-c:v", "copy", "-c:a", "flac")
    with pytest.raises(SilentSpeechError, match="Nobody can be heard"):
        read_footage(silent, TINY, None)


def test_a_clip_without_a_face_is_refused(make_media: Make) -> None:
    pictures = ["-f", "lavfi", "-i", "testsrc=size=160x120:rate=25", "-f", "lavfi", "-i", "sine=300"]
    faceless = make_media("faceless.mkv", *pictures, "-t", "1.2", *LOSSLESS)
    with pytest.raises(NoFaceError, match="No face in"):
        read_footage(faceless, TINY, None)


def test_a_clip_that_is_too_short_is_refused(make_media: Make, sample_face: Path) -> None:
    short = make_media("short.mkv", "-i", str(sample_face), "-t", "0.6", *LOSSLESS)
    with pytest.raises(NoFaceError, match=r"seen for 0\.6 s of .*short\.mkv; 1 s are needed"):
        read_footage(short, TINY, None)


def followed(
    count: int, missing: slice = slice(0), cuts: tuple[int, ...] = (), references: tuple[References, ...] = ()
) -> Followed:
    matrices = np.tile(np.eye(2, 3), (count, 1, 1))
    matrices[missing] = np.nan
    return Followed(matrices, np.zeros((count, 1, 2), np.float32), 1, cuts=cuts, references=references)


def test_stretches_end_at_gaps_and_at_cuts() -> None:
    frames = footage._chosen(followed(100, slice(40, 50)), 1, 25.0)
    assert len(frames) == 90
    assert footage._stretches(frames, 1, cuts=(70,)) == ((0, 40), (40, 60), (60, 90))


def test_of_fast_footage_every_second_frame_is_taken() -> None:
    frames = footage._chosen(followed(100), 2, 25.0)
    assert frames.tolist() == list(range(0, 100, 2))
    assert footage._stretches(frames, 2, cuts=()) == ((0, 50),)


def test_of_long_footage_blocks_all_over_it_are_taken() -> None:
    frames = footage._chosen(followed(10_000), 1, 25.0)
    assert 1_400 <= len(frames) <= 1_500
    assert frames[0] == 0
    assert frames[-1] == 9_999
    assert all(end - begin >= 100 for begin, end in footage._stretches(frames, 1, cuts=()))


def test_no_lesson_shows_what_is_held_out_or_leaps_over_a_cut(filmed: Footage, monkeypatch: pytest.MonkeyPatch) -> None:
    lessons = Lessons([filmed._replace(stretches=((0, 30), (30, 75)))], TINY)
    assert held_out(filmed) == 15
    windows = [(first, first + 8) for _, first in lessons._places]  # 5 targets and 2 more on each side
    assert min(windows) == (0, 8)
    assert max(last for _, last in windows) == 59
    assert not [window for window in windows if window[0] < 30 <= window[1]]


def test_every_second_lesson_has_the_references_that_a_dub_takes(filmed: Footage) -> None:
    usual = np.tile([70, 66], (75, 1))
    rng, lessons = np.random.default_rng(0), Lessons([filmed._replace(references=usual)], TINY)
    references = [lessons._draw(rng, 1.0)[2] for _ in range(200)]
    assert 80 <= references.count((70, 66)) <= 120
    assert {parted for _, parted in references} == {66}
    assert max(closed for closed, _ in references if closed != 70) < 60


def test_each_shot_has_the_references_of_the_dub_or_the_frames_nearest_to_them() -> None:
    shots = followed(100, slice(40, 50), cuts=(50,), references=(References(10, 46), References(60, 61)))
    frames = footage._chosen(shots, 1, 25.0)
    references = footage._references(shots, frames)
    assert np.unique(frames[references[:40]], axis=0).tolist() == [[10, 50]]  # 46 is in the gap
    assert np.unique(frames[references[40:]], axis=0).tolist() == [[60, 61]]


def test_every_voice_varies_and_every_second_face(filmed: Footage) -> None:
    rng, lessons = np.random.default_rng(0), Lessons([filmed], TINY)
    drawn = [lessons._draw(rng, 1.0) for _ in range(100)]
    assert 30 <= sum(look is None for *_, look, _, _ in drawn) <= 70
    assert not any(np.array_equal(mel, filmed.clip.mel) for *_, mel, _ in drawn)
    assert np.array_equal(lessons._draw(rng, 0.0)[-2], filmed.clip.mel)
    assert {wide for *_, wide in drawn} == {filmed.articulation}


def test_footage_in_shreds_teaches_nothing(filmed: Footage) -> None:
    shreds = tuple((begin, begin + 5) for begin in range(0, 75, 5))
    with pytest.raises(NoFaceError, match="never seen for 9 frames at a stretch"):
        Lessons([filmed._replace(stretches=shreds)], TINY)


def test_frames_that_come_too_late_for_a_batch_are_no_lesson(filmed: Footage) -> None:
    centres = filmed.clip.centres.copy()
    centres[20:] += 0.4  # the camera paused
    lessons = Lessons([filmed._replace(clip=replace(filmed.clip, centres=centres))], TINY)
    targets = [(first + 2, first + 6) for _, first in lessons._places]
    assert not [target for target in targets if target[0] < 20 <= target[1]]


def test_frames_that_come_more_slowly_than_their_clip_says_are_lessons_all_the_same(filmed: Footage) -> None:
    centres = filmed.clip.centres * 1.5  # of 25 a second said, 17 come
    lessons = Lessons([filmed._replace(clip=replace(filmed.clip, centres=centres))], TINY)
    assert len(lessons._places) == len(Lessons([filmed], TINY)._places)
    batch = lessons.windows(0, 0, 4, 0.0)
    assert int(batch.starts.max()) + TINY.model.audio_steps <= batch.mel.shape[2]
