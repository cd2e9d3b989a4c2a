"""How far the lips of the person in the footage go for what is heard: one number, where thousands would be too many.

A sound is answered with a mean over many lip shapes, so most strangers part their lips farther than they are drawn.
`memory.emphasis` says how many times as far from the mouth at rest recalled lips lie; several values of it are tried on
the footage, and that is taken with which the lips come nearest to the filmed ones, unless it is far from what the
weights have and hardly better. None is less: that was found where little was spoken, and was wrong where more was.
"""

from __future__ import annotations

import copy

import numpy as np

from synctalkface.events import Listener, Progress, ignore
from synctalkface.models.generator import SyncTalkFace, for_use
from synctalkface.training.held_out import SMALLEST, Examination

TIMES = (1.0, 1.2, 1.45, 1.7, 2.0)  # what the weights have, that are tried
DOUBT = 0.2  # of the logarithm of LMD, for a value e times as far; docs/log.md


def fitted(model: SyncTalkFace, examination: Examination, listener: Listener = ignore) -> float:
    """Which of TIMES suits the frames of `examination` best, for `model` as in training, which is not changed."""
    if model.memory is None:
        return 1.0
    costs = []
    for done, times in enumerate(TIMES):
        listener(Progress("measure the lips", done, len(TIMES)))
        lips = examination.score(livelier(model, times)).lmd
        costs.append(np.log(max(lips, SMALLEST)) + DOUBT * np.log(times) ** 2)
    return TIMES[int(np.argmin(costs))]


def livelier(model: SyncTalkFace, times: float) -> SyncTalkFace:
    """A copy of `model` for use, whose lips go so many times as far."""
    other = copy.deepcopy(model)
    if other.memory is not None:
        other.memory.emphasis *= times
    return for_use(other)
