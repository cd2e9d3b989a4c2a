"""Colour as fine as it was filmed where there are ten bits; where there are eight, halved, and told."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from synctalkface.video import Frame, Video, VideoWriter, encoder, probe, read_frames, remarks

Stripes = Callable[..., Path]


@pytest.fixture
def stripes(make_media: Callable[..., Path]) -> Stripes:
    """A function (name, format) -> path: grey in which each second row is red, and each second pair of columns blue."""

    def make(name: str, pixel_format: str, *arguments: str) -> Path:
        deep = 4 if "10" in pixel_format else 1
        chroma = f"cb='{deep}*(128+40*mod(floor(X/2),2))':cr='{deep}*(128+60*mod(Y,2))'"
        stored = "yuv444p10le" if deep > 1 else "yuv444p"
        source = f"color=gray:size=64x48:rate=25,format={stored},geq=lum={deep}*120:{chroma},format={pixel_format}"
        return make_media(name, "-f", "lavfi", "-i", source, "-frames:v", "2", "-c:v", "ffv1", *arguments)

    return make


def copied(video: Video, target: Path) -> Video:
    with VideoWriter(target, video, video.clock, None, crf=0) as writer:
        for frame in read_frames(video):
            writer.write(frame)
    return probe(target)


@pytest.mark.usefixtures("each_ffmpeg")
@pytest.mark.parametrize("pixel_format", ["yuv422p10le", "yuv444p10le"])
def test_ten_bits_keep_every_sample_of_colour(stripes: Stripes, tmp_path: Path, pixel_format: str) -> None:
    video = probe(stripes("fine.mkv", pixel_format))
    written = copied(video, tmp_path / "copy.mp4")
    assert video.pixel_format == written.source_format == pixel_format
    for before, after in zip(read_frames(video), read_frames(written), strict=True):
        assert (before.data == after.data).all()
        assert np.ptp(before.v) > 200, "the red rows are there"
    told = remarks(video, "fine.mkv")
    assert len(told) == 1
    assert "as H.264 High 4:" + pixel_format[4] in told[0]


def test_only_the_painted_rows_of_422_change(stripes: Stripes) -> None:
    frame: Frame = next(read_frames(probe(stripes("fine.mkv", "yuv422p10le"))))
    before = frame.copy()
    assert (frame.u.shape, frame.y.shape) == ((48, 32), (48, 64))
    frame.blend((10, 7, 31, 26), np.full((19, 21, 3), (200, 90, 60), np.uint8), np.ones((19, 21), np.float32))
    changed = (frame.u != before.u) | (frame.v != before.v)
    assert changed[7:26, 5:16].mean() > 0.9
    assert not np.delete(np.delete(changed, range(5, 16), 1), range(7, 26), 0).any()
    assert np.abs(frame.rgb((10, 7, 30, 26)).astype(int) - (200, 90, 60)).max() <= 2


@pytest.mark.parametrize("pixel_format", ["yuv422p", "yuv444p", "bgr0", "yuv411p"])
def test_eight_bits_are_halved_and_it_is_told(stripes: Stripes, pixel_format: str) -> None:
    video = probe(stripes("fine.mkv", pixel_format))
    assert video.pixel_format == "yuv420p"
    (told,) = remarks(video, "fine.mkv")
    assert told.startswith(f"fine.mkv stores colour more finely ({pixel_format}) than the result (4:2:0)")
    assert told.endswith("convert the clip to 10 bits (yuv422p10le) first.")


@pytest.mark.parametrize("pixel_format", ["yuv420p", "gray"])
def test_nothing_is_told_where_nothing_is_lost(stripes: Stripes, pixel_format: str) -> None:
    assert remarks(probe(stripes("plain.mkv", pixel_format)), "plain.mkv") == []


def test_an_x264_without_422_writes_420_and_it_is_told(stripes: Stripes, monkeypatch: pytest.MonkeyPatch) -> None:
    path = stripes("fine.mkv", "yuv422p10le")
    monkeypatch.setattr(encoder, "encodes", lambda pixel_format: pixel_format == "yuv420p10le")
    video = probe(path)
    assert video.pixel_format == "yuv420p10le"
    assert any("stores colour more finely (yuv422p10le)" in told for told in remarks(video, "fine.mkv"))
