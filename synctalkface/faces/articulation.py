"""How wide a person parts the lips to speak, as footage shows it."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

RARE = 0.95  # quantile of the gaps: so wide the lips part for the widest vowels
USUAL = 0.125  # that gap, in widths of the mouth, of somebody whose articulation is 1
LEAST, MOST = 0.75, 2.25  # beyond it lie faces that grin, sing or are not found well
SILENT = 0.5  # who parts the lips less does not speak: nothing is known


def articulation(openings: NDArray[np.floating[Any]]) -> float:
    """How many times as wide as usual a person parts the lips: from the gaps (N,), in widths of the mouth, of N frames.

    1 where there are none, or the person hardly moves the lips.
    """
    if not len(openings):
        return 1.0
    found = float(np.quantile(openings, RARE)) / USUAL
    return 1.0 if found < SILENT else float(np.clip(found, LEAST, MOST))
