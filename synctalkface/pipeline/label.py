"""Says that a video is dubbed: a note in the file, and, where it is wished for, a label in the picture."""

from __future__ import annotations

import cv2
import numpy as np

from synctalkface.video import Frame

NOTE = "Synthetic media: the mouth in this video was redrawn by synctalkface to fit other speech."
TEXT = "AI-dubbed"
_HEIGHT = 0.05  # of the frame's shorter side
_SMALLEST = 12  # px
_FONT = cv2.FONT_HERSHEY_SIMPLEX


class Label:
    """White letters on a dark plate at the lower left of frames of `width` x `height` px."""

    def __init__(self, width: int, height: int) -> None:
        tall = max(_SMALLEST, round(_HEIGHT * min(width, height)))
        scale = 0.55 * tall / cv2.getTextSize(TEXT, _FONT, 1.0, 1)[0][1]
        thick = max(1, round(tall / 14))
        (wide, high), _ = cv2.getTextSize(TEXT, _FONT, scale, thick)
        pad = tall // 2
        plate = np.zeros((tall, min(width, wide + 2 * pad)), np.uint8)
        cv2.putText(plate, TEXT, (pad, (tall + high) // 2), _FONT, scale, 255, thick, cv2.LINE_AA)
        self._rgb = np.repeat(plate[..., None], 3, axis=2)
        self._alpha = np.maximum(plate.astype(np.float32) / 255, 0.6)
        x, y = min(pad, width - plate.shape[1]), height - tall - pad
        self._box = (x, y, x + plate.shape[1], y + tall)

    def put(self, frame: Frame) -> None:
        """Draw the label into `frame`."""
        frame.blend(self._box, self._rgb, self._alpha)
