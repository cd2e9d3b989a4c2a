"""What a Space is told about itself is true."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).parents[2]
DEMO = ROOT / "demo"


def requirements(lines: list[str]) -> dict[str, Requirement]:
    found = [Requirement(line) for line in lines if line and not line.startswith("#")]
    return {requirement.name: requirement for requirement in found}


def card() -> dict[str, str]:
    text = (DEMO / "README.md").read_text(encoding="utf-8")
    head = text.split("---\n")[1]
    pairs = [line.split(": ", 1) for line in head.splitlines() if ": " in line]
    return {name: value.strip('"') for name, value in pairs}


def test_the_space_installs_what_the_library_and_the_page_need() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    wanted = requirements(project["dependencies"] + project["optional-dependencies"]["demo"])
    there = requirements((DEMO / "requirements.txt").read_text(encoding="utf-8").splitlines())
    assert {name: str(one.specifier) for name, one in there.items()} == {
        name: str(one.specifier) for name, one in wanted.items()
    }


def test_the_card_names_a_file_that_is_there_and_a_gradio_that_the_page_takes() -> None:
    facts = card()
    assert facts["sdk"] == "gradio"
    assert (DEMO / facts["app_file"]).is_file()
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    gradio = requirements(project["optional-dependencies"]["demo"])["gradio"]
    assert gradio.specifier.contains(facts["sdk_version"])
    assert Requirement(f"python{project['requires-python']}").specifier.contains(facts["python_version"])


def test_the_space_has_the_libraries_of_the_system_that_opencv_needs() -> None:
    packages = (DEMO / "packages.txt").read_text(encoding="utf-8").split()
    assert {"libgl1", "libglib2.0-0"} <= set(packages)


def test_the_demo_knows_the_package_root_only() -> None:
    lines = [line.strip() for path in DEMO.rglob("*.py") for line in path.read_text(encoding="utf-8").splitlines()]
    imports = [line for line in lines if line.startswith(("from synctalkface", "import synctalkface"))]
    assert [line for line in imports if line.split()[1] != "synctalkface"] == []


@pytest.mark.parametrize("name", ["face.mp4", "speech.flac"])
def test_the_examples_ship(name: str) -> None:
    assert 10_000 < (DEMO / "examples" / name).stat().st_size < 200_000
