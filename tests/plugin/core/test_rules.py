"""The add-on keeps its rules: no threads, no sockets, no torch, no bpy in core, version differences in one file."""

from __future__ import annotations

import ast
import re
import zipfile
from pathlib import Path

import pytest

from plugin.build import build

PLUGIN = Path(__file__).parents[3] / "plugin"
FILES = sorted(PLUGIN.rglob("*.py"))
every_file = pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PLUGIN)))


def imported(path: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            names.add(node.module.split(".")[0])
    return names


@every_file
def test_it_is_written_for_the_oldest_python_in_any_blender(path: Path) -> None:
    ast.parse(path.read_text(encoding="utf-8"), feature_version=(3, 10))


@every_file
def test_nothing_that_makes_blender_crash_or_swell_is_imported(path: Path) -> None:
    banned = {"threading", "multiprocessing", "concurrent", "socket", "asyncio", "torch", "numpy", "synctalkface"}
    assert imported(path) & banned == set()


@every_file
def test_only_the_blender_half_knows_blender(path: Path) -> None:
    if path.parent.name != "blender":
        assert "bpy" not in imported(path)


@every_file
def test_calls_that_crash_or_block_a_window_are_not_made(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert not re.search(r"bpy\.ops\.sequencer|_strip_add", text)
    assert "bpy.app.timers" not in text
    if path.name != "isolate.py":  # runs in a background Blender of its own
        assert not re.search(r"ops\.sound|ops\.render", text)


@every_file
def test_only_one_file_names_what_differs_between_blenders(path: Path) -> None:
    if path.name != "compat.py":
        text = path.read_text(encoding="utf-8")
        assert not re.search(r"\.(sequences|sequences_all|frame_final_\w+|left_handle|retiming_keys)\b", text)


@every_file
def test_a_file_is_a_small_room_with_one_idea(path: Path) -> None:
    lines = path.read_text(encoding="utf-8").splitlines()
    assert lines[0].startswith('"""')
    assert len(lines) <= 300


def test_both_zips_hold_the_same_add_on_and_are_the_same_every_time(tmp_path: Path) -> None:
    extension, legacy = build(tmp_path / "one")
    assert [path.read_bytes() for path in build(tmp_path / "two")] == [extension.read_bytes(), legacy.read_bytes()]
    names = zipfile.ZipFile(extension).namelist()
    assert {"__init__.py", "blender_manifest.toml", "LICENSE", "core/desk.py", "blender/panel.py"} <= set(names)
    assert "build.py" not in names
    inside = [name.removeprefix("synctalkface_blender/") for name in zipfile.ZipFile(legacy).namelist()]
    assert set(names) - set(inside) == {"blender_manifest.toml"}
