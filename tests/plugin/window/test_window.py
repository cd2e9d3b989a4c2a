"""A person's way: open the tab, click the button, watch, undo; in a real Blender window on a display of its own.

Needs blender, Xvfb, xdotool and ImageMagick; `make test-blender` runs it. $SYNCTALKFACE_SCREENSHOTS: a folder to keep
the pictures in; $SYNCTALKFACE_TEST_WEIGHTS: weights to dub with, instead of a tiny model of random ones;
$SYNCTALKFACE_TEST_MEDIA: a folder with two clips (.mkv) and a speech (.flac), instead of the samples.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from plugin.build import build

TOOLS = ("blender", "Xvfb", "xdotool", "import", "convert")
SAMPLES = Path(__file__).parents[3] / "synctalkface" / "assets" / "samples"
DISPLAY, SIZE = ":87", (1600, 1200)
TAB, BUTTON = (284, 130), (147, 174)  # px from the top left of the sidebar, in Blender 3.4

pytestmark = pytest.mark.skipif(
    not os.environ.get("SYNCTALKFACE_TEST_WINDOW") or not all(map(shutil.which, TOOLS)),
    reason="`make test-blender` opens windows",
)


class Screen:
    """A display without a monitor, with one Blender on it."""

    def __init__(self, folder: Path, spec: dict[str, Any]) -> None:
        self.folder, self._report = folder, Path(spec["report"])
        size = f"{SIZE[0]}x{SIZE[1]}x24"
        self._xvfb = subprocess.Popen(["Xvfb", DISPLAY, "-screen", "0", size], stderr=subprocess.DEVNULL)
        self._environment = {**os.environ, "DISPLAY": DISPLAY, "LIBGL_ALWAYS_SOFTWARE": "1", "OMP_NUM_THREADS": "1"}
        for name in ("CONFIG", "SCRIPTS", "DATAFILES"):
            (folder / name).mkdir()
            self._environment[f"BLENDER_USER_{name}"] = str(folder / name)
        (folder / "stage.json").write_text(json.dumps(spec), encoding="utf-8")
        command = ["blender", "--factory-startup", "--app-template", "Video_Editing", "--window-geometry", "0", "0"]
        command += [*map(str, SIZE), "--python", str(Path(__file__).with_name("stage.py"))]
        time.sleep(2)
        with (folder / "blender.log").open("wb") as log:
            command += ["--", str(folder / "stage.json")]
            self.blender = subprocess.Popen(command, stdout=log, stderr=log, env=self._environment)

    @property
    def state(self) -> dict[str, Any]:
        """What the stage reported last."""
        found: dict[str, Any] = json.loads(self._report.read_text(encoding="utf-8"))
        return found

    def wait(self, until: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        give_up = time.monotonic() + 300
        while not self._report.exists() or not until(self.state):
            log = (self.folder / "blender.log").read_text(encoding="utf-8", errors="replace")
            assert time.monotonic() < give_up and self.blender.poll() is None, log
            time.sleep(0.2)
        return self.state

    def do(self, *arguments: str) -> None:
        """With the mouse and the keyboard."""
        subprocess.run(["xdotool", *arguments], check=True, env=self._environment)
        time.sleep(1)

    def click(self, place: tuple[int, int]) -> None:
        """On a place of the sidebar."""
        sidebar = self.state["sidebar"]
        x, y = sidebar["x"] + place[0], sidebar["y"] + place[1]
        self.do("mousemove", str(x - 2), str(y))
        self.do("mousemove", str(x), str(y))
        self.do("click", "1")

    def picture(self, name: str) -> Path:
        """Of the whole screen."""
        folder = Path(os.environ.get("SYNCTALKFACE_SCREENSHOTS", self.folder))
        path = folder / f"{name}.png"
        subprocess.run(["import", "-window", "root", str(path)], check=True, env=self._environment)
        return path

    def end(self) -> None:
        for process in (self.blender, self._xvfb):
            process.kill()
            process.wait()


@pytest.fixture
def weights(tmp_path: Path) -> str:
    given = os.environ.get("SYNCTALKFACE_TEST_WEIGHTS")
    if given:
        return given
    from synctalkface import hub
    from synctalkface.config import preset
    from synctalkface.models.generator import SyncTalkFace

    config = preset("tiny")
    hub.save_module(SyncTalkFace(config), config, tmp_path / "weights", hub.GENERATOR)
    return str(tmp_path / "weights")


@pytest.fixture
def screen(tmp_path: Path, weights: str) -> Iterator[Screen]:
    media = Path(os.environ.get("SYNCTALKFACE_TEST_MEDIA", SAMPLES))
    faces = [str(path) for path in sorted(media.glob("*.mkv"))]
    (tmp_path / "out").mkdir()
    spec = {
        "zip": str(build(tmp_path / "dist")[1]),
        "python": sys.executable,
        "weights": weights,
        "faces": (faces * 2)[:2],
        "speech": str(next(media.glob("*.flac"))),
        "folder": str(tmp_path / "out"),
        "report": str(tmp_path / "report.json"),
        "stop": str(tmp_path / "stop"),
        "blend": str(tmp_path / "film.blend"),
    }
    opened = Screen(tmp_path, spec)
    yield opened
    opened.end()


def contrast(path: Path, region: str) -> float:
    """How much there is to see in a region of a picture: the standard deviation of its brightness, 0..1."""
    command = ["convert", str(path), "-crop", region, "-colorspace", "Gray", "-format", "%[fx:standard_deviation]"]
    return float(subprocess.run([*command, "info:"], check=True, capture_output=True, text=True).stdout)


def test_a_click_on_the_button_dubs_both_strips_and_blender_stays_usable(screen: Screen, tmp_path: Path) -> None:
    screen.wait(lambda state: len(state["strips"]) == 3)
    time.sleep(3)
    screen.click(TAB)
    sidebar = screen.state["sidebar"]
    region = f"{sidebar['w']}x{sidebar['h']}+{sidebar['x']}+{sidebar['y']}"
    assert contrast(screen.picture("blender-pairs"), region) > 0.03
    screen.click(BUTTON)
    screen.wait(lambda state: state["busy"] and state["jobs"][0][1] == "dub")
    screen.picture("blender-progress")
    screen.do("mousemove", "800", str(sidebar["y"] + 300))
    screen.do("key", "Escape")  # is not taken for a cancel
    state = screen.wait(lambda state: not state["busy"])
    assert [job[0] for job in state["jobs"]] == ["placed", "placed"], state
    assert state["strips"][3:] == ["face 1.sync", "face 2.sync"]
    time.sleep(2)
    screen.picture("blender-result")
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["face 1.sync.mp4", "face 2.sync.mp4"]

    screen.do("key", "ctrl+z")
    screen.wait(lambda state: len(state["strips"]) == 3)
    screen.do("key", "ctrl+shift+z")
    screen.wait(lambda state: len(state["strips"]) == 5)
    (tmp_path / "stop").touch()
    screen.blender.wait(timeout=60)  # the code is 1 once Escape has been pressed: that is Blender's way
    assert (tmp_path / "blender.log").read_text(encoding="utf-8").rstrip().endswith("Blender quit")
