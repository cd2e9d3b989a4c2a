"""Both zips install, enable, disable and enable again, and leave nothing behind."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import bpy
import pytest
from conftest import ROOT, sys_python

MODULE = "synctalkface"
LEGACY = "synctalkface_blender"

# Run in a Blender of its own: installing changes what the other tests work with
SCRIPT = """
import sys, bpy
path, kind = sys.argv[sys.argv.index("--") + 1:]
if kind == "extension":
    bpy.ops.extensions.package_install_files(filepath=path, repo="user_default", enable_on_install=False)
    name = "bl_ext.user_default.synctalkface"
else:
    bpy.ops.preferences.addon_install(filepath=path)
    name = "synctalkface_blender"
before = set(dir(bpy.types))
handlers = [len(bpy.app.handlers.load_pre), len(bpy.app.handlers.load_post)]
for round in range(2):
    bpy.ops.preferences.addon_enable(module=name)
    assert name in bpy.context.preferences.addons, "not enabled"
    assert hasattr(bpy.types, "SYNCTALKFACE_PT_main") and hasattr(bpy.context.scene, "synctalkface")
    assert bpy.context.preferences.addons[name].preferences.idle == 300
    bpy.ops.preferences.addon_disable(module=name)
    assert set(dir(bpy.types)) - before == set(), set(dir(bpy.types)) - before
    assert not hasattr(bpy.types.Scene, "synctalkface")
    assert handlers == [len(bpy.app.handlers.load_pre), len(bpy.app.handlers.load_post)]
print("ALL WELL")
import os; sys.stdout.flush(); os._exit(0)
"""


@pytest.fixture
def zips(tmp_path: Path) -> list[Path]:
    command = [sys_python(), str(ROOT / "plugin" / "build.py"), str(tmp_path)]
    return [Path(line) for line in subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()]


def blender(script: Path, *arguments: str) -> str:
    program = [bpy.app.binary_path, "-b", "--factory-startup", "--python-exit-code", "1", "--python"]
    start = program if bpy.app.binary_path else [sys.executable]
    home = {
        f"BLENDER_USER_{n}": str(script.parent / n.lower()) for n in ("CONFIG", "SCRIPTS", "EXTENSIONS", "DATAFILES")
    }
    for folder in home.values():
        Path(folder).mkdir()
    command = [*start, str(script), "--", *arguments]
    answer = subprocess.run(command, check=False, capture_output=True, text=True, env={**os.environ, **home})
    return answer.stdout + answer.stderr


@pytest.mark.parametrize("kind", ["extension", "legacy"])
def test_a_zip_installs_and_comes_and_goes_twice(kind: str, zips: list[Path], tmp_path: Path) -> None:
    if kind == "extension" and bpy.app.version < (4, 2):
        pytest.skip("extensions came with Blender 4.2")
    script = tmp_path / "install.py"
    script.write_text(SCRIPT, encoding="utf-8")
    said = blender(script, str(zips[kind == "legacy"]), kind)
    assert "ALL WELL" in said, said


def test_blender_itself_finds_no_fault_with_the_extension(zips: list[Path], tmp_path: Path) -> None:
    if bpy.app.version < (4, 2):
        pytest.skip("extensions came with Blender 4.2")
    [tool] = Path(bpy.utils.resource_path("LOCAL")).glob("scripts/addons_core/bl_pkg/cli/blender_ext.py")
    command = [sys.executable, str(tool), "validate", str(zips[0])]
    answer = subprocess.run(command, check=False, capture_output=True, text=True)
    assert answer.returncode == 0, answer.stdout + answer.stderr
