"""Hear of hard cuts while frames stream by."""

from __future__ import annotations

from collections import deque

import cv2
import numpy as np


class Cuts:
    """A cut: the picture's thumbnail changes at once by a lot, and by much more than it did in the frames before.

    `frames`: the numbers of the frames that began a new shot so far. Even between shots before one studio's wall the
    thumbnail changes by 19 levels; a hand before the camera reaches 12.
    """

    least = 14.0  # levels of 0..255, mean over the thumbnail
    times = 3.0  # as much as the largest change of late
    late = 5  # frames

    def __init__(self) -> None:
        self.frames: list[int] = []
        self._last: np.ndarray | None = None
        self._changes: deque[float] = deque(maxlen=self.late)

    def at(self, count: int, frame: np.ndarray) -> bool:
        """Does `frame` (H, W, 3) uint8, number `count`, begin a new shot?"""
        thumb = _thumb(frame)
        change = self._change(thumb)
        self._last = thumb
        cut = change > self.least and change > self.times * max(self._changes, default=0.0)
        self._changes.append(change)
        if cut:
            self.frames.append(count)
        return cut

    def between(self, frame: np.ndarray) -> bool:
        """May a shot begin in `frame` or in one of those before it that were passed over? If not, it is the latest."""
        thumb = _thumb(frame)
        change = self._change(thumb)
        if change > self.least:
            return True
        self._last = thumb
        self._changes.append(change)
        return False

    def _change(self, thumb: np.ndarray) -> float:
        return 0.0 if self._last is None else float(np.abs(thumb - self._last).mean())


def _thumb(frame: np.ndarray) -> np.ndarray:
    for _ in range(2):  # halves are many times faster than other scales, and the means stay the same
        height, width = frame.shape[:2]
        if height % 2 == 0 and width % 2 == 0:
            frame = cv2.resize(frame, (width // 2, height // 2), interpolation=cv2.INTER_AREA)
    return cv2.resize(frame, (16, 16), interpolation=cv2.INTER_AREA).astype(np.float32)
