"""Hear of hard cuts while frames stream by."""

from __future__ import annotations

import cv2
import numpy as np


class Cuts:
    """A cut: the picture's grey thumbnail changes at once, and much more than it did from the frame before.

    `frames`: the numbers of the frames that began a new shot so far.
    """

    threshold = 25.0  # grey levels, mean over the thumbnail

    def __init__(self) -> None:
        self.frames: list[int] = []
        self._last: np.ndarray | None = None
        self._change = 0.0

    def at(self, count: int, frame: np.ndarray) -> bool:
        """Does `frame`, number `count`, begin a new shot?"""
        small = cv2.resize(frame, (16, 16), interpolation=cv2.INTER_AREA)
        thumb = cv2.cvtColor(small, cv2.COLOR_RGB2GRAY).astype(np.float32)
        change = 0.0 if self._last is None else float(np.abs(thumb - self._last).mean())
        sudden = change > self.threshold and change > 3 * self._change
        self._last, self._change = thumb, change
        if sudden:
            self.frames.append(count)
        return sudden
