"""The scores of one prepared clip: filmed, dubbed with its own speech, and with its reference's mouth held still.

Policy (docs/evaluation.md): the references are those that a dub of the clip takes, the box is that of the filmed face
for every row, pictures are compared as 8-bit crops of 128 px. F frames, S side of the crop, P with its margin.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from synctalkface.data.redraw import redraw
from synctalkface.evaluation.sync import Judge, listen
from synctalkface.evaluation.take import Take
from synctalkface.faces.lip_reader import LipReader, movement, opening
from synctalkface.inputs import lower, pictures
from synctalkface.metrics import landmark_distance, lip_sync_error, psnr, psnr_wrapped, sharpness, ssim
from synctalkface.models.generator import SyncTalkFace

FILMED, DUBBED, HELD, SILENT, OTHER = "filmed", "dubbed", "held", "silent", "other speech"


@dataclass(frozen=True)
class Row:
    """The scores of one version of a clip, or their means over clips. None: does not apply."""

    psnr: float | None = None  # dB, in float
    psnr_wrapped: float | None = None  # dB, of wrapping uint8: only beside published numbers made that way
    ssim: float | None = None
    lmd: float | None = None  # px of the crop
    lse_d: float | None = None
    lse_c: float | None = None
    offset: float | None = None  # frames by which the sound comes late
    movement: float | None = None  # px a frame that a point of the lips moves
    opening: float | None = None  # mean distance of the lips over the mouth's width
    sharpness: float | None = None  # of the mouth, over that of the filmed one


SMALLEST = 1e-6  # of a sharpness that is divided by: a mouth without a single edge
SCORES = tuple(field.name for field in fields(Row))


class Scorer:
    """Scores clip after clip. `judge` is the sync expert; without one LSE and offset are left out."""

    def __init__(self, judge: Judge | None, reader: LipReader | None = None) -> None:
        self.judge, self.reader = judge, reader or LipReader()

    def rows(self, take: Take, dubbed: NDArray[np.uint8], silent: NDArray[np.uint8] | None = None) -> dict[str, Row]:
        """One row a version of the clip, by its name: filmed, `dubbed` (F, P, P, 3), held; `silent` as in `quiet`."""
        sitting = Sitting(take, self.judge, self.reader)
        found = {
            FILMED: sitting.row(take.stored),
            DUBBED: sitting.row(dubbed),
            HELD: sitting.row(take.held()),
        }
        if silent is not None:
            still = self.reader.lips(silent, sitting.squares)
            found[SILENT] = Row(movement=movement(still), opening=float(opening(still).mean()))
        return found

    def control(self, take: Take, other: Take) -> Row:
        """The filmed clip judged against the sound of an `other` one: what LSE is where nothing fits."""
        if self.judge is None:
            return Row()
        seen = self.judge.see(take.stored)
        error = lip_sync_error(seen, listen(self.judge, other.waveform, take.clip.centres, take.clip.frame_rate))
        return Row(lse_d=error.distance, lse_c=error.confidence)


class Sitting:
    """One filmed clip, against which its versions are scored: where its lips are, and what is heard when."""

    def __init__(self, take: Take, judge: Judge | None, reader: LipReader) -> None:
        self.take, self._judge, self._reader = take, judge, reader
        self.squares = reader.squares(take.stored)
        self._lips = reader.lips(take.stored, self.squares)  # (F, K, 2)
        self._heard: Tensor | None = None
        if judge is not None:
            self._heard = listen(judge, take.waveform, take.clip.centres, take.clip.frame_rate)

    def row(self, crops: NDArray[np.uint8]) -> Row:
        """The scores of `crops` (F, P, P, 3), a version of the clip, or of the clip itself."""
        inner, true = self.take.inner(crops), self.take.filmed
        ours, theirs = pictures(inner), pictures(true)
        same = crops is self.take.stored
        lips = self._lips if same else self._reader.lips(crops, self.squares)
        error = None
        if self._heard is not None and self._judge is not None:
            error = lip_sync_error(self._judge.see(crops), self._heard)
        return Row(
            psnr=None if same else psnr(ours, theirs),
            psnr_wrapped=None if same else psnr_wrapped(inner, true),
            ssim=1.0 if same else ssim(ours, theirs),
            lmd=landmark_distance(lips, self._lips),
            lse_d=None if error is None else error.distance,
            lse_c=None if error is None else error.confidence,
            offset=None if error is None else error.offset,
            movement=movement(lips),
            opening=float(opening(lips).mean()),
            sharpness=1.0 if same else self._fine(ours) / max(self._fine(theirs), SMALLEST),
        )

    def _fine(self, faces: Tensor) -> float:
        """How finely the mouths of `faces` (F, 3, S, S) are drawn."""
        return sharpness(lower(faces), self.take.clips.mouths(self.take.clip))


def spoken(model: SyncTalkFace, take: Take) -> NDArray[np.uint8]:
    """The crops (F, P, P, 3) with the mouths that `model` draws to the clip's own speech."""
    return take.with_mouths(redraw(model, take.clips, take.clip).picture)


def quiet(model: SyncTalkFace, take: Take) -> NDArray[np.uint8]:
    """The crops (F, P, P, 3) with the mouths that `model` draws while nobody speaks."""
    config = take.clips.config
    nothing = np.full((config.audio.bands, 1), config.audio.silence, np.float32)
    return take.with_mouths(redraw(model, take.clips, take.clip, nothing).picture)


def mean(rows: list[Row]) -> Row:
    """The mean of each score over the rows that have it; of the offset, the mean of its size without its sign."""
    values = {}
    for name in SCORES:
        found = [value for row in rows if (value := getattr(row, name)) is not None and np.isfinite(value)]
        found = [abs(value) for value in found] if name == "offset" else found
        values[name] = float(np.mean(found)) if found else None
    return Row(**values)


def leak(rows: dict[str, Row]) -> float | None:
    """The silence leak: how much of the movement that speech causes is still there under silence, 0..1 and more.

    (silent - held) / (dubbed - held): the mouth that is held still has the movement that the mesh's noise feigns.
    None where speech moves the mouth no more than that.
    """
    still, spoken, none = rows[SILENT].movement, rows[DUBBED].movement, rows[HELD].movement
    if still is None or spoken is None or none is None or spoken <= none:
        return None
    return max(0.0, still - none) / (spoken - none)
