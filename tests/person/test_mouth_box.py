"""What is laid over a frame is worked out in the box that it changes, and nowhere else."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from synctalkface.faces.crop import place
from synctalkface.person.mouth import covered
from synctalkface.video import Colour, Frame

SIDE, WIDTH, HEIGHT = 128, 160, 120


def frame(pixel_format: str = "yuv420p") -> Frame:
    deep = pixel_format.endswith("10le")
    count = WIDTH * HEIGHT * {"420": 3, "422": 4, "444": 6}[pixel_format[3:6]] // 2
    data = np.random.default_rng(0).integers(16, 900 if deep else 236, count).astype("<u2" if deep else np.uint8)
    return Frame(WIDTH, HEIGHT, pixel_format, Colour("bt709", False), data)


def turned(degrees: float, x: float = 80.0, y: float = 60.0, side: float = 70.0) -> NDArray[np.float64]:
    """The matrix of a crop of `side` px around x, y."""
    angle = np.radians(degrees)
    turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]]) / side
    return np.column_stack([turn, 0.5 - turn @ (x, y)])


def soft() -> NDArray[np.float32]:
    """A mask (SIDE, SIDE) that fades out inside the lower half."""
    rows, columns = np.mgrid[:SIDE, :SIDE] / SIDE
    return (1.4 - np.hypot((columns - 0.5) / 0.22, (rows - 0.75) / 0.16)).clip(0, 1).astype(np.float32)


@pytest.mark.parametrize("pixel_format", ["yuv420p", "yuv422p10le", "yuv444p", "yuv420p10le"])
@pytest.mark.parametrize("matrix", [turned(0), turned(25), turned(-80), turned(10, x=150), turned(0, x=5, y=100)])
def test_the_box_holds_all_that_changes(pixel_format: str, matrix: NDArray[np.float64]) -> None:
    mask, small, whole = soft(), frame(pixel_format), frame(pixel_format)
    picture = np.full((SIDE, SIDE, 3), 255, np.float32)
    box = covered(mask, matrix, small)
    assert box is not None
    down, across = small.step
    assert [edge % step for edge, step in zip(box, (across, down) * 2, strict=True)] == [0, 0, 0, 0]
    for one, where in ((small, box), (whole, (0, 0, WIDTH, HEIGHT))):
        one.blend(where, *place(picture, mask, matrix, where))
    untouched = frame(pixel_format).data
    assert not np.array_equal(whole.data, untouched)
    difference = np.abs(small.data.astype(int) - whole.data)
    assert difference.max() <= 2 ** (small.depth - 8), "rounding of the places that are sampled"
    outside = np.ones((HEIGHT, WIDTH), bool)
    outside[box[1] : box[3], box[0] : box[2]] = False
    assert np.array_equal(whole.y[outside], frame(pixel_format).y[outside])
    assert (box[2] - box[0]) * (box[3] - box[1]) < 0.5 * WIDTH * HEIGHT


def test_without_a_mask_or_outside_the_picture_there_is_no_box() -> None:
    assert covered(np.zeros((SIDE, SIDE), np.float32), turned(0), frame()) is None
    assert covered(soft(), turned(0, x=500), frame()) is None
