"""What the numbers of a YUV picture mean: matrix, range, and the conversion to RGB and back."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Matrix = Literal["bt601", "bt709", "bt2020"]

_WEIGHTS: dict[Matrix, tuple[float, float]] = {  # of red and of blue in the luma (ITU-R BT.601, 709, 2020)
    "bt601": (0.299, 0.114),
    "bt709": (0.2126, 0.0722),
    "bt2020": (0.2627, 0.0593),
}
# the code points of ITU-T H.273, which containers, codecs and ffmpeg share
RGB, UNSPECIFIED = 0, 2
_MATRICES: dict[int, Matrix] = {
    1: "bt709",
    4: "bt601",
    5: "bt601",
    6: "bt601",
    7: "bt709",  # SMPTE 240M, within rounding
    9: "bt2020",
    10: "bt2020",
}
_CODES: dict[Matrix, int] = {"bt601": 6, "bt709": 1, "bt2020": 9}


PQ, HLG, BT2020 = 16, 18, 9  # two transfers of HDR (SMPTE 2084, ARIB B67), and the primaries that go with them


@dataclass(frozen=True)
class Colour:
    """How a clip's YUV is meant, and the tags that say so.

    space, primaries, transfer: code points of ITU-T H.273; 2 where the file does not say.
    """

    matrix: Matrix
    full_range: bool
    space: int = UNSPECIFIED
    primaries: int = UNSPECIFIED
    transfer: int = UNSPECIFIED


def colour_of(space: int, primaries: int, transfer: int, full_range: bool, width: int, height: int) -> Colour:
    """The colour of a picture with these tags. An untagged one is meant as players mean it: by its size."""
    guess: Matrix = "bt709" if width >= 1280 or height > 576 else "bt601"
    if space == RGB:  # becomes YUV as it is read, so it needs a matrix and a name for it
        return Colour(guess, False, _CODES[guess], primaries, transfer)
    return Colour(_MATRICES.get(space, guess), full_range, space, primaries, transfer)


@functools.cache
def from_rgb(matrix: Matrix, full_range: bool, depth: int = 8) -> NDArray[np.float64]:
    """(3, 4): YUV of `depth` bits = this times (R, G, B, 1), RGB of 0..255."""
    scale = 2.0 ** (depth - 8)
    red, blue = _WEIGHTS[matrix]
    luma = np.array([red, 1 - red - blue, blue])
    rows = np.stack([luma, ([0, 0, 1] - luma) / (2 - 2 * blue), ([1, 0, 0] - luma) / (2 - 2 * red)])
    if full_range:
        rows *= (256 * scale - 1) / 255
    else:
        rows *= np.array([[219 / 255], [224 / 255], [224 / 255]]) * scale
    return np.column_stack([rows, [0 if full_range else 16 * scale, 128 * scale, 128 * scale]])


@functools.cache
def to_rgb(matrix: Matrix, full_range: bool, depth: int = 8) -> NDArray[np.float64]:
    """(3, 4): RGB of 0..255 = this times (Y, U, V, 1), YUV of `depth` bits."""
    forward = from_rgb(matrix, full_range, depth)
    inverse = np.linalg.inv(forward[:, :3])
    return np.column_stack([inverse, -inverse @ forward[:, 3]])
