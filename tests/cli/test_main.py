"""The door: every error leaves as one sentence and an exit code, for people and for programs."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import typer

from synctalkface import __version__
from synctalkface.cli import main
from synctalkface.cli.main import answer
from synctalkface.errors import NoFaceError
from synctalkface.events import Listener, Progress


@pytest.fixture
def stand_in(monkeypatch: pytest.MonkeyPatch) -> typer.Typer:
    """A command line like ours, whose commands only fail."""
    app = typer.Typer()

    @app.command()
    def faceless(events: bool = False) -> None:
        raise NoFaceError("No face in talk.mp4. Choose a clip where the face can be seen.")

    @app.command()
    def interrupted(events: bool = False) -> None:
        raise KeyboardInterrupt

    @app.command()
    def buggy() -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(main, "app", app)
    return app


@pytest.mark.usefixtures("stand_in")
def test_an_error_is_one_sentence_and_exit_code_2(capsys: pytest.CaptureFixture[str]) -> None:
    assert answer(["faceless"]) == 2
    out, err = capsys.readouterr()
    assert err == "Error: No face in talk.mp4. Choose a clip where the face can be seen.\n"
    assert out == ""


@pytest.mark.usefixtures("stand_in")
def test_with_events_an_error_is_a_json_line_too(capsys: pytest.CaptureFixture[str]) -> None:
    assert answer(["faceless", "--events"]) == 2
    out, err = capsys.readouterr()
    assert json.loads(out) == {
        "event": "failed",
        "kind": "NoFaceError",
        "message": "No face in talk.mp4. Choose a clip where the face can be seen.",
    }
    assert err.startswith("Error: No face")


@pytest.mark.usefixtures("stand_in")
def test_ctrl_c_is_130_and_a_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    assert answer(["interrupted"]) == 130
    assert capsys.readouterr().err == "Stopped at your request.\n"


@pytest.mark.usefixtures("stand_in")
def test_a_bug_is_not_hidden() -> None:
    with pytest.raises(ZeroDivisionError):
        answer(["buggy"])


def test_an_unknown_option_gets_a_suggestion(capsys: pytest.CaptureFixture[str]) -> None:
    assert answer(["dub", "a.mp4", "b.wav", "--out", "c.mp4", "--forse"]) == 2
    err = capsys.readouterr().err
    assert "--forse" in err
    assert "--force" in err


def test_an_unknown_command_gets_a_suggestion(capsys: pytest.CaptureFixture[str]) -> None:
    assert answer(["dubb"]) == 2
    assert "'dub'" in capsys.readouterr().err


def test_an_unknown_preset_gets_a_suggestion(capsys: pytest.CaptureFixture[str]) -> None:
    assert answer(["train", "syncnet", "--data", "d", "--out", "o", "--preset", "bse"]) == 2
    assert "'base'" in capsys.readouterr().err


def test_an_unknown_setting_gets_a_suggestion(capsys: pytest.CaptureFixture[str]) -> None:
    assert answer(["train", "syncnet", "--data", "d", "--out", "o", "--set", "training.stesp=5"]) == 2
    assert "'training.steps'" in capsys.readouterr().err


@pytest.mark.parametrize("arguments", [[], ["--help"], ["dub", "--help"], ["train", "generator", "--help"]])
def test_help_is_no_error(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert answer(arguments) == 0
    assert "Usage" in capsys.readouterr().out


def test_the_version_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    assert answer(["--version"]) == 0
    assert capsys.readouterr().out == f"synctalkface {__version__}\n"


def test_the_module_runs_as_a_program_and_exits_with_2_for_a_missing_file(tmp_path: Path) -> None:
    missing = tmp_path / "no such clip.mp4"
    speech = tmp_path / "speech.wav"
    command = [sys.executable, "-m", "synctalkface", "dub", str(missing), str(speech), "-o", str(tmp_path / "out.mp4")]
    ended = subprocess.run([*command, "--events"], capture_output=True, text=True, check=False)
    assert ended.returncode == 2
    assert "Traceback" not in ended.stderr
    assert "no such clip.mp4" in ended.stderr
    assert json.loads(ended.stdout.splitlines()[-1])["event"] == "failed"


def test_a_reader_that_goes_away_ends_the_program_quietly() -> None:
    program = (
        "import sys, typer\n"
        "from synctalkface.cli import main\n"
        "app = typer.Typer()\n"
        "@app.command()\n"
        "def chatter() -> None:\n"
        "    for _ in range(100_000):\n"
        "        typer.echo('x' * 100)\n"
        "main.app = app\n"
        "main.run(['--'])\n"
    )
    process = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.read(10)
    process.stdout.close()
    errors = process.stderr.read()
    process.stderr.close()
    assert process.wait() == 1
    assert errors == b""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows ends a process without telling it")
@pytest.mark.parametrize(("sent", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_a_program_that_is_told_to_stop_cleans_up_first(sent: signal.Signals, code: int, tmp_path: Path) -> None:
    begun = tmp_path / "begun.part"
    program = (
        "import pathlib, signal, time, typer\n"
        "from synctalkface.cli import main\n"
        "signal.signal(signal.SIGINT, signal.default_int_handler)  # a background job of a shell ignores it\n"
        f"begun = pathlib.Path({str(begun)!r})\n"
        "app = typer.Typer()\n"
        "@app.command()\n"
        "def work() -> None:\n"
        "    try:\n"
        "        begun.touch()\n"
        "        print('begun', flush=True)\n"
        "        time.sleep(60)\n"
        "    finally:\n"
        "        begun.unlink()\n"
        "main.app = app\n"
        "main.run(['--'])\n"
    )
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "begun\n"
        process.send_signal(sent)
        assert process.wait() == code
    assert not begun.exists()


def test_the_dub_command_passes_on_what_was_asked_for(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    asked: dict[str, object] = {}

    class Report:
        def as_dict(self) -> dict[str, object]:
            return {"frames": 75}

        def summary(self) -> str:
            return "75 frames dubbed."

    class LipSync:
        @staticmethod
        def from_pretrained(weights: str | None, device: str, **options: object) -> LipSync:
            asked.update(weights=weights, device=device, **options)
            return LipSync()

        def dub(self, video: Path, speech: Path, out: Path, *, on_progress: Listener, **options: object) -> Report:
            asked.update(video=video, speech=speech, out=out, **options)
            on_progress(Progress("draw", 75, 75))
            return Report()

    monkeypatch.setitem(sys.modules, "synctalkface.pipeline", type(sys)("synctalkface.pipeline"))
    monkeypatch.setattr(sys.modules["synctalkface.pipeline"], "LipSync", LipSync, raising=False)
    choices = ["--fit", "hold", "--face", "2", "--crf", "20", "--force", "--resume", "--no-cache", "--events"]
    assert answer(["dub", "a.mp4", "b.wav", "-o", "c.mp4", *choices]) == 0
    assert asked == {
        "weights": None, "device": "auto", "video": Path("a.mp4"), "speech": [Path("b.wav")], "out": Path("c.mp4"),
        "fit": "hold", "face": ["2"], "overwrite": True, "crf": 20, "address": None, "hear": True, "label": False,
        "keep_audio": False, "resume": True, "preset": "veryfast", "engine": "auto", "precision": "auto",
        "remember": False,
    }  # fmt: skip
    assert [json.loads(line)["event"] for line in capsys.readouterr().out.splitlines()] == ["progress", "done"]
