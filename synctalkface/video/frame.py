"""One picture in the YUV of its file; only the box that is asked for becomes RGB, only that box is written back.

A clip is not converted to RGB and back: outside the mouth the numbers that were decoded are the numbers that are
encoded, which loses nothing and costs a tenth of converting whole frames.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from synctalkface.video.colour import Colour, from_rgb, to_rgb

PixelFormat = Literal["yuv420p", "yuv444p", "yuv420p10le", "yuv422p10le", "yuv444p10le"]
Samples = NDArray[np.unsignedinteger[Any]]  # uint8, or uint16 where a sample has 10 bits
Box = tuple[int, int, int, int]  # x0, y0, x1, y1 in px; x1 and y1 are the first outside


def bit_depth(pixel_format: PixelFormat) -> int:
    """Bits of a sample: 8 or 10."""
    return 10 if pixel_format.endswith("10le") else 8


def sample_type(pixel_format: PixelFormat) -> np.dtype[Any]:
    """What a sample is in memory and in a pipe."""
    return np.dtype(np.uint8 if bit_depth(pixel_format) == 8 else "<u2")


def chroma_step(pixel_format: PixelFormat) -> tuple[int, int]:
    """How many rows and columns of pixels one chroma sample stands for."""
    return 2 if pixel_format.startswith("yuv420p") else 1, 1 if pixel_format.startswith("yuv444p") else 2


def frame_bytes(width: int, height: int, pixel_format: PixelFormat) -> int:
    """The size of one frame in memory and in a pipe."""
    down, across = chroma_step(pixel_format)
    samples = width * height + 2 * (width // across) * (height // down)
    return samples * sample_type(pixel_format).itemsize


@dataclass(frozen=True, eq=False)
class Frame:
    """A picture of `width` x `height` px. data: the planes Y, U, V one after another, as ffmpeg pipes them.

    A sample is uint8, or uint16 of 0..1023 in the formats of 10 bits. In yuv420p (and yuv420p10le) both sizes are even
    and a chroma sample belongs to 2 x 2 px, in yuv422p10le the width is, and it belongs to two beside each other.
    """

    width: int
    height: int
    pixel_format: PixelFormat
    colour: Colour
    data: Samples

    def __post_init__(self) -> None:
        fits = self.data.nbytes == frame_bytes(self.width, self.height, self.pixel_format)
        if not fits or self.data.dtype != sample_type(self.pixel_format):
            raise ValueError(f"{self.data.nbytes} bytes are no {self.pixel_format} of {self.width} x {self.height} px.")

    @property
    def step(self) -> tuple[int, int]:
        """Pixels a chroma sample stands for: down and across."""
        return chroma_step(self.pixel_format)

    @property
    def depth(self) -> int:
        """Bits of a sample: 8 or 10."""
        return bit_depth(self.pixel_format)

    @functools.cached_property
    def y(self) -> Samples:
        """(H, W) luma, a view of `data`."""
        return self.data[: self.width * self.height].reshape(self.height, self.width)

    @functools.cached_property
    def u(self) -> Samples:
        """(H / down, W / across) blue difference, a view of `data`."""
        return self._chroma(0)

    @functools.cached_property
    def v(self) -> Samples:
        """(H / down, W / across) red difference, a view of `data`."""
        return self._chroma(1)

    def _chroma(self, which: int) -> Samples:
        down, across = self.step
        height, width = self.height // down, self.width // across
        begin = self.width * self.height + which * height * width
        return self.data[begin : begin + height * width].reshape(height, width)

    def copy(self) -> Frame:
        """The same picture in memory of its own."""
        return Frame(self.width, self.height, self.pixel_format, self.colour, self.data.copy())

    def rgb(self, box: Box | None = None) -> NDArray[np.uint8]:
        """RGB uint8 (y1 - y0, x1 - x0, 3) of `box`, of the whole picture without one.

        Outside the picture its edge goes on, so that a box always gets its own size. ValueError if the box is empty.
        """
        x0, y0, x1, y1 = box = box or (0, 0, self.width, self.height)
        if x1 <= x0 or y1 <= y0:
            raise ValueError(f"The box {box} is empty.")
        inner = self._inside(box)
        if inner is None:  # all of it outside: repeat the nearest pixels
            near_x = min(max(x0, 0), self.width - 1)
            near_y = min(max(y0, 0), self.height - 1)
            inner = (near_x, near_y, min(max(x1, near_x + 1), self.width), min(max(y1, near_y + 1), self.height))
        picture = self._inner_rgb(inner)
        if inner == box:
            return picture
        columns = np.clip(np.arange(x0, x1), inner[0], inner[2] - 1) - inner[0]
        rows = np.clip(np.arange(y0, y1), inner[1], inner[3] - 1) - inner[1]
        return np.ascontiguousarray(picture[rows[:, None], columns])

    def _inner_rgb(self, box: Box) -> NDArray[np.uint8]:
        x0, y0, x1, y1 = box
        left, top, right, bottom = self._grown(box)
        planes: list[NDArray[Any]] = [self.y[top:bottom, left:right]]
        planes += [self._spread(self._under(plane, (left, top, right, bottom))) for plane in (self.u, self.v)]
        return np.ascontiguousarray(self.as_rgb(planes)[y0 - top : y1 - top, x0 - left : x1 - left])

    def planes(self, box: Box) -> tuple[list[tuple[NDArray[Any], tuple[int, int]]], tuple[int, int]]:
        """Views of Y, U and V where `box` lies, each with the pixels that a sample covers (down, across); and where.

        The box is grown to whole chroma samples; it begins at the pixel (x, y) that comes last.
        """
        grown = self._grown(box)
        luma = self.y[grown[1] : grown[3], grown[0] : grown[2]]
        chroma = [(self._under(plane, grown), self.step) for plane in (self.u, self.v)]
        return [(luma, (1, 1)), *chroma], (grown[0], grown[1])

    def as_rgb(self, planes: Sequence[NDArray[Any]]) -> NDArray[np.uint8]:
        """Samples of Y, U and V of one size (h, w), as in this frame -> RGB uint8 (h, w, 3)."""
        merged = cv2.merge(list(planes))
        picture = cv2.transform(merged, to_rgb(self.colour.matrix, self.colour.full_range, self.depth))
        if self.depth > 8:  # there the transform saturates at 65535 only
            picture = np.minimum(picture, 255)
        return np.asarray(picture, dtype=np.uint8)

    def blend(self, box: Box, rgb: NDArray[Any], alpha: NDArray[np.floating[Any]]) -> None:
        """Write `rgb` (h, w, 3), uint8 or float of 0..255, into `box`, as far as `alpha` (h, w) of 0..1 says.

        Only the difference is added, in YUV: where alpha is 0 the samples stay bit for bit what they were, a chroma
        sample if alpha is 0 in all its pixels. What lies outside the picture is left out.
        """
        if rgb.shape[:2] != alpha.shape or alpha.shape != (box[3] - box[1], box[2] - box[0]):
            raise ValueError(f"rgb {rgb.shape} and alpha {alpha.shape} do not have the size of the box {box}.")
        inner = self._inside(box)
        if inner is None:
            return
        cut = slice(inner[1] - box[1], inner[3] - box[1]), slice(inner[0] - box[0], inner[2] - box[0])
        weight = np.ascontiguousarray(alpha[cut], dtype=np.float32)
        matrix = from_rgb(self.colour.matrix, self.colour.full_range, self.depth)
        wanted = cv2.split(cv2.transform(np.ascontiguousarray(rgb[cut], dtype=np.float32), matrix))
        self._add(self.y, inner, wanted[0], weight)
        for plane, target in ((self.u, wanted[1]), (self.v, wanted[2])):
            self._add_chroma(plane, inner, target, weight)

    def _add(self, plane: Samples, box: Box, wanted: Any, weight: NDArray[np.float32]) -> None:
        """Bring the samples of `box` as far to `wanted` as `weight` says; both are float32 of its size."""
        samples = plane[box[1] : box[3], box[0] : box[2]]
        change = cv2.multiply(cv2.subtract(wanted, samples, dtype=cv2.CV_32F), weight)
        self._put(samples, change)

    def _add_chroma(self, plane: Samples, box: Box, wanted: Any, weight: NDArray[np.float32]) -> None:
        if self.step == (1, 1):
            self._add(plane, box, wanted, weight)
            return
        left, top, right, bottom = self._grown(box)
        samples = self._under(plane, (left, top, right, bottom))
        both: list[Any] = [cv2.multiply(wanted, weight), weight]
        aside = box[1] - top, bottom - box[3], box[0] - left, right - box[2]
        if any(aside):
            both = [cv2.copyMakeBorder(each, *aside, cv2.BORDER_CONSTANT) for each in both]
        # over whole multiples "area" is the plain mean; that of weight * (wanted - sample), as a sample is one for all
        size = samples.shape[1], samples.shape[0]
        share, part = (cv2.resize(each, size, interpolation=cv2.INTER_AREA) for each in both)
        self._put(samples, cv2.subtract(share, cv2.multiply(part, samples, dtype=cv2.CV_32F)))

    def _put(self, samples: Samples, change: Any) -> None:
        """Add `change` (h, w) float32 to `samples`, rounded, within the depth."""
        changed = cv2.add(samples, change, dtype=cv2.CV_8U if self.depth == 8 else cv2.CV_16U)
        samples[...] = changed if self.depth == 8 else np.minimum(changed, 2**self.depth - 1)

    def _inside(self, box: Box) -> Box | None:
        """The part of `box` in the picture; None if there is none."""
        x0, y0 = max(box[0], 0), max(box[1], 0)
        x1, y1 = min(box[2], self.width), min(box[3], self.height)
        return (x0, y0, x1, y1) if x0 < x1 and y0 < y1 else None

    def _grown(self, box: Box) -> Box:
        """`box`, grown to whole chroma samples."""
        down, across = self.step
        x0, y0, x1, y1 = box
        return x0 // across * across, y0 // down * down, -(-x1 // across) * across, -(-y1 // down) * down

    def _under(self, plane: Samples, box: Box) -> Samples:
        """The chroma samples of `plane` in a grown `box`, a view."""
        down, across = self.step
        x0, y0, x1, y1 = box
        return plane[y0 // down : y1 // down, x0 // across : x1 // across]

    def _spread(self, chroma: NDArray[Any]) -> NDArray[Any]:
        """`chroma` with a sample for each pixel."""
        down, across = self.step
        size = chroma.shape[1] * across, chroma.shape[0] * down
        return np.asarray(cv2.resize(chroma, size, interpolation=cv2.INTER_NEAREST))
