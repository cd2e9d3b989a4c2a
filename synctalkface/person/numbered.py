"""The people of a clip with their numbers, as a picture to look at and as a table to read."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from synctalkface.errors import OutputError
from synctalkface.person.cast import Cast, Person

ENDINGS = (".png", ".jpg", ".jpeg")
_FONT = cv2.FONT_HERSHEY_SIMPLEX
_FRAME, _SPEAKER, _INK = (255, 214, 10), (120, 230, 120), (20, 20, 20)
_TEXT = 1 / 24  # of the picture's shorter side: the height of a plate
_SMALLEST = 16  # px


def numbered(cast: Cast) -> NDArray[np.uint8]:
    """The cast's picture (H, W, 3) RGB with a box round each face in it, its number, and a word for the speaker."""
    canvas = cast.picture.copy()
    plate = max(_SMALLEST, round(min(canvas.shape[:2]) * _TEXT))
    line = max(1, plate // 12)
    for person in cast.people:
        if person.box is None:
            continue
        colour = _SPEAKER if person.speaker else _FRAME
        x0, y0, x1, y1 = person.box
        cv2.rectangle(canvas, (x0, y0), (x1 - 1, y1 - 1), colour, line, cv2.LINE_AA)
        _plate(canvas, f"{person.number} speaker" if person.speaker else str(person.number), (x0, y0), plate, colour)
    return canvas


def _plate(
    canvas: NDArray[np.uint8], text: str, corner: tuple[int, int], height: int, colour: tuple[int, int, int]
) -> None:
    """Dark letters on a plate of `colour`: above the box that begins at `corner`, else inside; never cut off."""
    scale, thick = 0.6 * height / cv2.getTextSize("1", _FONT, 1.0, 1)[0][1], max(1, height // 12)
    (wide, high), _ = cv2.getTextSize(text, _FONT, scale, thick)
    width = wide + height // 2
    x = int(np.clip(corner[0], 0, max(0, canvas.shape[1] - width)))
    y = corner[1] - height if corner[1] >= height else corner[1]
    cv2.rectangle(canvas, (x, y), (x + width - 1, y + height - 1), colour, -1)
    cv2.putText(canvas, text, (x + height // 4, y + (height + high) // 2), _FONT, scale, _INK, thick, cv2.LINE_AA)


def table(cast: Cast) -> str:
    """The people as lines of text, one each, below a line that says what the columns are."""
    lines: list[tuple[str, ...]] = [("face", "first seen", "seen for", "height", "turned", "fits the sound", "")]
    lines += [_line(person) for person in cast.people]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return "\n".join(
        "  ".join(cell.rjust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in lines
    )


def _line(person: Person) -> tuple[str, ...]:
    fits = "-" if person.speaking is None else f"{person.speaking:.1f}"
    seen, high, aside = f"{person.seconds:.2f} s", f"{person.size:.0f} px", f"{person.turned:.0f}°"
    return str(person.number), f"{person.first:.2f} s", seen, high, aside, fits, "speaker" if person.speaker else ""


def as_dict(cast: Cast) -> dict[str, Any]:
    """The cast as plain JSON data, without its picture."""
    people = [person._asdict() | {"box": person.box and list(person.box)} for person in cast.people]
    return {"second": round(cast.second, 3), "faces": [_rounded(person) for person in people]}


def _rounded(person: dict[str, Any]) -> dict[str, Any]:
    return {name: round(value, 3) if isinstance(value, float) else value for name, value in person.items()}


def check_picture(path: Path, overwrite: bool) -> None:
    """OutputError if the picture `path` cannot or must not be written: ask before long work."""
    if path.suffix.lower() not in ENDINGS:
        raise OutputError(f"{path} does not end in .png or .jpg. Choose one of these.")
    if not path.parent.is_dir():
        raise OutputError(f"There is no folder {path.parent}. Make it, or write elsewhere.")
    if path.is_dir() or (path.exists() and not overwrite):
        raise OutputError(f"{path} exists already. Choose another name, or allow it to be overwritten.")


def write_picture(cast: Cast, path: Path) -> None:
    """Write the numbered picture to `path`, whole or not at all. Raises OutputError if that fails."""
    _, data = cv2.imencode(path.suffix.lower(), numbered(cast)[..., ::-1])
    part = path.with_name(f".{path.stem}.{os.getpid()}.part")
    try:
        part.write_bytes(data.tobytes())
        os.replace(part, path)
    except OSError as error:
        raise OutputError(f"{path} cannot be written ({error.strerror}). Choose another folder.") from None
    finally:
        part.unlink(missing_ok=True)
