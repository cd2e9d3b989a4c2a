"""Which encoder writes: x264's presets by name, NVENC only where it has written a frame."""

from __future__ import annotations

import pytest

from synctalkface.errors import ConfigError
from synctalkface.video import check_preset, encoder
from synctalkface.video.encoder import nvenc_works, picture_options


@pytest.fixture(autouse=True)
def untried() -> None:
    nvenc_works.cache_clear()


@pytest.mark.parametrize("preset", ["ultrafast", "veryfast", "placebo"])
def test_x264_has_its_presets(preset: str) -> None:
    check_preset(preset)
    assert picture_options(18, preset) == ("libx264", {"preset": preset, "crf": "18"})
    assert picture_options(0, preset) == ("libx264", {"preset": preset, "qp": "0"})


def test_a_pyav_without_x264_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(encoder, "X264", "libnothing")
    assert not encoder.encodes("yuv420p")
    with pytest.raises(ConfigError, match=r"comes without x264\. Run `pip install"):
        check_preset("veryfast")


def test_an_unknown_preset_is_one_sentence() -> None:
    with pytest.raises(ConfigError, match=r"x264 has no preset 'mediun'\. Did you mean 'medium'"):
        check_preset("mediun")


@pytest.mark.parametrize("name", ["mp3float", "nobody"])
def test_nvenc_that_cannot_write_a_frame_is_refused(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setattr(encoder, "picture_options", lambda crf, preset: (name, {}))
    with pytest.raises(ConfigError, match="nvenc does not work here"):
        check_preset("nvenc")


def test_an_encoder_that_writes_a_frame_works(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(encoder, "picture_options", lambda crf, preset: ("libx264", {"preset": "ultrafast"}))
    assert nvenc_works()


def test_nvenc_that_works_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(encoder, "nvenc_works", lambda: True)
    check_preset("nvenc")
    name, options = picture_options(20, "nvenc")
    assert (name, options["cq"]) == ("h264_nvenc", "20")
    assert picture_options(0, "nvenc")[1]["tune"] == "lossless"
