"""A face out of a filmed frame, as the networks see it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from synctalkface.faces.crop import cut_planes, region
from synctalkface.video import Frame

MARGIN = 0.03  # of the crop's side: how much more of the frame is read, for interpolation at its edge


def cut_out(frame: Frame, matrix: NDArray[np.float64], size: int) -> NDArray[np.uint8]:
    """The aligned crop (size, size, 3) RGB; matrix (2, 3): frame px -> crop coordinates (faces.crop).

    Cut from the planes of the video, so that no more pixels are converted to RGB than the crop has.
    """
    planes, origin = frame.planes(region(matrix, MARGIN, frame.width, frame.height))
    return frame.as_rgb(cut_planes(planes, origin, matrix, size))
