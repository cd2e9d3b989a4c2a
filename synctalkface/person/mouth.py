"""Draws the mouth of one filmed person for any speech: the model, its reference and the way back into the frame.

The model draws a flow, a mask and colours for a 128 px crop; the reference's pixels are moved at the footage's own
resolution, so a face that is large in the frame stays as sharp as it was filmed.
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from synctalkface.config import Config
from synctalkface.faces.crop import cut, mouth_mask, place, region
from synctalkface.inputs import frames, pictures, upper
from synctalkface.models.decoder import render
from synctalkface.models.generator import Heard, SyncTalkFace
from synctalkface.person.follow import Place
from synctalkface.video import Frame

LARGEST_CROP = 512  # px: a finer crop would cost time that nobody sees
MARGIN = 0.03  # of the crop's side: how much more of the frame is read, for interpolation at its edge


class Mouth:
    """One person. `reference` is the frame whose pixels are moved."""

    def __init__(self, model: SyncTalkFace, config: Config, reference: Frame, where: Place) -> None:
        self.model, self.config = model, config
        self.size = _crop_size(where.matrix, config.face.size)
        self.device = next(model.parameters()).device
        fine = pictures(self._cut(reference, where.matrix, self.size))[None].to(self.device)
        coarse = pictures(self._cut(reference, where.matrix, config.face.size))[None].to(self.device)
        self._fine = fine  # (1, 3, R, R)
        with torch.inference_mode():
            self._features = model.encode_reference(coarse)

    def draw(self, shown: list[Frame], places: list[Place], heard: Heard) -> None:
        """Change the mouths in `shown` (B frames) to what is `heard` (1, B, C) at each of them."""
        size = self.config.face.size
        poses = upper(pictures(np.stack([self._cut(f, p.matrix, size) for f, p in zip(shown, places, strict=True)])))
        with torch.inference_mode():
            drawing = self.model.draw(poses[None].to(self.device), self._features, heard.audio, heard.lips)
            drawn = render(drawing, self._fine, self.size)[0]
        for frame, where, picture in zip(shown, places, frames(self._lower(drawn)), strict=True):
            self._paste(frame, where, picture)

    def _lower(self, drawn: Tensor) -> Tensor:
        """The lower half of what was drawn: (B, 3, R/2, R)."""
        return drawn[..., drawn.shape[-2] - self.size // 2 :, :]

    def _cut(self, frame: Frame, matrix: NDArray[np.float64], size: int) -> NDArray[np.uint8]:
        box = region(matrix, MARGIN, frame.width, frame.height)
        return cut(frame.rgb(box), (box[0], box[1]), matrix, size)

    def _paste(self, frame: Frame, where: Place, lower: NDArray[np.float32]) -> None:
        box = region(where.matrix, MARGIN, frame.width, frame.height, top=0.5)
        mask = mouth_mask(where.landmarks, where.matrix, self.size)
        above = np.broadcast_to(lower[:1], (self.size - len(lower), *lower.shape[1:]))  # the mask is 0 there
        rgb, alpha = place(np.concatenate([above, lower]), mask, where.matrix, box)
        frame.blend(box, rgb, alpha)


def _crop_size(matrix: NDArray[np.float64], smallest: int) -> int:
    """The side in px at which the reference is kept: that of the face in the footage, in steps of 64."""
    side = 1 / float(np.hypot(matrix[0, 0], matrix[0, 1]))
    return int(np.clip(np.ceil(side / 64) * 64, smallest, LARGEST_CROP))
