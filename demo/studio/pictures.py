"""Pictures that the page draws: the faces with their numbers, the memory addresses over time; and pictures as HTML."""

from __future__ import annotations

import base64
import html
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

Picture = NDArray[np.uint8]

LONGEST = 960  # px: wider than the page shows it
ROWS = 24  # slots in the picture of addresses: those that are used most
_FONT = cv2.FONT_HERSHEY_SIMPLEX
_FRAME = (255, 214, 10)
_INK, _PAPER, _WAVE = (40, 40, 40), (255, 255, 255), (70, 110, 200)
_LEFT, _RIGHT, _TOP, _FOOT = 64, 12, 30, 34  # px around the drawing
_WIDTH, _ROW, _WAVES = 900, 14, 90


def as_html(picture: Picture, words: str, wide: bool = False) -> str:
    """`picture` (H, W, 3) as HTML; `words` for those who cannot see it. `wide`: scrolled rather than made too small."""
    ending, quality = (".png", []) if wide else (".jpg", [cv2.IMWRITE_JPEG_QUALITY, 92])
    _, data = cv2.imencode(ending, picture[..., ::-1], quality)
    source = f"data:image/{'png' if wide else 'jpeg'};base64,{base64.b64encode(data).decode()}"
    image = f'<img src="{source}" alt="{html.escape(words)}">'
    if wide:
        return f'<div class="wide" tabindex="0" role="group" aria-label="{html.escape(words)}">{image}</div>'
    return f'<div class="shown">{image}</div>'


def numbered(picture: Picture, people: list[Any]) -> Picture:
    """`picture` (H, W, 3), scaled down to the page, with a box and a number on each of `people` who is in it."""
    scale = min(1.0, LONGEST / max(picture.shape[:2]))
    size = max(1, round(picture.shape[1] * scale)), max(1, round(picture.shape[0] * scale))
    canvas = cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
    for person in people:
        if person.box is None:
            continue
        x0, y0, x1, y1 = (round(value * scale) for value in person.box)
        cv2.rectangle(canvas, (x0, y0), (x1, y1), _FRAME, 2, cv2.LINE_AA)
        plate = 26 + 12 * (len(str(person.number)) - 1)
        cv2.rectangle(canvas, (x0, y0), (x0 + plate, y0 + 28), _FRAME, -1)
        cv2.putText(canvas, str(person.number), (x0 + 6, y0 + 22), _FONT, 0.75, _INK, 2, cv2.LINE_AA)
    return np.asarray(canvas, dtype=np.uint8)


def addresses(times: NDArray[Any], weights: NDArray[Any], waveform: NDArray[Any], sample_rate: int) -> Picture:
    """What the memory is asked for over time, above the sound that asks.

    times: (F,) s, weights: (F, S), each row sums to one. A line of the picture is one slot, the most used first.
    """
    slots = np.argsort(-weights.mean(0))[:ROWS]
    seconds = max(len(waveform) / sample_rate, 1e-3)
    drawn = _columns(times, weights[:, slots], seconds)
    height = _TOP + len(slots) * _ROW + 8 + _WAVES + _FOOT
    canvas = np.full((height, _LEFT + _WIDTH + _RIGHT, 3), _PAPER, np.uint8)
    bottom = _TOP + len(slots) * _ROW
    canvas[_TOP:bottom, _LEFT : _LEFT + _WIDTH] = np.repeat(_heat(drawn).transpose(1, 0, 2), _ROW, axis=0)
    for row, slot in enumerate(slots):
        _write(canvas, f"{slot}", (_LEFT - 30, _TOP + row * _ROW + 11), 0.38)
    _write(canvas, "slot", (8, _TOP + 11), 0.4)
    _write(canvas, "What each sound looks up in the memory (dark: strongly)", (_LEFT, 20), 0.5)
    _waves(canvas, waveform, bottom + 8)
    step = next(step for step in (0.25, 0.5, 1, 2, 5, 10, 30, 60) if seconds / step <= 14)
    for tick in np.arange(0, seconds, step):
        x = _LEFT + round(tick / seconds * _WIDTH)
        cv2.line(canvas, (x, bottom + 8 + _WAVES), (x, bottom + 14 + _WAVES), _INK, 1)
        _write(canvas, f"{tick:g} s", (x - 8, height - 8), 0.4)
    return canvas


def _columns(times: NDArray[Any], weights: NDArray[Any], seconds: float) -> NDArray[np.float64]:
    """(_WIDTH, slots): the weights at the middle of each column of the picture."""
    middles = (np.arange(_WIDTH) + 0.5) / _WIDTH * seconds
    index = np.abs(times[None] - middles[:, None]).argmin(1)
    return np.asarray(weights[index], dtype=np.float64)


def _heat(values: NDArray[np.float64]) -> NDArray[np.uint8]:
    """Values >= 0 as colours from white to a dark blue; square root, since most weights are small."""
    share = np.sqrt(values / max(float(values.max()), 1e-9))[..., None]
    return np.rint((1 - share) * np.array(_PAPER) + share * np.array((20, 40, 110))).astype(np.uint8)


def _waves(canvas: Picture, waveform: NDArray[Any], top: int) -> None:
    """The loudest swing of the sound in each column."""
    pieces = np.array_split(waveform, _WIDTH)
    peak = max(float(np.abs(waveform).max()), 1e-6)
    middle = top + _WAVES // 2
    for column, piece in enumerate(pieces):
        if len(piece):
            low, high = (round(float(value) / peak * (_WAVES // 2 - 2)) for value in (piece.min(), piece.max()))
            x = _LEFT + column
            cv2.line(canvas, (x, middle - high), (x, middle - low), _WAVE, 1)


def _write(canvas: Picture, text: str, where: tuple[int, int], size: float) -> None:
    cv2.putText(canvas, text, where, _FONT, size, _INK, 1, cv2.LINE_AA)
