"""The house keeps its own rules: arrows, sizes, doors, and documents that tell the truth."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer.main

ROOT = Path(__file__).parents[1]
LIBRARY = ROOT / "synctalkface"
FILES = sorted(LIBRARY.rglob("*.py"))
DOCUMENTS = [ROOT / name for name in ("README.md", "CONTRIBUTING.md", "ARCHITECTURE.md")]


def of_library(path: Path) -> str:
    return str(path.relative_to(ROOT))


every_file = pytest.mark.parametrize("path", FILES, ids=of_library)


def nodes(path: Path) -> Iterator[ast.AST]:
    return ast.walk(ast.parse(path.read_text(encoding="utf-8")))


def test_arrows_between_rooms_point_down_only(monkeypatch: pytest.MonkeyPatch) -> None:
    from importlinter.cli import lint_imports

    monkeypatch.chdir(ROOT)
    assert lint_imports(no_cache=True) == 0


@every_file
def test_a_file_says_its_one_idea_in_its_first_line(path: Path) -> None:
    assert path.read_text(encoding="utf-8").startswith('"""')


@every_file
def test_a_file_is_a_small_room(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 300


@every_file
def test_a_function_fits_on_a_screen(path: Path) -> None:
    functions = [n for n in nodes(path) if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef)]
    assert [f.name for f in functions if (f.end_lineno or 0) - f.lineno >= 60] == []


@every_file
def test_no_error_is_caught_blindly(path: Path) -> None:
    handlers = [n for n in nodes(path) if isinstance(n, ast.ExceptHandler)]
    caught = ["everything" if h.type is None else ast.unparse(h.type) for h in handlers]
    assert [c for c in caught if re.search(r"\b(everything|Exception|BaseException)\b", c)] == []


@every_file
def test_nothing_prints_but_the_command_line(path: Path) -> None:
    calls = [ast.unparse(n.func) for n in nodes(path) if isinstance(n, ast.Call)]
    assert "print" not in calls


@every_file
def test_no_command_goes_through_a_shell(path: Path) -> None:
    calls = [n for n in nodes(path) if isinstance(n, ast.Call)]
    names = {ast.unparse(c.func) for c in calls}
    assert not names & {"os.system", "os.popen", "subprocess.getoutput", "subprocess.getstatusoutput"}
    assert [c.lineno for c in calls for k in c.keywords if k.arg == "shell"] == []


@every_file
def test_nothing_is_left_for_later(path: Path) -> None:
    assert re.findall(r"\b(TODO|FIXME|XXX|HACK)\b", path.read_text(encoding="utf-8")) == []


@every_file
def test_no_file_is_a_drawer_for_odds_and_ends(path: Path) -> None:
    assert path.stem not in {"utils", "util", "helpers", "helper", "common", "misc"}


def test_every_rule_that_is_switched_off_has_a_reason() -> None:
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    [block] = re.findall(r"^ignore = \[\n(.*?)^\]", text, re.MULTILINE | re.DOTALL)
    assert [line for line in block.splitlines() if not re.search(r'",\s+# \w', line)] == []


def test_torch_2_13_is_in_the_range_and_2_14_is_not() -> None:
    from packaging.requirements import Requirement

    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    [torch] = [r for r in map(Requirement, project["dependencies"]) if r.name == "torch"]
    assert torch.specifier.contains("2.13.0")
    assert not torch.specifier.contains("2.14.0")


def test_no_opencv_stands_beside_the_other() -> None:
    assert "opencv-python-headless>" not in (ROOT / "pyproject.toml").read_text(encoding="utf-8")


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_make_command_of_the_documents_exists(document: Path) -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    asked = set(re.findall(r"(?:^|`)make ([a-z-]+)", document.read_text(encoding="utf-8"), re.MULTILINE))
    assert asked - targets == set()


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_option_of_the_documents_exists(document: Path) -> None:
    blocks = re.findall(r"^```\n(.*?)^```", document.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    for line in re.findall(r"^synctalkface (.+)$", "".join(blocks), re.MULTILINE):
        words = line.split()
        known = options_of(words)
        assert [word for word in words if word.startswith("-") and word not in known] == [], line


def options_of(words: list[str]) -> set[str]:
    """The options of the sub-command that `words` begin with."""
    from synctalkface.cli.main import app

    command = typer.main.get_command(app)
    for word in words:
        below = getattr(command, "commands", {})
        if word not in below:
            assert not below, f"there is no sub-command '{word}'"
            break
        command = below[word]
    return {"--help"} | {option for parameter in command.params for option in parameter.opts + parameter.secondary_opts}


def test_the_architecture_names_every_room() -> None:
    rooms = {p.stem for p in LIBRARY.glob("*.py") if not p.stem.startswith("__")}
    rooms |= {p.parent.name for p in LIBRARY.glob("*/__init__.py")}
    text = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
    assert {room for room in rooms if f"`{room}" not in text} == set()


def test_the_samples_that_the_makefile_dubs_are_there() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    samples = re.findall(r"^(?:FACE|SPEECH) \?= (.+)$", makefile, re.MULTILINE)
    assert len(samples) == 2
    assert all((ROOT / sample).is_file() for sample in samples)


@pytest.mark.parametrize("module", ["synctalkface", "synctalkface.cli.main"])
def test_no_torch_is_imported_before_it_is_needed(module: str) -> None:
    program = f"import sys, {module}; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
