"""Ten bits stay ten bits, from the clip through the frame to the result, and so do the tags of HDR."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import av
import numpy as np
import pytest

from synctalkface.video import (
    Colour,
    Frame,
    PixelFormat,
    Video,
    VideoWriter,
    encoder,
    probe,
    read_frames,
    read_sequence,
    remarks,
)
from synctalkface.video.colour import from_rgb, to_rgb
from synctalkface.video.encoder import encodes
from synctalkface.video.frame import frame_bytes

MakeMedia = Callable[..., Path]
DEEP: list[PixelFormat] = ["yuv420p10le", "yuv422p10le", "yuv444p10le"]
PQ, HLG = "smpte2084", "arib-std-b67"


@pytest.fixture
def ramp(make_media: MakeMedia) -> Callable[..., Path]:
    """A function (name, *arguments) -> path: luma 64 + 3 x + N at pixel x of frame N, in 10 bits, losslessly."""

    def make(name: str = "ramp.mkv", *arguments: str) -> Path:
        source = "color=black:size=128x32:rate=25,format=yuv420p10le,geq=lum='64+3*X+N':cb=512:cr=512"
        coded = arguments if "-c:v" in arguments else ("-c:v", "libx264", "-qp", "0", *arguments)
        return make_media(name, "-f", "lavfi", "-i", source, "-frames:v", "6", *coded)

    return make


def random_frame(pixel_format: PixelFormat) -> Frame:
    count = frame_bytes(64, 48, pixel_format) // 2
    values = np.random.default_rng(3).integers(240, 760, count, dtype=np.uint16)
    return Frame(64, 48, pixel_format, Colour("bt2020", False), values)


def copy(video: Video, target: Path, crf: int = 0) -> Video:
    with VideoWriter(target, video, video.clock, None, crf=crf) as writer:
        for frame in read_frames(video):
            writer.write(frame)
    return probe(target)


@pytest.mark.parametrize("full", [False, True])
def test_white_and_black_are_the_ends_of_the_range(full: bool) -> None:
    forward = from_rgb("bt2020", full, 10)
    assert forward @ [255, 255, 255, 1] == pytest.approx([1023 if full else 940, 512, 512])
    assert forward @ [0, 0, 0, 1] == pytest.approx([0 if full else 64, 512, 512])
    assert to_rgb("bt2020", full, 10) @ [*(forward @ [10, 20, 30, 1]), 1] == pytest.approx([10, 20, 30])


@pytest.mark.usefixtures("each_ffmpeg")
@pytest.mark.parametrize("extension", ["mkv", "mp4", "mov"])
def test_every_level_comes_back_from_the_written_file(
    ramp: Callable[..., Path], tmp_path: Path, extension: str
) -> None:
    written = copy(probe(ramp()), tmp_path / f"copy.{extension}")
    assert written.pixel_format == written.source_format == "yuv420p10le"
    for number, frame in enumerate(read_frames(written)):
        assert frame.y[5].tolist() == [64 + 3 * x + number for x in range(128)]
        assert (frame.u == 512).all()


@pytest.mark.parametrize(("curve", "transfer", "name"), [(PQ, 16, "PQ"), (HLG, 18, "HLG")])
def test_hdr_keeps_its_tags_and_is_told(
    ramp: Callable[..., Path], tmp_path: Path, curve: str, transfer: int, name: str
) -> None:
    # of the frames: from ffmpeg 9 on the encoder takes what they say
    tags = f"setparams=range=tv:colorspace=bt2020nc:color_primaries=bt2020:color_trc={curve}"
    written = copy(probe(ramp("hdr.mp4", "-vf", tags)), tmp_path / "copy.mp4")
    colour = written.colour
    assert (colour.matrix, colour.space, colour.primaries, colour.transfer) == ("bt2020", 9, 9, transfer)
    first, second = remarks(written, "hdr.mp4")
    assert first.startswith(f"hdr.mp4 is HDR ({name}): the result keeps its colour tags")
    assert second.startswith("hdr.mp4 has 10 bits a sample, as many as the result, as H.264 High 10")


@pytest.mark.parametrize("pixel_format", DEEP)
def test_what_is_painted_is_what_is_seen_and_nothing_else_changes(pixel_format: PixelFormat) -> None:
    frame = random_frame(pixel_format)
    before = frame.copy()
    alpha = np.ones((20, 20), np.float32)
    frame.blend((10, 8, 30, 28), np.full((20, 20, 3), (200, 90, 60), np.uint8), alpha)
    assert np.abs(frame.rgb((10, 8, 30, 28)).astype(int) - (200, 90, 60)).max() <= 2
    changed = frame.y != before.y
    assert changed[8:28, 10:30].mean() > 0.9
    assert not np.delete(np.delete(changed, range(10, 30), 1), range(8, 28), 0).any()
    shown = before.rgb()
    assert shown.dtype == np.uint8
    assert shown.min() < 40
    assert shown.max() == 255  # colours that no RGB can show are cut, and do not wrap


def test_a_paint_between_two_levels_of_8_bits_is_kept() -> None:
    frame = random_frame("yuv444p10le")
    grey = np.full((48, 64, 3), 100.0, np.float32)
    for level in (100.0, 100.3, 100.6):
        frame.blend((0, 0, 64, 48), grey * level / 100, np.ones((48, 64), np.float32))
        assert float(frame.y.mean()) == pytest.approx(64 + level / 255 * 876, abs=0.51)


def test_a_frame_of_the_wrong_kind_is_refused() -> None:
    with pytest.raises(ValueError, match="are no yuv420p10le"):
        Frame(64, 48, "yuv420p10le", Colour("bt709", False), np.zeros(64 * 48 * 3, np.uint8))


@pytest.mark.parametrize(
    ("name", "arguments", "depth", "read_as"),
    [
        ("prores.mov", ["-c:v", "prores_ks", "-pix_fmt", "yuv422p10le"], 10, "yuv422p10le"),
        ("deep.mkv", ["-c:v", "ffv1", "-pix_fmt", "yuv444p12le"], 12, "yuv444p10le"),
        ("full.mkv", ["-c:v", "ffv1", "-pix_fmt", "yuv420p10le", "-color_range", "pc"], 10, "yuv420p10le"),
        ("rgb.mkv", ["-c:v", "ffv1", "-pix_fmt", "gbrp10le"], 10, "yuv444p10le"),
        ("grey.mkv", ["-c:v", "ffv1", "-pix_fmt", "gray10le"], 10, "yuv420p10le"),
    ],
)
def test_every_deep_format_is_read_as_ten_bits_with_all_of_its_colour(
    ramp: Callable[..., Path], name: str, arguments: list[str], depth: int, read_as: str
) -> None:
    video = probe(ramp(name, *arguments))
    assert (video.source_depth, video.pixel_format) == (depth, read_as)
    frame = next(read_frames(video))
    first = next(iter(read_sequence(video, np.array([0, 1]))))
    assert np.array_equal(frame.data, first.data)
    with av.open(str(video.path)) as container:
        shown = next(container.decode(video=0)).to_ndarray(format="rgb24").astype(int)
    assert np.abs(frame.rgb()[16, 2:-2].astype(int) - shown[16, 2:-2]).max() <= 3
    levels = np.unique(frame.y[16])
    assert len(levels) > 100  # 8 bits would leave 96 of the 128


def test_twelve_bits_become_ten_and_odd_sizes_stay_unsubsampled(make_media: MakeMedia) -> None:
    source = ["-f", "lavfi", "-i", "testsrc=size=65x49:rate=25", "-frames:v", "2", "-c:v", "ffv1"]
    video = probe(make_media("deep.mkv", *source, "-pix_fmt", "yuv444p12le"))
    assert video.pixel_format == "yuv444p10le"
    assert remarks(video, "deep.mkv")[0].startswith("deep.mkv has 12 bits a sample, the result 10,")


def test_an_x264_of_8_bits_is_told(ramp: Callable[..., Path], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    path = ramp()
    monkeypatch.setattr(encoder, "encodes", lambda pixel_format: False)
    video = probe(path)
    assert video.pixel_format == "yuv420p"
    assert copy(video, tmp_path / "copy.mp4").source_format == "yuv420p"
    assert remarks(video, "ramp.mkv") == [
        "ramp.mkv has 10 bits a sample, of which the x264 of this PyAV writes 8: smooth areas may show bands. "
        "Install a PyAV whose x264 writes 10 bits to keep them."
    ]


def test_x264_says_what_it_writes() -> None:
    assert encodes("yuv420p")
    assert encodes("yuv420p10le")
    assert not encodes("yuv420p99le")
