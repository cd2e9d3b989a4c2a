"""Names for mouth shapes: closed, open, wide, round, each the slot that shows it most clearly on a face.

What a slot looks like (it is drawn alone and its lips are measured) and which phonemes ask for it count alike.
S slots, K points of the lips.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from synctalkface.address import Shapes
from synctalkface.evaluation.sitter import one_slot
from synctalkface.faces.lip_reader import opening, width

IN_USE = 0.1  # of an equal share: a slot that the speech of many clips asks for less than this was never taught
SHAPES = ("closed", "open", "wide", "round")


def name_shapes(lips: NDArray[np.float32], usage: NDArray[np.float64], lift: dict[str, NDArray[np.float64]]) -> Shapes:
    """The named shapes of a memory: four different slots, the clearest pair of name and slot chosen first.

    lips (S, K, 2): what each slot draws; usage (S,): its share of all speech; lift: for each name how many times more
    (S,) than the average frame the phonemes of that class ask for the slot.
    """
    used = np.flatnonzero(usage >= IN_USE / len(usage))
    gap, broad = _standard(opening(lips[used])), _standard(width(lips[used]))
    looks = {"closed": -gap, "open": gap, "wide": broad, "round": -broad}
    clear = np.stack([looks[name] + _standard(np.log(lift[name][used] + 1e-3)) for name in SHAPES])  # (4, used)
    found: dict[str, int] = {}
    for pair in np.argsort(-clear, axis=None):
        shape, place = divmod(int(pair), len(used))
        if SHAPES[shape] not in found and int(used[place]) not in found.values():
            found[SHAPES[shape]] = int(used[place])
    return {name: one_slot(found[name], len(usage)) for name in SHAPES if name in found}


def _standard(values: NDArray[np.floating]) -> NDArray[np.float64]:
    """`values` brought to zero mean and unit variance."""
    values = values.astype(np.float64)
    return np.asarray((values - values.mean()) / (values.std() + 1e-9))
