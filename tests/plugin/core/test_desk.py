"""The desk lives through everything a worker can do to it, and says what happened."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from plugin.core import jobs as states
from plugin.core import worker as worker_module
from plugin.core.desk import Desk
from plugin.core.jobs import Job
from plugin.core.messages import GarbledError, Tail
from plugin.core.process import Child, StartError, alive

FAKE = Path(__file__).parents[1] / "fake_worker.py"

MakeDesk = Callable[..., Desk]


@pytest.fixture
def make_desk(tmp_path: Path) -> Iterator[MakeDesk]:
    made: list[Desk] = []

    def make(mode: str = "", python: str = sys.executable) -> Desk:
        from synctalkface.ffmpeg import find_ffmpeg

        command = [python, str(FAKE), find_ffmpeg(), mode]
        made.append(Desk(tmp_path / "user", lambda folder: Child(command, folder)))
        return made[-1]

    yield make
    for desk in made:
        desk.close()


@pytest.fixture
def job(sample_face: Path, sample_speech: Path, tmp_path: Path) -> Job:
    return Job(
        name="face",
        batch="b",
        scene="Scene",
        picture="face",
        sound="speech",
        channel=1,
        begin=1,
        end=6,
        rate="25/1",
        video=str(sample_face),
        speech=str(sample_speech),
        runs=[[10, 5, 1]],
        speech_begin=0.5,
        out=str(tmp_path / "out.mp4"),
    )


def run(desk: Desk, until: Callable[[], bool] | None = None) -> None:
    """Tick until all is done, or until `until`."""
    give_up = time.monotonic() + 60
    while desk.busy if until is None else not until():
        desk.tick()
        time.sleep(0.02)
        assert time.monotonic() < give_up


def test_a_job_is_made_and_waits_to_be_placed(make_desk: MakeDesk, job: Job) -> None:
    desk = make_desk()
    desk.submit(job)
    run(desk)
    assert job.state == states.MADE, job.message
    assert Path(job.out).is_file()
    assert desk.finished_batches() == [[job]]
    assert desk.device == "imagination"
    desk.placed(job)
    assert desk.finished_batches() == []
    desk.dismiss(job.id)
    assert not job.folder(desk.records).exists()
    assert Path(job.out).is_file()


def test_the_worker_stays_warm_and_a_new_one_comes_when_it_has_gone_to_rest(make_desk: MakeDesk, job: Job) -> None:
    desk = make_desk()
    desk.submit(job)
    run(desk)
    assert desk.worker is not None
    first = desk.worker.pid
    desk.worker._child.hang_up()
    states.again(job)
    job.state, desk.jobs = states.WAITING, []
    desk.submit(job)
    run(desk)
    assert job.state == states.MADE, job.message
    assert desk.worker is not None
    assert desk.worker.pid != first


@pytest.mark.parametrize(
    ("mode", "words"),
    [
        ("crash", "signal SIGSEGV"),
        ("kill", "signal SIGKILL"),
        ("garbage", "not the worker of synctalkface"),
        ("protocol", "speaks protocol 99"),
        ("fail", "No face in it"),
    ],
)
def test_whatever_the_worker_does_the_job_ends_with_a_sentence(
    mode: str, words: str, make_desk: MakeDesk, job: Job
) -> None:
    desk = make_desk(mode)
    desk.submit(job)
    run(desk)
    assert job.state == states.FAILED
    assert words in job.message
    assert job.message.endswith(".")


def test_a_worker_that_says_nothing_is_given_up(make_desk: MakeDesk, job: Job, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker_module, "GREETING", 0.3)
    desk = make_desk("silent")
    desk.submit(job)
    run(desk)
    assert "has not answered" in job.message
    assert desk.worker is None


def test_a_python_that_is_not_there_or_lacks_the_package_is_named(
    tmp_path: Path, job: Job, make_desk: MakeDesk
) -> None:
    desk = make_desk(python="/nowhere/python")
    desk.submit(job)
    run(desk)
    assert "/nowhere/python cannot be started" in job.message
    command = [sys.executable, "-I", "-m", "no_such_package"]
    desk = Desk(tmp_path, lambda folder: Child(command, folder))
    states.again(job)
    desk.submit(job)
    run(desk)
    assert "before it said a word" in job.message
    assert "no_such_package" in job.message


def test_a_cancel_is_answered_within_a_second(make_desk: MakeDesk, job: Job) -> None:
    desk = make_desk("slow")
    desk.submit(job)
    run(desk, lambda: job.done > 0)
    desk.cancel(job.id)
    assert job.state == states.CANCELLING
    run(desk)
    assert job.state == states.CANCELLED
    assert desk.worker is not None, "it obeyed, and stays warm"


def test_a_worker_that_does_not_obey_is_killed(make_desk: MakeDesk, job: Job, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker_module, "PATIENCE", 0.2)
    monkeypatch.setattr(worker_module, "LAST_PATIENCE", 0.2)
    desk = make_desk("stubborn")
    desk.submit(job)
    run(desk, lambda: job.done > 0)
    desk.cancel(job.id)
    run(desk)
    assert job.state == states.CANCELLED
    assert desk.worker is None


def test_all_can_be_cancelled_at_once(make_desk: MakeDesk, job: Job) -> None:
    desk = make_desk("slow")
    other = Job(**{**job.__dict__, "id": "other"})
    desk.submit(job)
    desk.submit(other)
    run(desk, lambda: job.done > 0)
    desk.cancel_all()
    run(desk)
    assert (job.state, other.state) == (states.CANCELLED, states.CANCELLED)


def test_a_batch_waits_for_its_slowest_and_one_failure_spoils_only_itself(make_desk: MakeDesk, job: Job) -> None:
    desk = make_desk()
    unlucky = Job(**{**job.__dict__, "id": "2", "out": job.out.replace("out", "unlucky")})
    last = Job(**{**job.__dict__, "id": "3", "out": job.out.replace("out", "last")})
    for each in (job, unlucky, last):
        desk.submit(each)
    run(desk, lambda: job.state == states.MADE)
    assert desk.finished_batches() == []
    run(desk)
    assert desk.finished_batches() == [[job, last]]
    assert unlucky.state == states.FAILED


def test_a_rendering_comes_first_and_its_failure_is_told(make_desk: MakeDesk, job: Job, tmp_path: Path) -> None:
    desk = make_desk()
    source, job.video = job.video, str(tmp_path / "rendered.mkv")
    job.prepare = [sys.executable, "-c", f"import shutil; shutil.copy({source!r}, {job.video!r})"]
    broken = Job(**{**job.__dict__, "id": "2", "prepare": [sys.executable, "-c", "raise SystemExit('no such strip')"]})
    desk.submit(job)
    desk.submit(broken)
    run(desk)
    assert job.state == states.MADE, job.message
    assert broken.state == states.FAILED
    assert "no such strip" in broken.message


def test_what_a_dead_blender_left_is_found_and_can_go_on(make_desk: MakeDesk, job: Job) -> None:
    desk = make_desk("slow")
    desk.submit(job)
    run(desk, lambda: job.done > 0)
    desk.close()
    assert states.unfinished(desk.records, "", lambda pid: True) == [], "its Blender still works on it"
    assert states.unfinished(desk.records, "another.blend", lambda pid: False) == []
    [left] = states.unfinished(desk.records, "", lambda pid: False)
    assert (left.id, left.state) == (job.id, states.RUNNING)
    states.again(left)
    desk = make_desk()
    desk.submit(left)
    run(desk)
    assert left.state == states.MADE
    desk.placed(left)
    assert states.unfinished(desk.records, "", lambda pid: False) == []
    assert not left.folder(desk.records).exists()


def test_a_damaged_record_is_passed_over(tmp_path: Path) -> None:
    for number, text in enumerate(["", "[]", '{"unknown": 1}', "{}"]):
        folder = tmp_path / str(number)
        folder.mkdir()
        (folder / states.RECORD).write_text(text, encoding="utf-8")
    assert states.unfinished(tmp_path, "", lambda pid: False) == []


def test_the_tail_takes_whole_lines_once_and_a_few_at_a_time(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    tail = Tail(path)
    assert tail.read() == []
    lines = [json.dumps({"event": "progress", "done": n}) for n in range(50)]
    path.write_text("\n".join(lines), encoding="utf-8")
    seen = [event["done"] for _ in range(5) for event in tail.read(20)]
    assert seen == list(range(49)), "the last line is not ended yet"
    with path.open("a", encoding="utf-8") as file:
        file.write("\nnot json\n")
    with pytest.raises(GarbledError, match="not json"):
        tail.read()


def test_a_program_that_cannot_be_started_is_no_surprise(tmp_path: Path) -> None:
    with pytest.raises(StartError, match="cannot be started"):
        Child([str(tmp_path)], tmp_path / "logs")


@pytest.mark.skipif(os.name != "posix", reason="processes as POSIX has them")
def test_a_blender_that_is_killed_takes_its_worker_along(tmp_path: Path) -> None:
    program = (
        "import sys, time; sys.path.insert(0, sys.argv[1])\n"
        "from pathlib import Path\n"
        "from plugin.core.process import Child\n"
        "child = Child([sys.executable, sys.argv[2], 'ffmpeg'], Path(sys.argv[3]))\n"
        "print(child.pid, flush=True); time.sleep(600)\n"
    )
    arguments = [sys.executable, "-c", program, str(FAKE.parents[2]), str(FAKE), str(tmp_path)]
    with subprocess.Popen(arguments, stdout=subprocess.PIPE) as host:
        assert host.stdout is not None
        pid = int(host.stdout.readline())
        assert alive(pid)
        host.send_signal(signal.SIGKILL)
    give_up = time.monotonic() + 30
    while Path(f"/proc/{pid}").exists() and "Z" not in Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").split():
        assert time.monotonic() < give_up
        time.sleep(0.05)
