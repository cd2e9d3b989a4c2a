"""The end of each footage, which is not learnt from: how near to what was filmed do weights draw it?"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from torch import Tensor, cat

from synctalkface.data.dataset import Clips
from synctalkface.data.redraw import redraw, with_mouths
from synctalkface.errors import TrainingError
from synctalkface.faces.lip_reader import LipReader
from synctalkface.faces.mesh import Square
from synctalkface.inputs import lower, pictures
from synctalkface.metrics import l1, landmark_distance, psnr, ssim
from synctalkface.models.generator import SyncTalkFace
from synctalkface.training.footage import Footage
from synctalkface.training.lessons import LONGEST_HELD_OUT, held_out

FLICKER = 0.02  # share by which SSIM may be farther from 1: of frames that hardly move it is a matter of chance
NEAR = 0.3  # px of the crop, a hundredth of a mouth: lips as near as this lie where they should
SMALLEST = 1e-6  # of a score that is divided by


class Score(NamedTuple):
    """How near the drawn mouths come to the filmed ones, as they would be in use."""

    l1: float  # inside the mouth window
    psnr: float  # dB, inside it too
    ssim: float  # of the lower halves
    lmd: float  # px of the crop

    def gain(self, before: Score) -> float:
        """How much better this is than `before`, over 0 if so: by the pixels of the mouth and the shape of the lips.

        It is 0 if the pixels are worse; the picture as a whole past FLICKER; the lips at all, unless NEAR.
        """
        lips, were = max(self.lmd, NEAR), max(before.lmd, NEAR)
        unlike = (1 - self.ssim) / max(1 - before.ssim, SMALLEST)
        if self.l1 > before.l1 or lips > were or unlike > 1 + FLICKER:
            return 0.0
        pixels = max(before.l1, SMALLEST) / max(self.l1, SMALLEST)
        return max(0.0, float(np.log(pixels * were / lips)))


class Examined(NamedTuple):
    """Some frames of one footage, [first, last): which they are, and where their lips are."""

    footage: Footage
    first: int
    last: int
    filmed: NDArray[np.uint8]  # (F, P, P, 3)
    squares: list[Square]
    lips: NDArray[np.float32]  # (F, K, 2) px


class Examination:
    """Judges weights by the end of each footage; with `longer` also by up to LONGEST_HELD_OUT before it."""

    def __init__(self, footage: Sequence[Footage], clips: Clips, longer: bool = False) -> None:
        self._clips, self._reader = clips, LipReader()
        self._examined = [self._look(one, *_frames(one, len(footage), longer)) for one in footage]

    def score(self, model: SyncTalkFace) -> Score:
        """The mean over the footage, for a `model` as it is in use. Raises TrainingError if it draws no picture."""
        mean = np.mean([self._score(model, one) for one in self._examined], axis=0)
        if not np.isfinite(mean).all():
            raise TrainingError("The adapted weights draw no picture any more. Lower the learning rate.")
        return Score(*map(float, mean))

    def _look(self, footage: Footage, first: int, last: int) -> Examined:
        filmed = footage.clip.crops[first:last]
        squares = self._reader.squares(filmed)
        return Examined(footage, first, last, filmed, squares, self._reader.lips(filmed, squares))

    def _score(self, model: SyncTalkFace, one: Examined) -> Score:
        clip = one.footage.clip.part(one.first, one.last)
        drawn = redraw_footage(model, self._clips, one.footage, one.first, one.last)
        true, mouth = lower(self._clips.faces(clip)), self._clips.mouths(clip)
        if not bool(drawn.isfinite().all()):
            return Score(*[float("nan")] * 4)
        lips = self._reader.lips(with_mouths(one.filmed, drawn), one.squares)
        moved = landmark_distance(lips, one.lips)
        return Score(l1(drawn, true, mouth), psnr(drawn, true, mouth), ssim(drawn, true), moved)


def _frames(footage: Footage, clips: int, longer: bool) -> tuple[int, int]:
    """The frames [first, last) of `footage`, one of several `clips`, that are held out; with `longer` more before."""
    end, more = len(footage.clip.crops), round(LONGEST_HELD_OUT * footage.clip.frame_rate / clips)
    begin = end - held_out(footage, clips)
    return (max(0, begin - more) if longer else begin, end)


def redraw_footage(model: SyncTalkFace, clips: Clips, footage: Footage, begin: int, end: int) -> Tensor:
    """The lower halves (F, 3, S/2, S) of the frames [begin, end) of `footage`, with the references that a dub takes."""
    references, drawn = footage.references[begin:end], []
    changes = begin + 1 + np.flatnonzero(np.diff(references, axis=0).any(axis=1))
    for first, last in pairwise([begin, *changes.tolist(), end]):
        stills = pictures(footage.stills(footage.references[first], clips.size))
        shown = footage.clip.part(first, last)
        drawn.append(redraw(model, clips, shown, None, stills, footage.articulation).picture)
    return cat(drawn)
