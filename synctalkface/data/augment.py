"""Make one speaker look and sound like many: changes that stay the same within a sample.

Target, references and lips of a sample get the same change, so that only the identity differs, never the speech.
`strength` runs from 0 (nothing) to 1 (full).
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass, replace

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from synctalkface.data.articulate import Mouths, after, before
from synctalkface.data.camera import Camera
from synctalkface.data.pack import MARGIN

ROTATION = np.deg2rad(8.0)
SCALE = 0.08  # log
STRETCH = 0.07  # log: the face's width against its height
SHIFT = 0.04  # of the crop's side
SHEAR = 0.05
BEND = 0.022  # of the crop's side: standard deviation of the smooth warp's 4 x 4 control points
HUE = 0.22  # radians around the grey axis
SATURATION = 0.35
BALANCE = 0.12  # log gain of one colour channel
BRIGHTNESS = 0.2  # log gain
GAMMA = 0.3  # log
ARTICULATED = 0.5  # share of the changes that alter how wide the lips part
LEAST, MOST = -0.25, 0.8  # log: by how much

TRACT = 0.10  # log factor on the mel axis: the length of the vocal tract
TILT = 0.5  # of 4: difference between the lowest and the highest band (8 units are 100 dB)
LOUDNESS = 0.4  # of 4: 5 dB


FILMED = Camera()


@dataclass(frozen=True)
class Look:
    """One sampled change of geometry and colour, and of what lies around the face and how it was filmed.

    `crop` and `move` know of the first two; the others need more than the crops (data.backdrop, data.camera).
    """

    to_stored: NDArray[np.float64]  # (2, 3): crop units -> crop units of the footage
    bend: NDArray[np.float32]  # (4, 4, 2): offsets in crop units, added after `to_stored`
    colour: NDArray[np.float64]  # (3, 3)
    gamma: NDArray[np.uint8]  # (256,)
    articulation: float = 1.0  # how many times as far the lips part
    backdrop: NDArray[np.uint8] | None = None  # (h, w, 3): what lies behind the face; None: what was filmed
    camera: Camera = FILMED

    def crop(
        self, stored: NDArray[np.uint8], size: int, top: int = 0, mouths: Mouths | None = None
    ) -> NDArray[np.uint8]:
        """Stored crops (F, P, P, 3) -> (F, size - top, size, 3): rows from `top` on, changed alike in every frame.

        `mouths`: where they lie in these crops, in crop units, if they are to be articulated too.
        """
        maps = self._maps(stored.shape[1], size, top, mouths)
        warped = [
            cv2.remap(frame, *each, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT)
            for frame, each in zip(stored, itertools.cycle(maps))
        ]
        stack = np.concatenate(warped)  # (F * (size - top), size, 3): one call for all frames
        toned = cv2.transform(cv2.LUT(stack, self.gamma), self.colour)
        return np.asarray(toned, dtype=np.uint8).reshape(len(stored), size - top, size, 3)

    def move(self, landmarks: NDArray[np.float32], mouths: Mouths | None = None) -> NDArray[np.float32]:
        """Landmarks (..., 2) in crop units to where the change puts them (the smooth bend to first order).

        With `mouths` (F,) they are (F, ..., 2), and are articulated too.
        """
        if mouths is not None and self.articulation != 1:
            landmarks = after(landmarks, mouths, self.articulation)
        linear, offset = self.to_stored[:, :2], self.to_stored[:, 2]
        straight = (landmarks - offset) @ np.linalg.inv(linear).T
        field = cv2.resize(self.bend, (32, 32), interpolation=cv2.INTER_CUBIC)
        cell = np.clip((straight * 32).astype(np.int64), 0, 31)
        bent = (landmarks - field[cell[..., 1], cell[..., 0]] - offset) @ np.linalg.inv(linear).T
        return np.asarray(bent, dtype=np.float32)

    def _sources(self, size: int, top: int, mouths: Mouths | None) -> NDArray[np.float32]:
        """Where in the footage each pixel comes from, in crop units.

        (1, size - top, size, 2) for all frames alike; where the mouths are articulated (F, size - top, size, 2).
        """
        columns, rows = np.meshgrid((np.arange(size) + 0.5) / size, (np.arange(top, size) + 0.5) / size)
        grid = np.stack([columns, rows], axis=-1)  # (h, w, 2) crop units
        bend = cv2.resize(self.bend, (size, size), interpolation=cv2.INTER_CUBIC)[top:]
        source = (grid @ self.to_stored[:, :2].T + self.to_stored[:, 2] + bend).astype(np.float32)
        if mouths is None or self.articulation == 1:
            return source[None]
        return before(torch.from_numpy(source), mouths, self.articulation).numpy()

    def _maps(
        self, stored: int, size: int, top: int, mouths: Mouths | None
    ) -> list[tuple[NDArray[np.int16], NDArray[np.uint16]]]:
        """`_sources` as OpenCV takes them, in px of crops whose side is `stored`."""
        scale = np.float32(stored / (1 + 2 * MARGIN))
        pixels = (self._sources(size, top, mouths) + np.float32(MARGIN)) * scale - np.float32(0.5)
        nothing = np.empty(0, np.float32)  # both coordinates are in the first map
        found = [cv2.convertMaps(each, nothing, cv2.CV_16SC2) for each in pixels]
        return [(np.asarray(fixed), np.asarray(fraction)) for fixed, fraction in found]


def look(rng: np.random.Generator, strength: float, articulated: bool = False) -> Look:
    """Draw a change of geometry and colour; if `articulated`, often of how wide the lips part too."""

    def spread(limit: float) -> float:
        return float(rng.uniform(-limit, limit)) * strength

    angle, shear = spread(ROTATION), spread(SHEAR)
    scale, stretch = np.exp(spread(SCALE)), np.exp(spread(STRETCH))
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    linear = turn @ np.array([[scale * stretch, shear], [0.0, scale / stretch]])
    if strength > 0 and rng.random() < 0.5:
        linear[:, 0] *= -1  # mirrored
    offset = np.array([0.5 + spread(SHIFT), 0.5 + spread(SHIFT)]) - linear @ [0.5, 0.5]
    bend = (rng.standard_normal((4, 4, 2)) * BEND * strength).astype(np.float32)
    balance = np.exp([spread(BALANCE) for _ in range(3)]) * np.exp(spread(BRIGHTNESS))
    colour = np.diag(balance) @ _hue(spread(HUE), 1 + spread(SATURATION))
    levels = 255 * (np.arange(256) / 255) ** np.exp(spread(GAMMA))
    changed = Look(np.column_stack([linear, offset]), bend, colour, np.round(levels).astype(np.uint8))
    if not articulated or rng.random() >= ARTICULATED * strength:
        return changed
    return replace(changed, articulation=float(np.exp(rng.uniform(LEAST, MOST) * strength)))


def _hue(angle: float, saturation: float) -> NDArray[np.float64]:
    """Rotation about the grey axis (Rodrigues), then colours pulled toward or away from grey."""
    axis = np.full(3, 1 / np.sqrt(3))
    cross = np.array([[0, -axis[2], axis[1]], [axis[2], 0, -axis[0]], [-axis[1], axis[0], 0]])
    rotation = np.eye(3) + np.sin(angle) * cross + (1 - np.cos(angle)) * (cross @ cross)
    grey = np.full((3, 3), 1 / 3)
    return np.asarray(saturation * rotation + (1 - saturation) * grey)


def voice(
    mel: NDArray[np.float32], rng: np.random.Generator, strength: float, span: float = 4.0
) -> NDArray[np.float32]:
    """Another voice, room and level for the same words: mel (bands, L) -> (bands, L), within [-span, span]."""
    if strength == 0:
        return mel
    bands = len(mel)
    factor = np.exp(rng.uniform(-TRACT, TRACT) * strength)
    source = np.clip(np.arange(bands) * factor, 0, bands - 1)
    below = np.floor(source).astype(np.int64)
    above = np.minimum(below + 1, bands - 1)
    share = (source - below)[:, None].astype(np.float32)
    warped = mel[below] * (1 - share) + mel[above] * share
    knots = rng.uniform(-TILT, TILT, 4) * strength / 2
    curve = np.interp(np.linspace(0, 3, bands), np.arange(4), knots) + rng.uniform(-LOUDNESS, LOUDNESS) * strength
    heard = warped + curve[:, None]
    if rng.random() < 0.5 * strength:  # a noisy room: everything below its level drowns in it
        level = rng.uniform(-0.9, -0.3) * span
        noise = level + 0.1 * span * rng.standard_normal(heard.shape) * 0.5
        heard = np.maximum(heard, noise)
    return np.asarray(np.clip(heard, -span, span), dtype=np.float32)
