"""Blender lives through whatever the worker does, takes up what was left over, and asks before it uses the network."""

from __future__ import annotations

import importlib
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import bpy
import pytest
from conftest import ADDON, ROOT, sys_python


def strips(scene: Any) -> Any:
    return importlib.import_module(f"{ADDON}.blender.compat").strips_of(scene.sequence_editor)


@pytest.fixture
def laid_out(scene: Any, media: Path, tmp_path: Path) -> Any:
    for strip in (
        strips(scene).new_movie(name="face", filepath=str(media / "grey25.mkv"), channel=1, frame_start=11),
        strips(scene).new_sound(name="speech", filepath=str(media / "noise.wav"), channel=2, frame_start=1),
    ):
        strip.select = True
    scene.synctalkface.folder = str(tmp_path / "out")
    return scene


@pytest.mark.parametrize(
    ("mode", "words"),
    [
        ("crash", "signal SIGSEGV"),
        ("kill", "signal SIGKILL"),
        ("garbage", "not the worker"),
        ("protocol", "speaks protocol 99"),
        ("fail", "No face in it"),
    ],
)
def test_blender_lives_and_says_what_happened(
    mode: str, words: str, laid_out: Any, session: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FAKE_WORKER", mode)
    with pytest.raises(RuntimeError, match=words):
        bpy.ops.synctalkface.lipsync("EXEC_DEFAULT")
    [job] = session.current().desk.jobs
    assert job.state == "failed"
    assert len(strips(laid_out)) == 2, "nothing was changed"
    bpy.ops.synctalkface.dismiss(job=job.id)
    assert session.current().desk.jobs == []


def test_a_worker_that_is_missing_is_a_sentence(laid_out: Any, addon: Any) -> None:
    session = importlib.import_module(f"{ADDON}.blender.session")
    session.end()
    session.preferences().python = ""
    with pytest.raises(RuntimeError, match="No Python with synctalkface is known yet"):
        bpy.ops.synctalkface.check("EXEC_DEFAULT")
    session.preferences().python = "/nowhere/python"
    with pytest.raises(RuntimeError, match="/nowhere/python cannot be started"):
        bpy.ops.synctalkface.check("EXEC_DEFAULT")
    session.preferences().python = sys_python()
    session.end()


def test_a_check_tells_the_device(laid_out: Any, session: Any) -> None:
    assert bpy.ops.synctalkface.check("EXEC_DEFAULT") == {"FINISHED"}
    assert session.current().desk.device == "imagination"


def test_no_network_is_used_without_leave(laid_out: Any, session: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    compat = importlib.import_module(f"{ADDON}.blender.compat")
    monkeypatch.setattr(compat, "online_allowed", lambda: False)
    with pytest.raises(RuntimeError, match="may not use the network"):
        bpy.ops.synctalkface.make_environment("EXEC_DEFAULT")
    assert session.current().setup is None


def test_an_environment_without_its_wheels_fails_with_a_sentence(laid_out: Any, session: Any, tmp_path: Path) -> None:
    session.preferences().wheels = str(tmp_path)
    session.preferences().base = os.environ.get("BASE_PYTHON", sys_python())
    try:
        with pytest.raises(RuntimeError, match="could not be made"):
            bpy.ops.synctalkface.make_environment("EXEC_DEFAULT")
    finally:
        session.preferences().wheels = session.preferences().base = ""


def test_the_panel_and_its_menus_are_there(addon: Any) -> None:
    assert bpy.types.SYNCTALKFACE_PT_main.bl_category == "Lip-Sync"
    for name in ("SEQUENCER_MT_strip", "SEQUENCER_MT_context_menu"):
        names = [draw.__name__ for draw in getattr(bpy.types, name)._dyn_ui_initialize()]
        assert "_draw_menu" in names


HOST = """
import importlib, os, sys
sys.path[:0] = [{root!r}, {tests!r}]
import conftest, bpy
addon = importlib.import_module("plugin")
compat = importlib.import_module("plugin.blender.compat")
compat.user_folder = lambda package: {user!r}
bpy.ops.wm.open_mainfile(filepath={blend!r})
bpy.context.preferences.addons.new().module = "plugin"
addon.register()
session = importlib.import_module("plugin.blender.session")
process = importlib.import_module("plugin.core.process")
session.start_worker = lambda folder: process.Child(
    [conftest.sys_python(), {fake!r}, conftest.FFMPEG, "slow"], folder)
session.current().desk._start = session.start_worker
if hasattr(bpy.context.workspace, "sequencer_scene"):
    bpy.context.workspace.sequencer_scene = bpy.context.scene
bpy.ops.synctalkface.lipsync("EXEC_DEFAULT")
"""


@pytest.mark.skipif(os.name != "posix", reason="signals as POSIX has them")
def test_a_blender_that_is_killed_leaves_no_orphan_and_its_job_can_be_resumed(
    laid_out: Any, session: Any, tmp_path: Path
) -> None:
    blend, script = str(tmp_path / "film.blend"), tmp_path / "host.py"
    bpy.ops.wm.save_as_mainfile(filepath=blend)
    here = session.current()
    tests = Path(__file__).parent
    script.write_text(
        HOST.format(
            root=str(ROOT),
            tests=str(tests),
            user=str(here.folder),
            blend=blend,
            fake=str(tests.parent / "fake_worker.py"),
        ),
        encoding="utf-8",
    )
    program = [bpy.app.binary_path, "-b", "--factory-startup", "--python"] if bpy.app.binary_path else [sys.executable]
    environment = {**os.environ, "BLENDER_TEST_HOME": str(tmp_path / "home")}
    with (tmp_path / "log").open("wb") as log:
        host = subprocess.Popen([*program, str(script)], stdout=log, stderr=log, env=environment)
    give_up = time.monotonic() + 90
    while not (found := running(here.desk.records)):
        assert time.monotonic() < give_up and host.poll() is None, (tmp_path / "log").read_text(encoding="utf-8")
        time.sleep(0.1)
    [worker] = [int(path.name) for path in Path("/proc").iterdir() if path.name.isdigit() and is_worker(path)]
    host.send_signal(signal.SIGKILL)
    host.wait()
    while is_worker(Path(f"/proc/{worker}")):
        assert time.monotonic() < give_up
        time.sleep(0.05)

    here.look_for_left_over()
    assert [job.id for job in here.left_over] == found
    bpy.ops.synctalkface.resume(job="")
    while here.busy:
        here.tick()
        importlib.import_module(f"{ADDON}.blender.operators").place_finished(here)
        assert time.monotonic() < give_up
        time.sleep(0.02)
    assert [job.state for job in here.desk.jobs] == ["placed"], here.desk.jobs[0].message
    assert "face.sync" in strips(bpy.context.scene)
    here.look_for_left_over()
    assert here.left_over == []


def running(records: Path) -> list[str]:
    """The jobs that a worker has in its hands."""
    jobs = [json.loads(path.read_text(encoding="utf-8")) for path in records.glob("*/job.json")]
    return [job["id"] for job in jobs if job["state"] == "running"]


def is_worker(process: Path) -> bool:
    """Is it a fake worker that was told to be slow, and does it run?"""
    try:
        words = (process / "cmdline").read_bytes().split(b"\0")
    except OSError:
        return False
    return len(words) > 2 and words[1].endswith(b"fake_worker.py") and b"slow" in words
