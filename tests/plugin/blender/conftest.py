"""A Blender with the add-on enabled, an empty sequence, and clips whose pixels tell which frame they are."""

from __future__ import annotations

import importlib
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[3]
_HOME = Path(os.environ.get("BLENDER_TEST_HOME") or tempfile.mkdtemp(prefix="synctalkface-blender-"))
for _name in ("CONFIG", "DATAFILES", "SCRIPTS", "EXTENSIONS"):
    os.environ[f"BLENDER_USER_{_name}"] = str(_HOME / _name.lower())
    (_HOME / _name.lower()).mkdir(parents=True)

import bpy  # noqa: E402 (it reads the folders above when it starts, where it is a module)

sys.path.insert(0, str(ROOT))
ADDON = "plugin"
FFMPEG = shutil.which("ffmpeg") or "ffmpeg"


@pytest.fixture(scope="session")
def addon() -> Iterator[Any]:
    """The add-on, enabled from the source tree, with all its files in a folder of the tests."""
    compat = importlib.import_module(f"{ADDON}.blender.compat")
    compat.user_folder = lambda package: str(_HOME / "datafiles")
    module = importlib.import_module(ADDON)
    bpy.context.preferences.addons.new().module = ADDON
    module.register()
    yield module
    module.unregister()


def pytest_sessionfinish() -> None:
    """Take the folders away."""
    shutil.rmtree(_HOME, ignore_errors=True)


@pytest.fixture
def session(addon: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The module of the session, with the fake worker in place of the real one."""
    module = importlib.import_module(f"{ADDON}.blender.session")
    module.preferences().python = ""
    process = importlib.import_module(f"{ADDON}.core.process")

    def start(folder: Path) -> Any:
        mode = os.environ.get("FAKE_WORKER", "")
        command = [sys_python(), str(Path(__file__).parents[1] / "fake_worker.py"), FFMPEG, mode]
        return process.Child(command, folder)

    monkeypatch.setattr(module, "start_worker", start)
    module.end()
    shutil.rmtree(_HOME / "datafiles", ignore_errors=True)
    (_HOME / "datafiles").mkdir()
    yield module
    module.end()


def sys_python() -> str:
    """A Python to run scripts with: inside Blender, sys.executable is whatever it found."""
    return shutil.which("python3") or sys.executable


@pytest.fixture
def scene(addon: Any) -> Any:
    """An empty file with a small scene of 25 frames a second, and nothing else."""
    bpy.ops.wm.read_factory_settings(use_empty=True)
    if ADDON not in bpy.context.preferences.addons:
        bpy.context.preferences.addons.new().module = ADDON
    made = bpy.context.scene
    if hasattr(bpy.context.workspace, "sequencer_scene"):
        bpy.context.workspace.sequencer_scene = made
    made.render.resolution_x, made.render.resolution_y, made.render.resolution_percentage = 96, 64, 100
    made.render.fps, made.render.fps_base = 25, 1.0
    made.view_settings.view_transform = "Standard"
    made.render.dither_intensity = 0.0
    made.sequence_editor_create()
    return made


@pytest.fixture(scope="session")
def media(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """grey<rate>.mkv: 100 frames whose grey is 2 x the frame's number + 20; noise.wav: 10 s of white noise."""
    folder = tmp_path_factory.mktemp("mé dia's")
    for rate, text in (("24", "24"), ("25", "25"), ("30000/1001", "2997"), ("30", "30")):
        picture = f"nullsrc=s=96x64:r={rate}:d=9,geq=lum='20+2*N':cb=128:cr=128,format=yuv420p"
        ffmpeg("-f", "lavfi", "-i", picture, "-frames:v", "100", "-c:v", "ffv1", str(folder / f"grey{text}.mkv"))
    noise = "aevalsrc=exprs='random(0)*0.8-0.4':s=48000:d=10"
    ffmpeg("-f", "lavfi", "-i", noise, "-c:a", "pcm_s16le", str(folder / "noise.wav"))
    return folder


def ffmpeg(*arguments: str) -> bytes:
    """What ffmpeg writes to stdout."""
    command = [FFMPEG, "-nostdin", "-loglevel", "error", "-y", *arguments]
    return subprocess.run(command, check=True, capture_output=True).stdout
