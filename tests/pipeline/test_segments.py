"""A job in segments goes on after whatever stopped it, and its result is the file that one go would have made."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import av
import numpy as np
import pytest

from synctalkface.audio import read_waveform
from synctalkface.errors import NoFaceError, OutputError
from synctalkface.events import Event, Progress
from synctalkface.pipeline import LipSync, deliver
from synctalkface.pipeline.fingerprint import fingerprint
from synctalkface.pipeline.parts import Parts
from synctalkface.video import probe, read_frames

FaceClip = Callable[..., Path]
Said = Callable[[float], Path]
MakeMedia = Callable[..., Path]
LENGTH = 8  # frames of a segment here


class Stopped(BaseException):
    """As a KeyboardInterrupt, it is nobody's to catch."""


class StopAt:
    """A listener that stops the job when frame `frame` is drawn, and remembers the first that was."""

    def __init__(self, frame: int | None = None) -> None:
        self.frame, self.first = frame, 0

    def __call__(self, event: Event) -> None:
        if isinstance(event, Progress) and event.stage == "dub":
            self.first = self.first or event.done
            if event.done == self.frame:
                raise Stopped


@pytest.fixture(autouse=True)
def short_segments(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deliver, "SECONDS", LENGTH / 25)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "results"
    made.mkdir()
    return made


def parts_of(out: Path) -> list[str]:
    return sorted(os.listdir(out.with_name(f".{out.name}.parts")))


def shown_at(path: Path) -> list[float]:
    """The second of each picture of a file, as it is stored."""
    with av.open(str(path)) as container:
        (stream,) = container.streams.video
        stamps = sorted(packet.pts for packet in container.demux(stream) if packet.size)
        return [float(stamp * stream.time_base) for stamp in stamps]


@pytest.mark.parametrize("kind", ["bounce.mp4", "variable.mkv", "label.mov"])
def test_the_same_file_comes_however_often_the_job_was_stopped(
    lipsync: LipSync, face_clip: FaceClip, said: Said, folder: Path, kind: str
) -> None:
    thinned = ["-vf", "select='not(eq(mod(n,4),2))'"] if kind == "variable.mkv" else []
    clip, speech = face_clip("clip.mkv", *thinned), said(1.1)
    whole, out, options = folder / f"whole-{kind}", folder / kind, {"label": kind == "label.mov"}
    report = lipsync.dub(clip, speech, whole, resume=True, **options)
    for frame, finished in ((3, 0), (LENGTH + 2, 1), (report.frames, report.frames // LENGTH)):
        stop = StopAt(frame)
        with pytest.raises(Stopped):
            lipsync.dub(clip, speech, out, resume=True, on_progress=stop, **options)
        assert not out.exists()
        if finished:
            segments = [f"{number:06}{out.suffix}" for number in range(finished)]
            assert parts_of(out) == [*segments, "job.json", "lock"]
        else:
            assert os.listdir(folder) == [whole.name]  # nothing worth keeping
    last = StopAt()
    lipsync.dub(clip, speech, out, resume=True, on_progress=last, **options)
    assert last.first == report.frames // LENGTH * LENGTH + 1
    assert out.read_bytes() == whole.read_bytes()
    assert sorted(os.listdir(folder)) == sorted([out.name, whole.name])


@pytest.mark.parametrize("kind", ["steady.mp4", "steady.mkv", "variable.mp4"])
def test_in_segments_times_sound_and_notes_are_those_of_one_go(
    lipsync: LipSync, face_clip: FaceClip, said: Said, folder: Path, kind: str
) -> None:
    thinned = ["-vf", "select='not(eq(mod(n,4),2))'"] if kind == "variable.mp4" else ["-vf", "fps=24000/1001"]
    clip, speech = face_clip("clip.mkv", *thinned), said(1.0)
    once, joined = folder / f"once-{kind}", folder / f"joined-{kind}"
    lipsync.dub(clip, speech, once, crf=4)
    report = lipsync.dub(clip, speech, joined, crf=4, resume=True)
    one, other = probe(once), probe(joined)
    assert len(other.clock) == report.frames
    assert (one.clock.rate, one.colour, one.sample_aspect) == (other.clock.rate, other.colour, other.sample_aspect)
    np.testing.assert_allclose(np.diff(shown_at(joined)), np.diff(shown_at(once)), atol=1.1e-3)
    for before, after in zip(read_frames(one), read_frames(other), strict=True):
        assert np.abs(before.data.astype(int) - after.data).mean() < 1.0
    np.testing.assert_array_equal(read_waveform(once), read_waveform(joined))
    with av.open(str(once)) as first, av.open(str(joined)) as second:
        assert {k.lower(): v for k, v in second.metadata.items()}["comment"] in first.metadata.values()


def test_segments_of_another_job_are_not_mixed_in(
    lipsync: LipSync, face_clip: FaceClip, said: Said, folder: Path, tmp_path: Path
) -> None:
    clip, speech, out = face_clip(), said(0.8), folder / "out.mp4"
    with pytest.raises(Stopped):
        lipsync.dub(clip, speech, out, resume=True, on_progress=StopAt(LENGTH + 1))
    sentence = r"\.out\.mp4\.parts holds segments of another job \(crf, label differ\).*--force"
    with pytest.raises(OutputError, match=sentence):
        lipsync.dub(clip, speech, out, resume=True, crf=30, label=True)
    assert "000000.mp4" in parts_of(out)
    moved = Path(shutil.copy(clip, tmp_path / "the same under another name.mp4"))
    again = StopAt(LENGTH + 1)
    with pytest.raises(Stopped):
        lipsync.dub(moved, speech, out, resume=True, on_progress=again)
    assert again.first == LENGTH + 1  # the first segment was still good
    anew = StopAt()
    lipsync.dub(clip, speech, out, resume=True, crf=30, overwrite=True, on_progress=anew)
    assert anew.first == 1
    assert os.listdir(folder) == ["out.mp4"]


def test_a_damaged_segment_is_made_again(lipsync: LipSync, face_clip: FaceClip, said: Said, folder: Path) -> None:
    clip, speech, out = face_clip(), said(0.8), folder / "out.mp4"
    lipsync.dub(clip, speech, folder / "whole.mp4", resume=True)
    with pytest.raises(Stopped):
        lipsync.dub(clip, speech, out, resume=True, on_progress=StopAt(2 * LENGTH + 1))
    second = folder / ".out.mp4.parts" / "000001.mp4"
    second.write_bytes(second.read_bytes()[:100])
    last = StopAt()
    lipsync.dub(clip, speech, out, resume=True, on_progress=last)
    assert last.first == LENGTH + 1
    assert out.read_bytes() == (folder / "whole.mp4").read_bytes()


def test_a_job_that_cannot_be_done_leaves_no_folder(
    lipsync: LipSync, make_media: MakeMedia, said: Said, folder: Path
) -> None:
    grey = make_media("grey.mp4", "-f", "lavfi", "-i", "color=gray:size=128x96:duration=0.4:rate=25")
    with pytest.raises(NoFaceError):
        lipsync.dub(grey, said(0.4), folder / "out.mp4", resume=True)
    assert os.listdir(folder) == []


def test_two_runs_do_not_work_on_one_result(folder: Path) -> None:
    marks = fingerprint({"crf": 18})
    with Parts(folder / "out.mp4", marks), pytest.raises(OutputError, match=r"Another run is writing .*out\.mp4"):
        Parts(folder / "out.mp4", marks)
    assert os.listdir(folder) == []
    Parts(folder / "out.mp4", marks)


def test_a_folder_of_that_name_which_is_not_ours_is_left_alone(folder: Path) -> None:
    (folder / ".out.mp4.parts").mkdir()
    (folder / ".out.mp4.parts" / "diary.txt").write_text("Dear diary")
    with pytest.raises(OutputError, match=r"diary\.txt.*Move the folder away"):
        Parts(folder / "out.mp4", fingerprint({"crf": 18}), anew=True)
    assert (folder / ".out.mp4.parts" / "diary.txt").exists()


def test_every_option_tells_jobs_apart_but_those_that_do_not_change_the_result(
    lipsync: LipSync, face_clip: FaceClip
) -> None:
    clip = face_clip()
    asked = {"video": clip, "speech": str(clip), "crf": 18, "fit": "loop", "timeline": probe(clip).clock, "later": None}
    marks = lipsync._marks({**asked, "self": lipsync, "out": "a.mp4", "overwrite": True, "resume": True})
    assert asked.keys() < marks.keys()
    assert not marks.keys() & {"self", "out", "overwrite", "resume"}
    assert marks["video"] == marks["speech"]  # the same bytes
    assert all(re.fullmatch(r"[0-9a-f]{16}", mark) for mark in marks.values())
    other = lipsync._marks({**asked, "crf": 19, "later": 0.5})
    assert {name for name in marks if marks[name] != other.get(name)} == {"crf", "later"}
