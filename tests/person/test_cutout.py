"""A face is cut out of the planes of the video as it would be out of the RGB picture."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from synctalkface.faces.crop import cut
from synctalkface.person.cutout import cut_out
from synctalkface.video import Colour, Frame
from tests.person.test_mouth_box import turned

WIDTH, HEIGHT = 160, 120
DEEP = ("yuv420p10le", "yuv422p10le", "yuv444p10le")


def frame(pixel_format: str, full: bool = False) -> Frame:
    """Colours that change slowly, in another direction in each plane."""
    down, across = (2 if "420" in pixel_format else 1), (1 if "444" in pixel_format else 2)
    scale, kind = (4, "<u2") if pixel_format in DEEP else (1, np.uint8)
    planes = []
    for number, (height, width) in enumerate([(HEIGHT, WIDTH), *[(HEIGHT // down, WIDTH // across)] * 2]):
        y, x = (np.mgrid[:height, :width] + 0.5) / np.array([height, width])[:, None, None]
        wave = np.sin(5 * x + 3 * y * (-1) ** number + number)
        planes.append((scale * (128 + (60, 40, 30)[number] * wave)).round().astype(kind).ravel())
    return Frame(WIDTH, HEIGHT, pixel_format, Colour("bt709", full), np.concatenate(planes))


@pytest.mark.parametrize("pixel_format", ["yuv420p", "yuv444p", *DEEP])
@pytest.mark.parametrize(
    ("matrix", "size"),
    [
        (turned(0), 64),
        (turned(30), 32),
        (turned(-100, side=50), 128),
        (turned(10, x=150, y=5), 64),  # half of it outside
        (turned(5, side=110), 8),  # pixels of the crop that are means of many
    ],
)
def test_the_planes_give_the_picture_that_rgb_gives(pixel_format: str, matrix: NDArray[np.float64], size: int) -> None:
    filmed = frame(pixel_format)
    found = cut_out(filmed, matrix, size)
    assert found.shape == (size, size, 3)
    assert found.dtype == np.uint8
    apart = np.abs(found.astype(int) - cut(filmed.rgb(), (0, 0), matrix, size))
    assert apart.mean() < 0.75
    assert apart.max() <= 4  # chroma is interpolated here, and repeated there


def test_full_range_is_taken_for_what_it_is() -> None:
    filmed = frame("yuv420p", full=True)
    apart = np.abs(cut_out(filmed, turned(0), 64).astype(int) - cut(filmed.rgb(), (0, 0), turned(0), 64))
    assert apart.mean() < 0.75


def test_chroma_lies_where_its_pixels_are() -> None:
    """A red half beside a grey one, the border between two chroma samples: it is where it is in the frame."""
    filmed = frame("yuv420p")
    filmed.y[:], filmed.u[:], filmed.v[:, : WIDTH // 4], filmed.v[:, WIDTH // 4 :] = 110, 128, 200, 128
    red = cut_out(filmed, turned(0, x=WIDTH / 2, side=64), 64)[32, :, 0].astype(int)
    assert (red[:30] > red[34:].max() + 60).all()
    middle = (red.max() + red.min()) / 2
    assert red[31] > middle > red[32]
