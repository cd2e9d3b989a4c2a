"""Pictures of a report: sheets of faces with captions, heat maps with labels. All RGB uint8 (H, W, 3)."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from synctalkface.errors import OutputError

Picture = NDArray[np.uint8]

INK, PAPER = (40, 40, 40), 255
CAPTION = 18  # px: height of a line of text
_FONT, _SIZE = cv2.FONT_HERSHEY_SIMPLEX, 0.4


def sheet(pictures: Sequence[Picture], captions: Sequence[str], columns: int) -> Picture:
    """Pictures of one size in rows of `columns`, each with its caption below."""
    cells = [np.concatenate([p, text(c, p.shape[1])]) for p, c in zip(pictures, captions, strict=True)]
    while len(cells) % columns:
        cells.append(np.full_like(cells[0], PAPER))
    rows = [np.concatenate(cells[i : i + columns], axis=1) for i in range(0, len(cells), columns)]
    return np.concatenate(rows)


def text(words: str, width: int, height: int = CAPTION) -> Picture:
    """A line of text on white, `width` px wide; what is too long is cut off."""
    line = np.full((height, width, 3), PAPER, np.uint8)
    cv2.putText(line, words, (3, height - 5), _FONT, _SIZE, INK, 1, cv2.LINE_AA)
    return line


def heat_map(values: NDArray[np.float64], rows: Sequence[str], columns: Sequence[str], cell: int = 14) -> Picture:
    """`values` (R, C) from 0 (dark) to the largest (bright) with the names of the rows, and of the columns sideways."""
    share = values / max(float(values.max()), 1e-12)
    coded = cv2.applyColorMap((255 * np.sqrt(share)).astype(np.uint8), cv2.COLORMAP_VIRIDIS)
    body = np.repeat(np.repeat(coded[..., ::-1], cell, axis=0), cell, axis=1)
    left = np.concatenate([text(name, 8 * max(map(len, rows)) + 10, cell) for name in rows])
    long = 8 * max(map(len, columns)) + 8
    above = np.concatenate([np.rot90(text(name, long, cell)) for name in columns], axis=1)
    corner = np.full((long, left.shape[1], 3), PAPER, np.uint8)
    return np.ascontiguousarray(
        np.concatenate([np.concatenate([corner, above], 1), np.concatenate([left, body], 1)]), dtype=np.uint8
    )


def below(*pictures: Picture) -> Picture:
    """Pictures below each other, the narrower ones filled up with white."""
    wide = max(picture.shape[1] for picture in pictures)
    filled = [
        np.pad(picture, ((0, 6), (0, wide - picture.shape[1]), (0, 0)), constant_values=PAPER) for picture in pictures
    ]
    return np.concatenate(filled)


def write_png(picture: Picture, path: Path) -> Path:
    """Write `picture` whole or not at all. Raises OutputError."""
    done, data = cv2.imencode(".png", cv2.cvtColor(picture, cv2.COLOR_RGB2BGR))
    part = path.with_name(path.name + ".part")
    try:
        part.write_bytes(data.tobytes())
        os.replace(part, path)
    except OSError as error:
        raise OutputError(f"{path} cannot be written ({error.strerror}). Choose another folder.") from None
    if not done:
        raise OutputError(f"{path} cannot be coded as PNG. Choose a smaller picture.")
    return path
