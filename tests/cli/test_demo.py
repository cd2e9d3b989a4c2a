"""`synctalkface demo` starts the page with what it was told, and says what is missing."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

import synctalkface.cli.demo
from synctalkface.cli.main import answer


@pytest.fixture
def page(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A page that writes down how it was called, and ends with 3."""
    (tmp_path / "app.py").write_text(
        "import pathlib, sys\n"
        "pathlib.Path(__file__).with_name('told').write_text(' '.join(sys.argv[1:]))\n"
        "sys.exit(3)\n"
    )
    monkeypatch.setattr(synctalkface.cli.demo, "FOLDER", tmp_path)
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: object())
    return tmp_path


def test_it_passes_on_what_it_was_told_and_how_the_page_ended(page: Path) -> None:
    assert answer(["demo", "--port", "8000", "--weights", "my/weights", "--keep-minutes", "5"]) == 3
    assert (page / "told").read_text() == (
        "--port 8000 --host 127.0.0.1 --device auto --keep-minutes 5.0 --weights my/weights"
    )


def test_without_gradio_it_says_how_to_get_it(
    page: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    assert answer(["demo"]) == 2
    assert "pip install -e '.[demo]'" in capsys.readouterr().err


def test_without_the_repository_it_says_where_the_page_is(page: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (page / "app.py").unlink()
    assert answer(["demo"]) == 2
    assert "Clone it" in capsys.readouterr().err


def test_the_page_is_where_it_is_looked_for() -> None:
    assert (synctalkface.cli.demo.FOLDER / "app.py").is_file()
