"""People use the page with a mouse, a keyboard, a phone: in a real Chromium, all the way to the downloaded file."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from synctalkface.video import probe

pytestmark = pytest.mark.page
playwright = pytest.importorskip("playwright.sync_api")

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
QUIET = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]
QUIET += ["--disable-component-update", "--disable-sync"]
DESKTOP, PHONE = {"width": 1280, "height": 900}, {"width": 390, "height": 844}
PICTURES = os.environ.get("SYNCTALKFACE_SCREENSHOTS")  # a folder: to look at what the tests saw


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    if CHROMIUM is None:
        pytest.skip("there is no Chromium; Debian: apt install chromium")
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        yield browser
        browser.close()


@pytest.fixture
def tab(chromium: Any, page: Any) -> Iterator[Any]:
    """The page in a tab of a visitor of its own; no request may go elsewhere."""
    context = chromium.new_context(viewport=DESKTOP, accept_downloads=True)
    tab = context.new_page()
    tab.set_default_timeout(180_000)
    asked: list[str] = []
    tab.on("request", lambda request: asked.append(request.url))
    tab.goto(page.url)
    button(tab, "Dub").wait_for()
    yield tab
    assert [url for url in asked if not url.removeprefix("blob:").startswith(page.url)] == []
    context.close()


def button(tab: Any, name: str) -> Any:
    return tab.get_by_role("button", name=name, exact=True)


def show(tab: Any, name: str) -> None:
    if PICTURES:
        tab.screenshot(path=f"{PICTURES}/{name}.png", full_page=True)


def give(tab: Any, video: Path, speech: Path) -> None:
    tab.locator("input[type=file][accept*=video]").first.set_input_files(video)
    tab.get_by_text("found").first.wait_for()
    tab.locator("input[type=file][accept*=audio]").first.set_input_files(speech)
    tab.locator("#duration").first.wait_for()


def agree(tab: Any) -> None:
    tab.get_by_label("The person shown has agreed").check()


def violations(tab: Any) -> list[str]:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright")
    found = axe.Axe().run(tab).response["violations"]
    return [f"{one['id']}: {[node['html'][:120] for node in one['nodes']]}" for one in found]


def test_a_face_is_chosen_dubbed_played_and_downloaded(tab: Any, two_faces: Path, said: Path, tmp_path: Path) -> None:
    give(tab, two_faces, said)
    tab.get_by_text("2 faces found. Choose one.").wait_for()
    assert tab.get_by_alt_text("The faces with their numbers").is_visible()
    show(tab, "faces")
    tab.get_by_label("Face 2", exact=True).check()
    agree(tab)
    button(tab, "Dub").click()
    tab.get_by_text("Done: 15 frames").wait_for()
    played = tab.locator("#dubbed video")
    played.wait_for()
    played.evaluate("video => video.play()")
    tab.wait_for_function("document.querySelector('#dubbed video').ended")
    assert played.evaluate("video => video.videoWidth") == probe(two_faces).width
    with tab.expect_download() as download:
        tab.locator("#dubbed").get_by_label("Download").click()
    download.value.save_as(tmp_path / "result.mp4")
    assert len(probe(tmp_path / "result.mp4").clock) == 15
    tab.get_by_alt_text("Memory addresses over time").wait_for()
    show(tab, "dubbed")
    tab.set_viewport_size(PHONE)
    show(tab, "dubbed-on-a-phone")
    assert tab.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]


def test_an_error_is_a_sentence_that_stays(tab: Any, clip: Path, said: Path) -> None:
    give(tab, clip, said)
    button(tab, "Dub").click()
    tab.get_by_test_id("toast-text").get_by_text("Confirm first that the person shown has agreed").wait_for()
    assert tab.get_by_role("main").get_by_text("Confirm first that the person").is_visible()
    show(tab, "error")


def test_a_job_can_be_stopped_and_another_begun(
    tab: Any, example_face: Path, example_speech: Path, make_media: Callable[..., Path]
) -> None:
    long = make_media("long.flac", "-stream_loop", "20", "-i", str(example_speech), "-t", "55")
    give(tab, example_face, long)
    agree(tab)
    button(tab, "Dub").click()
    tab.get_by_role("progressbar").wait_for()
    show(tab, "progress")
    button(tab, "Stop").click()
    tab.get_by_text("Stopped. Nothing was kept.").wait_for()
    button(tab, "Dub").click()
    tab.get_by_role("progressbar").wait_for()
    button(tab, "Stop").click()
    tab.get_by_text("Stopped. Nothing was kept.").wait_for()


def test_the_example_runs(tab: Any) -> None:
    tab.get_by_role("row").filter(has_text="speech.flac").click()
    tab.get_by_text("One face found.").wait_for()
    agree(tab)
    button(tab, "Dub").click()
    tab.get_by_text("Done: 77 frames").wait_for()


def test_a_face_is_learnt_before_it_is_dubbed(tab: Any, example_face: Path, said: Path) -> None:
    give(tab, example_face, said)
    agree(tab)
    tab.get_by_role("button", name="Options").click()
    tab.get_by_label("Learn this face first").check()
    tab.get_by_label("Full (fp32)").check()
    show(tab, "options")
    assert violations(tab) == []
    button(tab, "Dub").click()
    tab.get_by_text("Learning the face").wait_for()
    show(tab, "learning")
    tab.get_by_text("Learning the face took").wait_for(timeout=180_000)


def test_the_sliders_move_the_mouth(tab: Any) -> None:
    tab.get_by_role("tab", name="Memory atlas").click()
    face = tab.get_by_alt_text("The face with the mouth at this address")
    before = face.get_attribute("src")
    slider = tab.get_by_role("slider", name="Open")
    slider.focus()
    for _ in range(10):
        tab.keyboard.press("ArrowRight")  # half of the way, by keyboard
    tab.wait_for_function(
        "before => document.querySelector('img[alt*=\"mouth at this address\"]').src !== before", arg=before
    )
    show(tab, "atlas")
    assert violations(tab) == []


def test_everything_is_reached_by_keyboard_and_has_a_name(tab: Any, clip: Path, said: Path) -> None:
    assert violations(tab) == []
    give(tab, clip, said)
    agree(tab)
    button(tab, "Dub").focus()
    tab.keyboard.press("Enter")
    tab.get_by_text("Done: 15 frames").wait_for()
    tab.get_by_alt_text("Memory addresses over time").wait_for()
    assert violations(tab) == []
    tab.set_viewport_size(PHONE)
    assert violations(tab) == []
