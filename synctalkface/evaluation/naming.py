"""Names for mouth shapes: closed, open, wide, round, each the slot that shows it most clearly on a face.

Every slot is drawn alone and its lips are measured. S slots, K points of the lips.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from synctalkface.address import Shapes
from synctalkface.evaluation.landmarks import opening, width
from synctalkface.evaluation.sitter import one_slot

IN_USE = 0.1  # of an equal share: a slot that the speech of many clips asks for less than this is no mouth of anybody


def name_shapes(lips: NDArray[np.float32], usage: NDArray[np.float64]) -> Shapes:
    """The named shapes of a memory, from the lips (S, K, 2) that each slot draws and its share (S,) of all speech.

    Only slots in use are named: the others were never taught. round is told from closed by its narrow mouth, wide by
    its broad one.
    """
    used = np.flatnonzero(usage >= IN_USE / len(usage))
    open_by, wide_by = opening(lips[used]), width(lips[used])
    found = {
        "closed": used[open_by.argmin()],
        "open": used[open_by.argmax()],
        "wide": used[wide_by.argmax()],
        "round": used[wide_by.argmin()],
    }
    return {name: one_slot(int(slot), len(usage)) for name, slot in found.items()}
