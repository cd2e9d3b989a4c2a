"""A table of dubs: each is on its own, every failure is told, and what cannot be begun is refused before the work."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from synctalkface.cli.main import answer
from synctalkface.cli.many import hands
from synctalkface.cli.many.jobs import Job, read_jobs
from synctalkface.errors import ConfigError
from synctalkface.video import probe

MakeMedia = Callable[..., Path]


@pytest.fixture
def folder(make_media: MakeMedia, sample_face: Path, sample_speech: Path, tmp_path: Path) -> Path:
    """A folder with a clip of half a second and some speech."""
    small = ["-vf", "scale=180:144", "-an", "-c:v", "libx264", "-preset", "ultrafast", "-crf", "10"]
    make_media("clip.mp4", "-ss", "1", "-t", "0.5", "-i", str(sample_face), *small)
    make_media("said.wav", "-ss", "1", "-t", "0.5", "-i", str(sample_speech))
    return tmp_path


@pytest.fixture
def processes(monkeypatch: pytest.MonkeyPatch) -> list[subprocess.Popen[str]]:
    """The processes that are started for jobs from now on."""
    started: list[subprocess.Popen[str]] = []

    def start(*arguments: Any, **options: Any) -> subprocess.Popen[str]:
        options["env"] = {**options["env"], "OMP_NUM_THREADS": "1"}
        started.append(really(*arguments, **options))
        return started[-1]

    really = subprocess.Popen
    monkeypatch.setattr(hands.subprocess, "Popen", start)
    return started


def write(folder: Path, text: str) -> Path:
    table = folder / "jobs.csv"
    table.write_text(text, encoding="utf-8")
    return table


def names(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


def test_one_failure_is_told_the_rest_is_finished_and_a_second_call_does_what_is_missing(
    folder: Path, tiny_weights: Path, processes: list[subprocess.Popen[str]], capsys: pytest.CaptureFixture[str]
) -> None:
    table = write(folder, "video,speech,out,fit\nclip.mp4,said.wav,one.mp4,trim\ngone.mp4,said.wav,two.mp4,\n"
                          "clip.mp4,said.wav,deep/three.mkv,\n")  # fmt: skip
    shared = ["--weights", str(tiny_weights), "--device", "cpu"]
    out = folder / "results"
    out.mkdir()
    assert answer(["dub-many", str(table), "--out", str(out), *shared]) == 1
    assert names(out) == {"one.mp4", "deep/three.mkv", "jobs.report.json"}
    assert len(processes) == 1  # which loads the weights once
    told = capsys.readouterr().out
    assert "two.mp4" in told
    assert "There is no file" in told
    assert "3 jobs: 2 done, 1 failed." in told
    report = json.loads((out / "jobs.report.json").read_text(encoding="utf-8"))
    assert [(job["line"], job["state"]) for job in report["jobs"]] == [(2, "done"), (3, "failed"), (4, "done")]
    assert report["jobs"][0]["frames"] == len(probe(out / "one.mp4").clock)

    (folder / "gone.mp4").write_bytes((folder / "clip.mp4").read_bytes())
    (out / "deep" / "three.mkv").unlink()
    before = (out / "one.mp4").stat().st_mtime_ns
    assert answer(["dub-many", str(table), "--out", str(out), "--resume", "--events", *shared]) == 0
    last = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert last["event"] == "done"
    assert [job["state"] for job in last["result"]["jobs"]] == ["skipped", "done", "done"]
    assert (out / "one.mp4").stat().st_mtime_ns == before
    assert names(out) == {"one.mp4", "two.mp4", "deep/three.mkv", "jobs.report.json"}


@pytest.mark.skipif(sys.platform == "win32", reason="there are no signals on Windows")
def test_a_job_whose_process_is_killed_takes_no_other_with_it(
    folder: Path, tiny_weights: Path, processes: list[subprocess.Popen[str]]
) -> None:
    table = write(folder, "video,speech,out\nclip.mp4,said.wav,one.mp4\nclip.mp4,said.wav,two.mp4\n")
    jobs = read_jobs(table, None, ["--weights", str(tiny_weights), "--device", "cpu"])

    def murder(job: Job, event: dict[str, Any]) -> None:
        if job.line == 2 and event["event"] == "progress":
            processes[0].kill()

    outcomes = list(hands.each(jobs, 1, murder))
    assert [outcome.state for outcome in outcomes] == ["failed", "done"]
    assert "ended by signal 9" in outcomes[0].message
    assert not (folder / "one.mp4").exists()
    assert len(processes) == 2


def test_who_stops_listening_stops_the_processes(
    folder: Path, tiny_weights: Path, processes: list[subprocess.Popen[str]]
) -> None:
    table = write(folder, "video,speech,out\nclip.mp4,said.wav,one.mp4\nclip.mp4,said.wav,two.mp4\n")
    jobs = read_jobs(table, None, ["--weights", str(tiny_weights), "--device", "cpu"])

    def interrupt(job: Job, event: dict[str, Any]) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        list(hands.each(jobs, 2, interrupt))
    assert len(processes) == 2
    assert all(process.poll() is not None for process in processes)
    assert names(folder) == {"clip.mp4", "said.wav", "jobs.csv"}


def test_the_weights_are_loaded_once_for_jobs_that_share_them(monkeypatch: pytest.MonkeyPatch) -> None:
    from synctalkface.cli.dub import _load

    loaded: list[str | None] = []

    class LipSync:
        @staticmethod
        def from_pretrained(weights: str | None, device: str, **options: object) -> LipSync:
            loaded.append(weights)
            return LipSync()

    for weights in ("a", "a", "b", "b", "a"):
        _load(LipSync, weights, "cpu", "auto", "auto", True)  # type: ignore[arg-type]
    assert loaded == ["a", "b", "a"]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("video,speech,out,fti\n", "the column 'fti' is unknown. Did you mean 'fit'?"),
        ("video,speech,out,force\na,b,c.mp4,yes\n", "the column 'force' is unknown."),
        ("video,speech\na.mp4,b.wav\n", "the column 'out' is missing"),
        ("video,speech,out,out\na,b,c.mp4,d.mp4\n", "the column 'out' is twice there"),
        ("video,speech,out\n\n", "has no jobs in it"),
        ("", "the column 'video' is missing"),
        ("video,speech,out\na.mp4,,c.mp4\n", "line 2: 'speech' is empty"),
        ("video,speech,out\na.mp4,b,c,d.mp4\n", "line 2: there are more values than columns"),
        ("video,speech,out,crf\na.mp4,b.wav,c.mp4,99\n", "line 2: Invalid value for '--crf'"),
        ("video,speech,out,fit\na.mp4,b.wav,c.mp4,stretch\n", "line 2: Invalid value for '--fit'"),
        ("video,speech,out,label\na.mp4,b.wav,c.mp4,perhaps\n", "line 2: 'label' is 'perhaps'. Write yes or no"),
        ("video,speech,out\na,b,c.mp4\nd,e,deep/../c.mp4\n", "lines 2 and 3 would both write"),
        ("video,speech,out\na,b,c.mp4\nc.mp4,e,f.mp4\n", "line 3 begins with .*c.mp4, which line 2 writes"),
    ],
)
def test_a_bad_table_is_refused_with_the_place_before_anything_is_done(
    tmp_path: Path, text: str, sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    table = write(tmp_path, text)
    with pytest.raises(ConfigError, match=sentence):
        read_jobs(table)
    assert answer(["dub-many", str(table)]) == 2
    assert capsys.readouterr().err.startswith("Error: ")
    assert names(tmp_path) == {"jobs.csv"}


@pytest.mark.parametrize("content", [None, b"\xff\xfe\x00v\x00i", b"video,speech,out\na,\xe9,c.mp4\n"])
def test_a_table_that_cannot_be_read_is_refused(tmp_path: Path, content: bytes | None) -> None:
    table = tmp_path / "jobs.csv"
    if content is not None:
        table.write_bytes(content)
    with pytest.raises(ConfigError, match=r"jobs\.csv (cannot be read|is no CSV table)"):
        read_jobs(table)


def test_paths_are_meant_from_the_table_and_columns_are_the_options_of_dub(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    table = write(
        tmp_path,
        "\ufeffVideo,Speech,Out,Weights,Face,Address-Only,Address,Label\n"
        '"a, b;c.mp4",-s.wav,o.mp4,mine,"64,20",yes,t.json,no\n\nv.mp4,s.wav,p.mp4,owner/name,,,,\n',
    )
    first, second = read_jobs(table, tmp_path / "results", ["--device", "cpu"])
    at = str(tmp_path)
    assert first.line == 2
    assert first.out == tmp_path / "results" / "o.mp4"
    assert first.arguments == (
        "--device", "cpu", "--out", f"{at}/results/o.mp4", "--weights", f"{at}/mine", "--face", "64,20",
        "--address-only", "--address", f"{at}/t.json", "--", f"{at}/a, b;c.mp4", f"{at}/-s.wav",
    )  # fmt: skip
    assert second.line == 4
    assert "owner/name" in second.arguments


def test_on_ray_a_failure_is_told_and_the_rest_is_finished(
    folder: Path, tiny_weights: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("ray", reason="the optional extra [ray] is not installed")
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    table = write(folder, "video,speech,out\nclip.mp4,said.wav,one.mp4\ngone.mp4,said.wav,two.mp4\n")
    arguments = ["--weights", str(tiny_weights), "--device", "cpu", "--ray", "local", "--events"]
    assert answer(["dub-many", str(table), *arguments]) == 1
    last = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert [job["state"] for job in last["result"]["jobs"]] == ["done", "failed"]
    assert "There is no file" in last["result"]["jobs"][1]["message"]
    assert len(probe(folder / "one.mp4").clock) == last["result"]["jobs"][0]["frames"]


def test_on_ray_a_process_that_dies_is_told(folder: Path) -> None:
    pytest.importorskip("ray", reason="the optional extra [ray] is not installed")
    from synctalkface.data.on_ray import each

    def work(number: int) -> str:
        if number == 1:
            os.kill(os.getpid(), signal.SIGKILL)
        return f"{number} done"

    told = dict(each(work, [0, 1, 2], "local", crashed=lambda number, why: f"{number} died: {why}"))
    assert told[0] == "0 done"
    assert told[1].startswith("1 died: ")
    assert told[2] == "2 done"
