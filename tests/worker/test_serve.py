"""The worker dubs what it is asked, stops when asked, survives nonsense, and ends with its host."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from synctalkface.audio import read_waveform
from synctalkface.clock import Clock
from synctalkface.video import probe, read_frames
from synctalkface.worker.commands import Dub
from synctalkface.worker.serve import timeline_of


@pytest.fixture
def job(sample_face: Path, sample_speech: Path, tiny_weights: Path, tmp_path: Path) -> dict[str, Any]:
    return {
        "do": "dub",
        "job": "a",
        "video": str(sample_face),
        "speech": str(sample_speech),
        "out": str(tmp_path / "out.mp4"),
        "runs": [[30, 10, 1], [38, 5, -1]],
        "rate": "24/1",
        "speech_begin": 1.5,
        "weights": str(tiny_weights),
        "crf": 1,
    }


def test_a_stretch_is_dubbed_and_the_worker_stays_for_the_next(
    start_worker: Callable[..., Any], job: dict[str, Any], tmp_path: Path, sample_face: Path, sample_speech: Path
) -> None:
    worker = start_worker()
    assert worker.until("hello")["protocol"] == 1
    assert worker.until("ready")["device"]
    worker.send("nonsense")
    assert "command" in worker.until("failed")["message"]
    worker.send({**job, "video": "/nowhere.mp4", "job": "b"})
    failed = worker.until("failed")
    assert (failed["job"], failed["kind"]) == ("b", "MediaError")
    worker.send({**job, "speed": 2, "job": "c"})
    assert worker.until("failed")["job"] == "c"

    worker.send(job)
    assert worker.until("started")["job"] == "a"
    progress = worker.until("progress")
    assert (progress["stage"], progress["total"], progress["job"]) == ("find faces", 10, "a")
    done = worker.until("done", "failed")
    assert done["event"] == "done", done
    assert len(done["result"]["sha256"]) == 64

    out = probe(tmp_path / "out.mp4")
    assert (len(out.clock), out.clock.rate) == (15, Fraction(24))
    # a corner far from the mouth shows which source frame stands where
    source = [frame.rgb((0, 0, 64, 64)).astype(float) for frame in read_frames(probe(sample_face))]
    for frame, expected in zip(read_frames(out), [*range(30, 40), *range(38, 33, -1)], strict=True):
        corner = frame.rgb((0, 0, 64, 64)).astype(float)
        distances = [np.abs(corner - each).mean() for each in source]
        assert distances[expected] <= min(distances) + 0.05
    heard, spoken = read_waveform(tmp_path / "out.mp4"), read_waveform(sample_speech)
    stretch = spoken[24_000 : 24_000 + len(heard)]
    assert np.corrcoef(heard[: len(stretch)], stretch[: len(heard)])[0, 1] > 0.95
    assert worker.hang_up() == 0


def test_frames_that_vary_in_length_are_counted_as_the_editor_counts_them() -> None:
    # frames 0, 1, 2, 4, 5, 6, 8 ... of a grid of 25 a second: Blender shows every third frame twice
    clip = Clock(Fraction(25), np.array([(n + n // 3) / 25 for n in range(60)]))
    command = Dub("a", "v", "s", "o", np.arange(90), Fraction(25), clip_rate=25.0)
    shown = timeline_of(command, clip).source
    assert shown[:9].tolist() == [0, 1, 2, 2, 3, 4, 5, 5, 6]
    assert shown[-1] == 59
    even = Clock.constant(Fraction(25), 60)
    assert timeline_of(command, even).source.tolist() == [*range(60), *[59] * 30]


def test_a_cancel_is_obeyed_at_once_and_leaves_nothing_behind(
    start_worker: Callable[..., Any], job: dict[str, Any], tmp_path: Path
) -> None:
    worker = start_worker()
    worker.send({**job, "job": "never"})
    worker.send({"do": "cancel", "job": "never"})  # while torch is still being loaded
    assert worker.until("cancelled")["job"] == "never"
    worker.send({**job, "runs": [[30, 8, 1], [36, 7, -1]] * 1000})
    while worker.until("progress")["stage"] != "dub":
        pass
    worker.send({"do": "cancel", "job": "a"})
    assert worker.until("cancelled", "done", "failed")["event"] == "cancelled"
    assert list(tmp_path.iterdir()) == []
    worker.send({**job, "runs": [[0, 2, 1]], "job": "after"})
    assert worker.until("done", "failed")["event"] == "done"


def test_the_worker_ends_with_its_host_in_the_middle_of_a_job(
    start_worker: Callable[..., Any], job: dict[str, Any], tmp_path: Path
) -> None:
    worker = start_worker()
    worker.send({**job, "runs": [[30, 8, 1], [36, 7, -1]] * 1000})
    while worker.until("progress")["stage"] != "dub":
        pass
    assert worker.hang_up() in (0, 3)
    assert not (tmp_path / "out.mp4").exists()


def test_a_strange_protocol_is_answered_with_our_own(start_worker: Callable[..., Any]) -> None:
    worker = start_worker()
    worker.until("ready")
    worker.send({"do": "hello", "protocol": 99})
    assert worker.until("hello")["protocol"] == 1


def test_an_idle_worker_gives_its_memory_back_by_ending(start_worker: Callable[..., Any]) -> None:
    worker = start_worker("--idle", "1")
    assert worker.until("bye")
    assert worker.process.wait(timeout=60) == 0


@pytest.mark.skipif(os.name != "posix", reason="signals as POSIX has them")
def test_a_host_that_is_killed_leaves_no_orphan(job: dict[str, Any], tmp_path: Path) -> None:
    import json
    import subprocess
    import sys

    host = (
        "import subprocess, sys, time\n"
        "w = subprocess.Popen([sys.executable, '-m', 'synctalkface', 'worker'], stdin=subprocess.PIPE,"
        " stdout=open(sys.argv[1], 'w'), stderr=subprocess.DEVNULL)\n"
        "w.stdin.write((sys.argv[2] + '\\n').encode()); w.stdin.flush()\n"
        "print(w.pid, flush=True); time.sleep(600)\n"
    )
    events = tmp_path / "events.jsonl"
    command = json.dumps({**job, "runs": [[30, 8, 1], [36, 7, -1]] * 1000})
    with subprocess.Popen([sys.executable, "-c", host, str(events), command], stdout=subprocess.PIPE) as parent:
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())
        give_up = time.monotonic() + 90
        while '"dub"' not in events.read_text(encoding="utf-8"):
            assert time.monotonic() < give_up
            time.sleep(0.1)
        parent.send_signal(signal.SIGKILL)
    while _lives(pid):
        assert time.monotonic() < give_up
        time.sleep(0.1)
    assert not (tmp_path / "out.mp4").exists()


def _lives(pid: int) -> bool:
    """Does the process run? One that has ended and waits to be reaped does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False
