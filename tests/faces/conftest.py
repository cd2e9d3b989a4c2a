"""A face in the public domain, and films of it whose motion is known."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
import pytest
from skimage import data

from synctalkface.faces.detect import BlazeFace
from synctalkface.faces.mesh import FaceMesh


@pytest.fixture(scope="session")
def astronaut() -> np.ndarray:
    """(512, 512, 3): Eileen Collins; her face lies in about x 174..279, y 70..175."""
    return np.asarray(data.astronaut())


@pytest.fixture(scope="session")
def detector() -> BlazeFace:
    return BlazeFace()


@pytest.fixture(scope="session")
def mesh() -> FaceMesh:
    return FaceMesh()


@pytest.fixture(scope="session")
def shot(astronaut: np.ndarray) -> Callable[..., tuple[np.ndarray, np.ndarray]]:
    """A function (x, y, zoom, degrees) -> a frame (240, 320, 3) and the map (2, 3) from px of the photograph to its px.

    Her face lies in the frame's middle, moved by x, y px, enlarged and turned clockwise.
    """

    def make(x: float = 0, y: float = 0, zoom: float = 1, degrees: float = 0) -> tuple[np.ndarray, np.ndarray]:
        radians = np.radians(degrees)
        cos, sin = zoom * np.cos(radians), zoom * np.sin(radians)
        linear = np.array([[cos, -sin], [sin, cos]])
        shift = np.array([160 + x, 120 + y]) - linear @ (226, 125)
        motion = np.concatenate([linear, shift[:, None]], 1)
        centred = motion.copy()
        centred[:, 2] += linear @ (0.5, 0.5) - 0.5
        return cv2.warpAffine(astronaut, centred, (320, 240), borderMode=cv2.BORDER_REFLECT), motion

    return make
