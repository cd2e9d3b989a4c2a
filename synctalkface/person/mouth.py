"""Draws the mouth of one filmed person for any speech: the model, its references and the way back into the frame.

The model draws flows, masks and colours for a 128 px crop; the references' pixels are moved at the footage's own
resolution, so a face that is large in the frame stays as sharp as it was filmed. What was drawn then gets the light,
the sharpness and the grain of the frame it is laid on, each frame for itself, and gives way to it where both show
different things far from the lips.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from synctalkface.config import Config
from synctalkface.device import on
from synctalkface.faces.crop import mouth_mask, place
from synctalkface.inputs import frames, pictures, upper
from synctalkface.models.decoder import render
from synctalkface.models.generator import Heard, SyncTalkFace
from synctalkface.person import rendering
from synctalkface.person.cutout import cut_out
from synctalkface.person.detail import finish
from synctalkface.person.follow import Followed, Place
from synctalkface.person.light import relight
from synctalkface.person.yielding import give_way
from synctalkface.video import Box, Frame, Video, read_frames

LARGEST_CROP = 512  # px: a finer crop would cost time that nobody sees


class Still(NamedTuple):
    """One frame, and where the face lies in it."""

    frame: Frame
    where: Place


def stills(clip: Video, followed: Followed, numbers: Iterable[int]) -> list[Still]:
    """The frames `numbers` of `clip`, in all of which the face was found; what comes twice is read once.

    They are read at the same time: each may lie far behind the key frame from which it has to be decoded.
    """

    def read(number: int) -> Still:
        where = followed.at(number)
        assert where is not None  # noqa: S101 (references are frames in which the face was found)
        return Still(next(read_frames(clip, number, number + 1)), where)

    wanted = list(numbers)
    with ThreadPoolExecutor() as readers:
        found = {number: readers.submit(read, number) for number in set(wanted)}
        return [found[number].result() for number in wanted]


class Mouth:
    """One person. `references` are the frames whose pixels are moved, as many as `config` has, or more.

    articulation: how wide the person parts the lips (faces.articulation).
    """

    def __init__(
        self, model: SyncTalkFace, config: Config, references: Sequence[Still], articulation: float = 1.0
    ) -> None:
        self.model, self.config = model, config
        lent = references[: config.model.references]
        self.size = max(_crop_size(each.where.matrix, config.face.size) for each in lent)
        self.device = next(model.parameters()).device
        self._fine = self._lent(lent, self.size)  # (1, K, 3, R, R)
        self._pictures = rendering.lent(self._fine)
        self._wide = torch.tensor([articulation], device=self.device)
        with torch.inference_mode():
            self._rest = model.rest()
            self._features = model.encode_references(self._lent(lent, config.face.size))

    def draw(
        self, shown: list[Frame], places: list[Place], heard: Heard, strengths: NDArray[np.float32] | None = None
    ) -> None:
        """Change the mouths in `shown` (B frames) to what is `heard` (1, B, C) at each of them.

        strengths: (B,) in 0..1, how much of the change is shown, where it fades in or out; None: all of it.
        """
        filmed = self.cut(shown, places)
        strengths = np.ones(len(shown), np.float32) if strengths is None else strengths
        self.paste(shown, places, self.generate(filmed, heard), filmed, strengths)

    def cut(self, shown: list[Frame], places: list[Place]) -> NDArray[np.uint8]:
        """The faces of `shown` (B frames) as the model sees them, (B, S, S, 3): the first step of `draw`."""
        size = self.config.face.size
        return np.stack([cut_out(frame, where.matrix, size) for frame, where in zip(shown, places, strict=True)])

    def generate(self, filmed: NDArray[np.uint8], heard: Heard) -> NDArray[np.float32]:
        """The lower halves (B, R/2, R, 3) that say what is `heard`, for faces as `cut` gives them: the second step."""
        poses = upper(pictures(filmed))
        with torch.inference_mode():
            heard = self.model.articulate(heard, self._rest, self._wide)
            drawing = self.model.draw(on(self.device, poses)[None], self._features, heard.audio, heard.lips)
            if rendering.fits(drawing):
                drawn = rendering.render(drawing, self._pictures, self.size)
            else:
                drawn = frames(render(drawing, self._fine, self.size)[0])
        return drawn[:, drawn.shape[1] - self.size // 2 :]

    def paste(
        self,
        shown: list[Frame],
        places: list[Place],
        lower: NDArray[np.float32],
        filmed: NDArray[np.uint8],
        strengths: NDArray[np.float32],
    ) -> None:
        """Lay what was generated over the frames: the third step."""
        half = self.config.face.size // 2
        for frame, where, picture, crop, strength in zip(shown, places, lower, filmed, strengths, strict=True):
            self._paste(frame, where, picture, crop[half:], float(strength))

    def _lent(self, references: Sequence[Still], size: int) -> Tensor:
        """The crops of the references: (1, K, 3, size, size)."""
        crops = [cut_out(each.frame, each.where.matrix, size) for each in references]
        return on(self.device, pictures(np.stack(crops)))[None]

    def _paste(
        self,
        frame: Frame,
        where: Place,
        lower: NDArray[np.float32],
        filmed: NDArray[np.uint8],
        strength: float,
    ) -> None:
        """Lay `lower` (R/2, R, 3) over the frame; `filmed` is the lower half of the frame's own crop, at any size."""
        mask = mouth_mask(where.landmarks, where.matrix, self.size)
        box = covered(mask, where.matrix, frame)
        if box is None:
            return
        lit = relight(lower, filmed, mask[self.size - len(lower) :])
        mask = give_way(mask, lit, filmed, where.landmarks, where.matrix)
        rgb, alpha = place(lit, mask, where.matrix, box)
        x0, y0, x1, y1 = box
        level = (1 if frame.colour.full_range else 255 / 219) / 2 ** (frame.depth - 8)
        rgb = finish(rgb, alpha, frame.y[y0:y1, x0:x1], level)
        frame.blend(box, rgb, alpha * np.float32(strength))


def covered(mask: NDArray[np.float32], matrix: NDArray[np.float64], frame: Frame) -> Box | None:
    """The box of `frame` outside of which `mask` (S, S) changes no sample; None if it changes none at all.

    It keeps to whole chroma samples.
    """
    shown = mask > 1 / 2 ** (frame.depth + 1)  # less of the largest change is less than half a level
    rows, columns = np.flatnonzero(shown.any(1)), np.flatnonzero(shown.any(0))
    if not len(rows):
        return None
    low = np.array([columns[0] - 1, rows[0] - 1]) / len(mask)  # a pixel more: the edge is interpolated
    high = np.array([columns[-1] + 2, rows[-1] + 2]) / len(mask)
    to_frame = cv2.invertAffineTransform(matrix)
    points = np.array([low, (low[0], high[1]), (high[0], low[1]), high]) @ to_frame[:, :2].T + to_frame[:, 2]
    step, limits = np.array(frame.step[::-1]), (frame.width, frame.height)  # across, down
    x0, y0 = np.clip(np.floor(points.min(0) / step).astype(int) * step, 0, limits)
    x1, y1 = np.clip(np.ceil(points.max(0) / step).astype(int) * step, 0, limits)
    return (int(x0), int(y0), int(x1), int(y1)) if x0 < x1 and y0 < y1 else None


def _crop_size(matrix: NDArray[np.float64], smallest: int) -> int:
    """The side in px at which the reference is kept: that of the face in the footage, in steps of 64."""
    side = 1 / float(np.hypot(matrix[0, 0], matrix[0, 1]))
    return int(np.clip(np.ceil(side / 64) * 64, smallest, LARGEST_CROP))
