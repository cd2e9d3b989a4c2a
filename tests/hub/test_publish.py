"""What the project publishes: its weights, the Space, the add-on."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest
import yaml

from synctalkface import hub
from tests.hub.recording_hub import RecordingHub

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def publish() -> ModuleType:
    """hub/publish.py, a script and no part of a package."""
    spec = importlib.util.spec_from_file_location("publish", ROOT / "hub" / "publish.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["publish"] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def ours(tiny: Path, publish: ModuleType, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The tiny weights, as if they were those that ship; the trial dub is left out."""
    monkeypatch.setattr(hub, "shipped", lambda: tiny)
    monkeypatch.setattr(publish, "try_weights", lambda folder: None)
    return tiny


@pytest.fixture
def results(tmp_path: Path) -> Path:
    path = tmp_path / "results.md"
    path.write_text("# Results\n\nMeasured.\n\n## Sync\n\n| LSE-C | 7.5 |\n")
    return path


def test_the_published_weights_are_those_that_ship(
    ours: Path, publish: ModuleType, online: RecordingHub, results: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["weights", "us/base", "--results", str(results)]
    assert publish.main(command) == 0
    assert online.requests == []
    assert publish.main([*command, "--upload"]) == 0
    there = online.files("us/base")
    assert {"LICENSE", "NOTICE", "README.md", "SHA256SUMS"} <= there.keys()
    assert publish.main(["check", "us/base"]) == 0
    assert "us/base holds the weights that ship" in capsys.readouterr().out
    card = there["README.md"].data.decode()
    assert "## Results\n\nMeasured.\n\n### Sync\n" in card
    assert "CC BY 4.0" in card
    assert "license: apache-2.0" in card


def test_weights_that_differ_from_those_that_ship_are_noticed(
    ours: Path, publish: ModuleType, online: RecordingHub, capsys: pytest.CaptureFixture[str]
) -> None:
    hub.push_to_hub(ours, "us/base")
    (ours / hub.SYNCNET).write_bytes(b"other")
    assert publish.main(["check", "us/base"]) == 2
    assert "differs from the weights that ship in syncnet.safetensors" in capsys.readouterr().err


def test_a_card_without_scores_is_not_published(
    ours: Path, publish: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert publish.main(["weights", "us/base", "--results", str(tmp_path / "none.md")]) == 2
    assert "a card without scores is not published" in capsys.readouterr().err


def test_the_zips_of_the_add_on_replace_older_ones_and_leave_the_weights(
    ours: Path, publish: ModuleType, online: RecordingHub, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    hub.push_to_hub(ours, "us/base")
    dist = tmp_path / "dist"
    dist.mkdir()
    assert publish.main(["addon", "us/base", "--folder", str(dist)]) == 2
    assert "make plugin-zips" in capsys.readouterr().err
    for version in ("1", "2"):
        (dist / f"addon-{version}.zip").write_bytes(b"zip" + version.encode())
        assert publish.main(["addon", "us/base", "--folder", str(dist), "--upload"]) == 0
        (dist / f"addon-{version}.zip").unlink()
    there = online.files("us/base")
    assert [name for name in there if name.startswith("blender/")] == ["blender/addon-2.zip"]
    assert hub.GENERATOR in there


def test_the_space_holds_the_page_and_the_library(ours: Path, publish: ModuleType, online: RecordingHub) -> None:
    assert publish.main(["space", "us/page", "--model", "us/base", "--upload"]) == 0
    there = online.files("us/page", kind="spaces")
    assert {"app.py", "requirements.txt", "packages.txt", "synctalkface/__init__.py", "LICENSE"} <= there.keys()
    assert [name for name in there if "__pycache__" in name] == []
    header = yaml.safe_load(there["README.md"].data.decode().split("---\n")[1])
    assert header["models"] == ["us/base"]
    assert header["preload_from_hub"] == ["us/base"]
    assert header["sdk"] == "gradio"
    assert (ROOT / "demo" / header["app_file"]).is_file()
    assert online.created[-1]["sdk"] == "gradio"


def test_no_space_is_built_without_weights(
    publish: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(hub, "shipped", lambda: tmp_path)
    assert publish.main(["space", "us/page"]) == 2
    assert "holds no weights" in capsys.readouterr().err


@pytest.mark.skipif(not hub.holds(hub.shipped(), hub.GENERATOR), reason="no weights ship yet")
def test_the_weights_that_ship_can_be_published_as_they_are(tmp_path: Path, publish: ModuleType) -> None:
    parcel = hub.pack(hub.shipped(), tmp_path / "built", "us/base", hub.Facts())
    assert publish.differences(hub.shipped(), parcel.folder) == []
