"""A dub shows the source's frames, all of them and at their times, changed in the mouth and nowhere else."""

from __future__ import annotations

import json
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from synctalkface import hub
from synctalkface.errors import MediaError, NoFaceError, OutputError, SilentSpeechError
from synctalkface.events import Event, Progress
from synctalkface.faces.detect import BlazeFace
from synctalkface.pipeline import LipSync
from synctalkface.video import Frame, Video, probe, read_frames

FaceClip = Callable[..., Path]
Said = Callable[[float], Path]
MakeMedia = Callable[..., Path]


def frames_of(path: Path) -> list[Frame]:
    return list(read_frames(probe(path)))


def same(one: Frame, other: Frame) -> bool:
    return bool((one.data == other.data).all())


@pytest.mark.parametrize(
    ("fit", "seconds", "count"),
    [
        ("loop", 1.3, 33),
        ("bounce", 1.3, 33),
        ("hold", 1.3, 33),
        ("speech", 1.3, 33),
        ("trim", 1.3, 20),
        ("bounce", 0.5, 20),
        ("speech", 0.5, 13),
    ],
)
def test_each_way_to_fit_gives_its_number_of_frames(
    lipsync: LipSync, face_clip: FaceClip, said: Said, tmp_path: Path, fit: str, seconds: float, count: int
) -> None:
    out = tmp_path / "out.mp4"
    report = lipsync.dub(face_clip(), said(seconds), out, fit=fit)  # type: ignore[arg-type]
    assert report.frames == len(frames_of(out)) == count
    assert report.seconds == pytest.approx(count / 25)
    assert probe(out).clock.rate == 25


def test_a_clip_of_2997_frames_a_second_keeps_its_rate_and_its_frames(
    lipsync: LipSync, face_clip: FaceClip, said: Said, tmp_path: Path
) -> None:
    clip = face_clip("ntsc.mp4", "-vf", "fps=30000/1001")
    report = lipsync.dub(clip, said(1.0), tmp_path / "out.mp4")
    source, result = probe(clip), probe(tmp_path / "out.mp4")
    assert result.clock.rate == Fraction(30000, 1001)
    assert report.frames == len(frames_of(tmp_path / "out.mp4")) == 30
    np.testing.assert_allclose(result.clock.starts[: len(source.clock)], source.clock.starts, atol=1e-3)


def test_a_clip_of_variable_rate_keeps_the_time_of_every_frame(
    lipsync: LipSync, face_clip: FaceClip, said: Said, tmp_path: Path, written: list[Frame]
) -> None:
    clip = face_clip("variable.mkv", "-vf", "select='not(eq(mod(n,4),2))'")
    source = probe(clip)
    assert source.clock.variable
    lipsync.dub(clip, said(0.7), tmp_path / "out.mkv")
    result = probe(tmp_path / "out.mkv")
    np.testing.assert_allclose(result.clock.starts, source.clock.starts, atol=2e-3)
    assert len(written) == len(source.clock) == len(frames_of(tmp_path / "out.mkv"))


def in_crop(video: Video, matrix: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Where each pixel of a frame lies in the crop: x and y (H, W), 0..1 inside."""
    columns, rows = np.meshgrid(np.arange(video.width) + 0.5, np.arange(video.height) + 0.5)
    x, y = np.einsum("ij,jhw->ihw", matrix[:, :2], np.stack([columns, rows])) + matrix[:, 2, None, None]
    return x, y


def test_only_the_lower_half_of_the_face_changes_in_the_frames_and_in_a_lossless_file(
    lipsync: LipSync, face_clip: FaceClip, said: Said, tmp_path: Path, written: list[Frame]
) -> None:
    clip = face_clip()
    lipsync.dub(clip, said(0.8), tmp_path / "out.mp4", crf=0)
    source, video = frames_of(clip), probe(clip)
    followed = lipsync.follow(video)
    for number, (before, after) in enumerate(zip(source, written, strict=True)):
        where = followed.at(number)
        assert where is not None
        x, y = in_crop(video, where.matrix)
        mouth = (x > 0) & (x < 1) & (y > 0.49) & (y < 1)
        changed = before.y != after.y
        assert changed[mouth].mean() > 0.1
        assert not changed[~mouth].any()
        near = mouth.reshape(video.height // 2, 2, video.width // 2, 2).any(axis=(1, 3))
        for one, other in ((before.u, after.u), (before.v, after.v)):
            assert not (one != other)[~near].any()
    for before, after in zip(written, frames_of(tmp_path / "out.mp4"), strict=True):
        assert same(before, after)  # crf 0 loses nothing, so the file too


def test_a_face_that_goes_away_is_left_as_filmed_and_reported(
    lipsync: LipSync, face_clip: FaceClip, said: Said, tmp_path: Path, written: list[Frame]
) -> None:
    hidden = "drawbox=x=60:y=20:w=240:h=250:color=gray:t=fill:enable='between(n,10,29)'"
    clip = face_clip("away.mp4", "-vf", hidden, seconds="1.6")
    report = lipsync.dub(clip, said(1.6), tmp_path / "out.mp4")
    source = frames_of(clip)
    untouched = [same(before, after) for before, after in zip(source, written, strict=True)]
    assert all(untouched[11:29])
    assert not any(untouched[:9])
    assert not any(untouched[31:])
    (begin, end), *others = report.gaps
    assert not others
    assert begin == pytest.approx(10 / 25, abs=0.045)
    assert end == pytest.approx(30 / 25, abs=0.045)
    assert "no face was seen: 0.4-1.2 s" in report.summary()


def test_frames_before_the_face_appears_are_left_as_filmed(
    lipsync: LipSync, face_clip: FaceClip, said: Said, tmp_path: Path, written: list[Frame]
) -> None:
    clip = face_clip("late.mp4", "-vf", "drawbox=x=60:y=20:w=240:h=250:color=gray:t=fill:enable='lt(n,12)'")
    report = lipsync.dub(clip, said(0.8), tmp_path / "out.mp4")
    assert [same(a, b) for a, b in zip(frames_of(clip), written, strict=True)] == [True] * 12 + [False] * 8
    assert report.gaps == ((0.0, 0.48),)


def test_a_face_hidden_for_a_moment_is_dubbed_through(
    lipsync: LipSync, face_clip: FaceClip, said: Said, tmp_path: Path, written: list[Frame]
) -> None:
    # in the colour of the skin: a box of another colour would be taken for a cut, and gaps are not bridged across cuts
    hand = "drawbox=x=73:y=91:w=160:h=174:color=0x968c74:t=fill:enable='between(n,8,11)'"
    clip = face_clip("hand.mp4", "-vf", hand)
    assert [bool(BlazeFace().detect(frame.rgb())) for frame in frames_of(clip)[6:14]] == [True] * 2 + [False] * 4 + [
        True
    ] * 2
    report = lipsync.dub(clip, said(0.8), tmp_path / "out.mp4")
    assert report.gaps == ()
    assert not any(same(a, b) for a, b in zip(frames_of(clip), written, strict=True))


def test_one_dub_leaves_no_trace_in_the_next_nor_in_the_files_of_the_weights(
    lipsync: LipSync, face_clip: FaceClip, said: Said, tmp_path: Path, tiny_weights: Path
) -> None:
    clip, other = face_clip(), face_clip("other.mp4", "-vf", "hflip")
    fresh = LipSync(hub.load_generator(tiny_weights), hub.load_config(tiny_weights), "cpu")
    fresh.dub(clip, said(0.8), tmp_path / "a.mkv")
    lipsync.dub(other, said(0.5), tmp_path / "b.mkv")
    lipsync.dub(clip, said(0.8), tmp_path / "c.mkv")
    assert all(same(a, c) for a, c in zip(frames_of(tmp_path / "a.mkv"), frames_of(tmp_path / "c.mkv"), strict=True))


def test_progress_is_told_frame_by_frame_and_the_report_is_plain_data(
    lipsync: LipSync, face_clip: FaceClip, said: Said, tmp_path: Path
) -> None:
    heard: list[Event] = []
    report = lipsync.dub(face_clip(), said(0.8), tmp_path / "out.mp4", on_progress=heard.append)
    told = [(event.stage, event.done, event.total) for event in heard if isinstance(event, Progress)]
    expected = [(stage, done, 20) for stage in ("find faces", "dub") for done in range(1, 21)]
    assert told == expected
    data = json.loads(json.dumps(report.as_dict()))
    assert (data["frames"], data["faces"], data["gaps"], data["width"]) == (20, 1, [], 360)
    assert data["out"] == str(tmp_path / "out.mp4")
    assert "20 frames, 0.80 s" in report.summary()


def left_behind(folder: Path, before: set[Path]) -> list[str]:
    return sorted(path.name for path in set(folder.iterdir()) - before)


@pytest.mark.parametrize("stage", ["find faces", "dub"])
def test_a_dub_that_breaks_off_leaves_the_old_file_and_nothing_else(
    lipsync: LipSync, face_clip: FaceClip, said: Said, tmp_path: Path, stage: str
) -> None:
    clip, speech, out = face_clip(), said(0.8), tmp_path / "out.mp4"
    out.write_text("an earlier result")
    before = set(tmp_path.iterdir())

    def stop(event: Event) -> None:
        if isinstance(event, Progress) and event.stage == stage and event.done == 12:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        lipsync.dub(clip, speech, out, overwrite=True, on_progress=stop)
    assert out.read_text() == "an earlier result"
    assert left_behind(tmp_path, before) == []


def test_what_cannot_be_dubbed_says_why_and_leaves_nothing(
    lipsync: LipSync, face_clip: FaceClip, said: Said, make_media: MakeMedia, tmp_path: Path
) -> None:
    clip, speech, out = face_clip(), said(0.8), tmp_path / "out.mp4"
    silent = make_media("silent.wav", "-f", "lavfi", "-i", "anullsrc=r=16000", "-t", "0.5")
    bars = make_media("bars.mp4", "-f", "lavfi", "-i", "testsrc=s=160x120:r=25", "-t", "0.5")
    letter = tmp_path / "letter.mp4"
    letter.write_text("This is no video.")
    before = set(tmp_path.iterdir())
    with pytest.raises(SilentSpeechError, match=r"Nobody can be heard in .*silent\.wav"):
        lipsync.dub(clip, silent, out)
    with pytest.raises(NoFaceError, match=r"No face in .*bars\.mp4\. Choose a clip"):
        lipsync.dub(bars, speech, out)
    with pytest.raises(MediaError, match=r"letter\.mp4"):
        lipsync.dub(letter, speech, out)
    with pytest.raises(MediaError, match=r"nowhere\.mp4"):
        lipsync.dub(tmp_path / "nowhere.mp4", speech, out)
    with pytest.raises(MediaError, match="no sound"):
        lipsync.dub(clip, clip, out)
    assert left_behind(tmp_path, before) == []


def test_an_existing_file_is_not_written_over_unasked(
    lipsync: LipSync, face_clip: FaceClip, said: Said, tmp_path: Path
) -> None:
    clip, speech, out = face_clip(), said(0.8), tmp_path / "out.mp4"
    out.write_text("precious")
    with pytest.raises(OutputError, match=r"out\.mp4"):
        lipsync.dub(clip, speech, out)
    assert out.read_text() == "precious"
    with pytest.raises(OutputError, match=r"clip\.mp4"):
        lipsync.dub(clip, speech, clip, overwrite=True)
    lipsync.dub(clip, speech, out, overwrite=True)
    assert len(frames_of(out)) == 20
