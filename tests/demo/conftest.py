"""The page on a port of its own, with a tiny model whose memory has named shapes."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest

httpx = pytest.importorskip("httpx", reason="it comes with gradio")
pytest.importorskip("gradio")

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "demo" / "examples"
# Gradio asks its own page once and gives up after 3 s; a machine that is busy with other tests may need longer.
PATIENT = """
import runpy, sys
import gradio.networking
gradio.networking.url_ok = lambda url: True
sys.argv = sys.argv[1:]
runpy.run_path(sys.argv[0], run_name="__main__")
"""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What needs a browser or minutes is for `make test-demo`."""
    if not os.environ.get("SYNCTALKFACE_PAGE"):
        for item in items:
            if item.get_closest_marker("page"):
                item.add_marker(pytest.mark.skip(reason="make test-demo runs it"))


class Page(NamedTuple):
    """A page that is being served."""

    url: str
    files: Path  # the folder of its visitors' files
    process: subprocess.Popen[bytes]

    def kept(self) -> set[str]:
        """The visitors' files, by name."""
        [own] = self.files.glob("synctalkface-demo-*")
        return {path.name for path in own.rglob("*") if path.is_file()}

    def remembered(self) -> set[str]:
        """What the library keeps of them to be quicker the next time, by name."""
        [cache] = self.files.glob("synctalkface-cache-*")
        return {path.name for path in cache.rglob("*") if path.is_file()}


Serve = Callable[..., Page]


@pytest.fixture(scope="session")
def named_weights(tiny_weights: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tiny weights, with two mouth shapes that have names."""
    from synctalkface import hub
    from synctalkface.address import save_shapes

    folder = tmp_path_factory.mktemp("named") / "weights"
    shutil.copytree(tiny_weights, folder)
    slots = np.eye(hub.load_config(folder).memory.slots, dtype=np.float32)
    save_shapes({"open": slots[0], "wide": slots[1]}, folder)
    return folder


@pytest.fixture(scope="session")
def serve(named_weights: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serve]:
    """A function (*arguments of app.py) -> the page it serves; all end with the tests."""
    pages: list[Page] = []

    def start(*arguments: str) -> Page:
        folder = tmp_path_factory.mktemp("page")
        port = _free_port()
        command = [sys.executable, "-c", PATIENT, str(ROOT / "demo" / "app.py"), "--port", str(port)]
        settings = {"GRADIO_TEMP_DIR": str(folder / "files"), "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'demo'}"}
        with (folder / "log").open("wb") as log:
            process = subprocess.Popen(
                [*command, "--weights", str(named_weights), "--device", "cpu", *arguments],
                env={**os.environ, **settings, "OMP_NUM_THREADS": "1"},
                stdout=subprocess.DEVNULL,
                stderr=log,
            )
        pages.append(Page(f"http://127.0.0.1:{port}/", folder / "files", process))
        return _ready(pages[-1])

    yield start
    for page in pages:
        page.process.send_signal(signal.SIGTERM)
        page.process.wait(timeout=60)


@pytest.fixture(scope="session")
def page(serve: Serve) -> Page:
    """The page as everybody gets it."""
    return serve()


def _ready(page: Page) -> Page:
    """`page`, once it answers."""
    for _ in range(600):
        assert page.process.poll() is None, (page.files.parent / "log").read_text()
        try:
            httpx.get(page.url, timeout=30)
        except httpx.TransportError:
            time.sleep(0.5)
        else:
            return page
    raise AssertionError("The page does not answer.")


def _free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


@pytest.fixture
def example_face() -> Path:
    """Three seconds of the face that the page shows as an example."""
    return EXAMPLES / "face.mp4"


@pytest.fixture
def example_speech() -> Path:
    """Three seconds of the speech that the page has as an example."""
    return EXAMPLES / "speech.flac"


@pytest.fixture
def clip(make_media: Callable[..., Path]) -> Path:
    """Half a second of a face, without sound."""
    return make_media(
        "clip.mp4", "-i", str(EXAMPLES / "face.mp4"), "-t", "0.48", "-an", "-c:v", "libx264", "-crf", "18"
    )


@pytest.fixture
def two_faces(make_media: Callable[..., Path]) -> Path:
    """Half a second of two people, side by side."""
    beside = "[0]split[a][b];[b]hflip,scale=300:-2,pad=iw:288:0:24[c];[a][c]hstack,pad=iw:ih+32"
    face = ["-i", str(EXAMPLES / "face.mp4"), "-t", "0.48", "-an"]
    return make_media("two.mp4", *face, "-filter_complex", beside, "-c:v", "libx264", "-crf", "18")


@pytest.fixture
def said(make_media: Callable[..., Path]) -> Path:
    """0.6 s of speech."""
    return make_media("said.wav", "-ss", "0.7", "-t", "0.6", "-i", str(EXAMPLES / "speech.flac"))
