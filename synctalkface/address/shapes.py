"""Mouth shapes with names, such as closed or wide: addresses that lie beside the weights they belong to."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load_file, save_file

from synctalkface.address.track import SUM_TOLERANCE, Shapes
from synctalkface.errors import WeightsError

NAME = "shapes.safetensors"


def load_shapes(folder: Path, slots: int) -> Shapes:
    """The named shapes of the weights in `folder`, whose memory has `slots` slots; none if nobody has named them.

    Raises WeightsError if the file is damaged or of another model.
    """
    path = folder / NAME
    if not path.is_file():
        return {}
    try:
        found = load_file(path)
    except (OSError, SafetensorError) as error:
        raise WeightsError(f"{path} is damaged ({error}). Download it again, or delete it.") from None
    for name, row in found.items():
        if row.shape != (slots,) or not np.isfinite(row).all() or abs(float(row.sum()) - 1) > SUM_TOLERANCE:
            raise WeightsError(
                f"{path}: the shape '{name}' is no address of {slots} slots. Name the shapes again with "
                "`synctalkface atlas --name-shapes`, or delete the file."
            )
    return {name: row.astype(np.float32) for name, row in sorted(found.items())}


def save_shapes(shapes: Shapes, folder: Path) -> Path:
    """Write `shapes` beside the weights in `folder`, whole or not at all."""
    path, part = folder / NAME, folder / (NAME + ".part")
    save_file({name: np.ascontiguousarray(row, dtype=np.float32) for name, row in shapes.items()}, part)
    os.replace(part, path)
    return path
