"""kill -9 at any moment: no half result, nothing that runs on, and `--resume` completes to the same file.

The moments are drawn by lot, always the same ones. SYNCTALKFACE_KILLS says how many: a few here, more with
`make test-kill`.
"""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import pytest

from synctalkface.video import probe, read_frames
from synctalkface.video.join import pictures_in

pytestmark = pytest.mark.skipif(not Path("/proc/self/cmdline").exists(), reason="looks for orphans as Linux lists them")

KILLS = int(os.environ.get("SYNCTALKFACE_KILLS", "3"))
LENGTH = 16  # frames of a segment
PROGRAM = (
    "from synctalkface.pipeline import deliver\n"
    f"deliver.SECONDS = {LENGTH} / 25\n"
    "from synctalkface.cli.main import run\n"
    "run()\n"
)
MakeMedia = Callable[..., Path]
Moment = tuple[int, int]  # a stage, and how much of it was done
STAGES = {"find faces": 0, "dub": 1}
BEGIN: Moment = (0, 0)
ALIKE = ("--device", "cpu", "--engine", "torch", "--events")  # not what is measured to be the quickest


class Run:
    """A dub in a process of its own, which remembers faces in the folder `cache`."""

    def __init__(self, cache: Path, *arguments: object) -> None:
        command = [sys.executable, "-c", PROGRAM, "dub", *map(str, arguments), *ALIKE]
        env = {**os.environ, "OMP_NUM_THREADS": "1", "SYNCTALKFACE_CACHE": str(cache)}
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=env)

    def moments(self) -> Iterator[Moment]:
        """Each progress as it is made, to the end of the process."""
        assert self.process.stdout is not None
        for line in self.process.stdout:
            event = json.loads(line)
            if event["event"] == "progress":
                yield STAGES[event["stage"]], event["done"]

    def kill(self, at: Moment, later: float) -> bool:
        """Kill it `later` seconds after the moment `at`. Was it still alive?"""
        if at > BEGIN:
            next((moment for moment in self.moments() if moment >= at), None)
        time.sleep(later)
        self.process.kill()
        self._end()
        return self.process.returncode != 0

    def finish(self) -> list[Moment]:
        """Wait for a good end. All moments."""
        passed = list(self.moments())
        errors = self._end()
        assert self.process.returncode == 0, errors
        return passed

    def _end(self) -> str:
        assert self.process.stdout is not None
        assert self.process.stderr is not None
        errors = self.process.stderr.read()
        self.process.wait()
        self.process.stdout.close()
        self.process.stderr.close()
        return errors


def running_with(word: str) -> list[str]:
    """The command lines of all processes that name `word`."""
    lines = []
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                lines.append((folder / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace"))
            except OSError:
                continue
    return [line for line in lines if word in line]


def wait_for_orphans(word: str) -> None:
    """Until no process names `word`; ffmpeg ends by itself when its pipe does."""
    patience = 120
    while left := running_with(word):
        patience -= 1
        assert patience, left
        time.sleep(0.5)


@pytest.fixture
def job(make_media: MakeMedia, sample_face: Path, sample_speech: Path, tiny_weights: Path) -> list[object]:
    """Arguments of a dub of four segments and a bit."""
    small = ["-vf", "scale=180:144", "-an", "-c:v", "libx264", "-preset", "ultrafast", "-crf", "10"]
    clip = make_media("clip.mkv", "-ss", "1", "-t", "1", "-i", str(sample_face), *small)
    speech = make_media("said.wav", "-ss", "1", "-t", "2.6", "-i", str(sample_speech))
    return [clip, speech, "--weights", tiny_weights]


def check_nothing_is_half(out: Path, whole: Path) -> None:
    """What a killed run may leave: hidden files, among its segments none that is not whole; or all of the result.

    The latter when it dies between giving the result its name and ending.
    """
    visible = [name for name in os.listdir(out.parent) if not name.startswith(".")]
    assert visible == [] or (visible == [out.name] and out.read_bytes() == whole.read_bytes())
    for segment in out.parent.glob(".*.parts/[0-9]*"):
        assert pictures_in(segment) == LENGTH or int(segment.stem) == 4
        assert sum(1 for _ in read_frames(probe(segment))) == pictures_in(segment)


def test_killed_at_any_moments_a_dub_is_completed_to_the_same_file(job: list[object], tmp_path: Path) -> None:
    results, whole = tmp_path / "results", tmp_path / "whole.mp4"
    results.mkdir()
    out, cache = results / "out.mp4", tmp_path / "cache"
    moments = [BEGIN, *Run(tmp_path / "another cache", *job, "--out", whole, "--resume").finish()]
    lots = random.Random(5)
    for at in sorted(lots.choice(moments) for _ in range(KILLS)):
        killed = Run(cache, *job, "--out", out, "--resume", "--force").kill(at, lots.uniform(0, 0.2))
        wait_for_orphans(str(tmp_path))
        if killed:
            check_nothing_is_half(out, whole)
            out.unlink(missing_ok=True)
    Run(cache, *job, "--out", out, "--resume", "--force").finish()
    assert out.read_bytes() == whole.read_bytes()
    assert os.listdir(results) == ["out.mp4"]


def test_what_a_killed_run_left_is_cleared_by_the_next_one(job: list[object], tmp_path: Path) -> None:
    results = tmp_path / "results"
    results.mkdir()
    out = results / "out.mp4"
    assert Run(tmp_path / "cache", *job, "--out", out).kill((1, 30), 0.0)
    wait_for_orphans(str(tmp_path))
    assert not out.exists()
    assert all(name.startswith(".out.") for name in os.listdir(results))
    moments = Run(tmp_path / "cache", *job, "--out", out).finish()
    assert moments[0][1] == max(done for stage, done in moments if stage == 0)  # the faces were remembered
    assert os.listdir(results) == ["out.mp4"]


def test_the_temporary_clip_of_a_picture_is_cleared_by_the_next_run(
    job: list[object], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clip, speech, *weights = job
    places = tmp_path / "temporary"
    places.mkdir()
    monkeypatch.setenv("TMPDIR", str(places))
    picture = tmp_path / "face.png"
    cv2.imwrite(str(picture), next(read_frames(probe(str(clip)))).rgb()[..., ::-1])
    others = places / "synctalkface-abcdefgh"  # by its name it could be one of ours
    others.mkdir()
    assert Run(tmp_path / "cache", picture, speech, *weights, "--out", tmp_path / "out.mp4").kill((1, 8), 0.0)
    wait_for_orphans(str(tmp_path))
    assert len(list(places.glob("*/face.png.mkv"))) == 1
    Run(tmp_path / "cache", picture, speech, *weights, "--out", tmp_path / "out.mp4").finish()
    assert list(places.glob("synctalkface-*")) == [others]
