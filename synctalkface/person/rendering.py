"""A drawing becomes a picture on the processor: `models.decoder.render` again, in less than half of its time.

There torch renders, with gradients, for training and on a GPU; here OpenCV does, for dubs without one. Both give the
same picture to a fiftieth of a grey level (tests/person/test_rendering.py). F frames, K references, R side of the crop;
h x w is the drawn region, which is the crop's lower part.
"""

from __future__ import annotations

import functools

import cv2
import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from synctalkface.models.decoder import Drawing

Picture = NDArray[np.float32]  # (height, width, 4), 0..255: OpenCV moves four channels in half the time of three


def render(drawing: Drawing, references: list[Picture], size: int) -> NDArray[np.float32]:
    """The drawn region of one clip as pictures (F, size * h / w, size, 3) of 0..255.

    drawing: on the CPU, with moved pixels; references: K of (R, R, 3), where R is `size`.
    """
    assert drawing.keep is not None  # noqa: S101 (a head that only paints has nothing to move)
    assert drawing.flow is not None  # noqa: S101
    flow, keep, paint = (part[0].numpy() for part in (drawing.flow, drawing.keep, drawing.paint))
    height = size * paint.shape[-2] // paint.shape[-1]
    pictures = np.empty((len(paint), height, size, 3), np.float32)
    for frame, out in enumerate(pictures):
        shares = [_enlarge(share, size, height) for share in keep[frame]]
        rest = functools.reduce(cv2.subtract, shares, np.ones((height, size), np.float32))
        painted = cv2.cvtColor(_enlarge(_last(255 * paint[frame]), size, height), cv2.COLOR_RGB2RGBA)
        drawn = cv2.multiply(painted, _four(rest))
        for k, share in enumerate(shares):
            away = _enlarge(_last(size * flow[frame, 2 * k : 2 * k + 2]), size, height)
            moved = _warp(references[k], np.asarray(cv2.add(away, _places(size, height)), np.float32))
            cv2.accumulateProduct(moved, _four(share), drawn)
        cv2.cvtColor(drawn, cv2.COLOR_RGBA2RGB, out)
    return pictures


def fits(drawing: Drawing) -> bool:
    """Whether `render` can do it."""
    return drawing.keep is not None and drawing.paint.device.type == "cpu"


def lent(references: Tensor) -> list[Picture]:
    """References (1, K, 3, R, R) of 0..1 as `render` takes them."""
    return [_padded(one.movedim(0, -1).cpu().numpy() * np.float32(255)) for one in references[0].float()]


def _padded(picture: NDArray[np.float32]) -> Picture:
    return np.asarray(cv2.cvtColor(np.ascontiguousarray(picture), cv2.COLOR_RGB2RGBA), np.float32)


def _warp(reference: Picture, places: NDArray[np.float32]) -> Picture:
    # both coordinates are in the first map; an empty second one is not taken for none
    moved = cv2.remap(reference, places, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)  # type: ignore[call-overload]
    return np.asarray(moved, np.float32)


def _enlarge(plane: NDArray[np.float32], width: int, height: int) -> NDArray[np.float32]:
    return np.asarray(cv2.resize(plane, (width, height), interpolation=cv2.INTER_LINEAR), np.float32)


def _last(planes: NDArray[np.float32]) -> NDArray[np.float32]:
    """(C, h, w) -> (h, w, C)."""
    return np.ascontiguousarray(planes.transpose(1, 2, 0))


def _four(plane: NDArray[np.float32]) -> NDArray[np.float32]:
    """(h, w) -> (h, w, 4); the fourth channel is never looked at."""
    return np.asarray(cv2.cvtColor(plane, cv2.COLOR_GRAY2BGRA), np.float32)


@functools.lru_cache(maxsize=16)
def _places(size: int, height: int) -> NDArray[np.float32]:
    """Where each pixel of the last `height` rows lies in the crop: (height, size, 2), x and y."""
    columns, rows = np.meshgrid(np.arange(size, dtype=np.float32), np.arange(size - height, size, dtype=np.float32))
    return np.stack([columns, rows], axis=-1)
