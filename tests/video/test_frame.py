"""A box of a picture becomes the RGB that ffmpeg would show, and writing it back touches nothing else."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from synctalkface.ffmpeg import find_ffmpeg
from synctalkface.video import Box, Colour, Frame, PixelFormat, probe, read_frames
from synctalkface.video.colour import from_rgb, to_rgb
from synctalkface.video.frame import frame_bytes

MakeMedia = Callable[..., Path]
FORMATS: list[PixelFormat] = ["yuv420p", "yuv444p"]


def random_frame(pixel_format: PixelFormat = "yuv420p", width: int = 64, height: int = 48) -> Frame:
    values = np.random.default_rng(3).integers(60, 190, frame_bytes(width, height, pixel_format), dtype=np.uint8)
    return Frame(width, height, pixel_format, Colour("bt709", False), values)


@pytest.mark.parametrize("matrix", ["bt601", "bt709", "bt2020"])
@pytest.mark.parametrize("full", [False, True])
def test_white_and_black_are_the_ends_of_the_range(matrix: str, full: bool) -> None:
    forward, back = from_rgb(matrix, full), to_rgb(matrix, full)  # type: ignore[arg-type]
    assert forward @ [255, 255, 255, 1] == pytest.approx([255 if full else 235, 128, 128])
    assert forward @ [0, 0, 0, 1] == pytest.approx([0 if full else 16, 128, 128])
    assert forward @ [0, 0, 255, 1] == pytest.approx(
        [forward[0, 2] * 255 + forward[0, 3], 255.5 if full else 240, 128 + forward[2, 2] * 255]
    )
    assert back @ [*(forward @ [10, 20, 30, 1]), 1] == pytest.approx([10, 20, 30])


@pytest.mark.parametrize("pixels", ["yuv420p", "yuv444p", "yuvj420p"])
@pytest.mark.parametrize("space", ["bt709", "smpte170m", "bt2020nc"])
def test_rgb_is_what_ffmpeg_shows(make_media: MakeMedia, pixels: str, space: str) -> None:
    width, height = (161, 121) if pixels == "yuv444p" else (160, 120)  # odd sizes are read without subsampling
    source = ["-f", "lavfi", "-i", f"testsrc=duration=0.04:size={width}x{height}:rate=25", "-pix_fmt", pixels]
    path = make_media(
        "c.mkv", *source, "-vf", f"scale=out_color_matrix={space.replace('nc', '')}", "-colorspace", space
    )
    frame = next(read_frames(probe(path)))
    shown = f"scale=in_color_matrix={space.replace('nc', '')}:flags=neighbor+accurate_rnd+full_chroma_int"
    command = [find_ffmpeg(), "-nostdin", "-loglevel", "error", "-i", str(path), "-vf", shown]
    raw = subprocess.run([*command, "-f", "rawvideo", "-pix_fmt", "rgb24", "pipe:1"], capture_output=True, check=True)
    expected = np.frombuffer(raw.stdout, np.uint8).reshape(height, width, 3).astype(int)
    assert np.abs(frame.rgb() - expected).max() <= 2


@pytest.mark.parametrize("pixel_format", FORMATS)
@pytest.mark.parametrize("box", [(10, 8, 30, 28), (11, 9, 30, 28), (10, 8, 31, 27), (63, 47, 64, 48), (0, 0, 1, 1)])
def test_a_box_is_a_piece_of_the_whole(pixel_format: PixelFormat, box: Box) -> None:
    frame = random_frame(pixel_format)
    assert np.array_equal(frame.rgb(box), frame.rgb()[box[1] : box[3], box[0] : box[2]])


@pytest.mark.parametrize(
    "box", [(-5, -3, 20, 20), (50, 40, 80, 60), (-10, -10, 80, 60), (70, 50, 75, 53), (-9, 3, -2, 5)]
)
def test_outside_the_picture_its_edge_goes_on(box: Box) -> None:
    frame = random_frame()
    rows, columns = np.arange(box[1], box[3]).clip(0, 47), np.arange(box[0], box[2]).clip(0, 63)
    assert np.array_equal(frame.rgb(box), frame.rgb()[rows[:, None], columns])


def test_an_empty_box_is_refused() -> None:
    with pytest.raises(ValueError, match="empty"):
        random_frame().rgb((5, 5, 5, 9))


@pytest.mark.parametrize("pixel_format", FORMATS)
@pytest.mark.parametrize(
    "box", [(10, 8, 30, 28), (11, 9, 30, 29), (-5, -3, 21, 11), (51, 40, 80, 60), (70, 50, 80, 60)]
)
def test_samples_that_alpha_does_not_reach_stay_bit_for_bit(pixel_format: PixelFormat, box: Box) -> None:
    frame = random_frame(pixel_format)
    before = frame.copy()
    generator = np.random.default_rng(5)
    shape = (box[3] - box[1], box[2] - box[0])
    alpha = generator.random(shape).astype(np.float32) * (generator.random(shape) > 0.5)
    frame.blend(box, np.full((*shape, 3), 255, np.uint8), alpha)

    reached = np.zeros((frame.height + 80, frame.width + 80), bool)  # with a margin for what lies outside
    reached[40 + box[1] : 40 + box[3], 40 + box[0] : 40 + box[2]] = alpha > 0
    reached = reached[40:-40, 40:-40]
    down, across = frame.step
    chroma = reached.reshape(frame.height // down, down, frame.width // across, across).any(axis=(1, 3))
    assert np.array_equal(frame.y[~reached], before.y[~reached])
    assert np.array_equal(frame.u[~chroma], before.u[~chroma])
    assert np.array_equal(frame.v[~chroma], before.v[~chroma])
    if reached.any():
        assert not np.array_equal(frame.y, before.y)


@pytest.mark.parametrize("pixel_format", FORMATS)
@pytest.mark.parametrize("kind", [np.uint8, np.float32])
def test_what_is_painted_is_what_is_seen(pixel_format: PixelFormat, kind: type) -> None:
    frame = random_frame(pixel_format)
    paint = np.zeros((20, 20, 3), kind)
    paint[:] = (200, 90, 60)
    frame.blend((10, 8, 30, 28), paint, np.ones((20, 20), np.float32))
    assert np.abs(frame.rgb((10, 8, 30, 28)).astype(int) - (200, 90, 60)).max() <= 2


def test_half_an_alpha_goes_half_the_way() -> None:
    frame = random_frame("yuv444p")
    before = frame.rgb().astype(float)
    frame.blend((0, 0, 64, 48), np.full((48, 64, 3), 120, np.uint8), np.full((48, 64), 0.5, np.float32))
    inside = (before > 2).all(axis=2) & (before < 253).all(axis=2)  # what no RGB can show is clipped in `before`
    assert np.abs(frame.rgb()[inside] - (before + 120)[inside] / 2).max() <= 2


def test_pasting_a_picture_onto_itself_changes_nothing_that_can_be_seen(sample_face: Path) -> None:
    frame = next(read_frames(probe(sample_face)))
    before = frame.copy()
    box = (101, 57, 260, 230)
    frame.blend(box, frame.rgb(box), np.full((173, 159), 0.7, np.float32))
    assert np.abs(frame.data.astype(int) - before.data).mean() < 0.05
    shown = before.rgb()
    exact = (shown > 0).all(axis=2) & (shown < 255).all(axis=2)  # YUV can hold colours that RGB has to clip
    assert np.abs(frame.y.astype(int) - before.y)[exact].max() <= 1


def test_sizes_that_do_not_fit_are_refused() -> None:
    frame = random_frame()
    rgb: NDArray[np.uint8] = np.zeros((4, 4, 3), np.uint8)
    with pytest.raises(ValueError, match="do not have the size"):
        frame.blend((0, 0, 5, 4), rgb, np.ones((4, 4), np.float32))
    with pytest.raises(ValueError, match="are no yuv420p"):
        Frame(10, 10, "yuv420p", Colour("bt601", False), np.zeros(7, np.uint8))
