"""Make one speaker look and sound like many: changes that stay the same within a sample.

Target, references and lips of a sample get the same change, so that only the identity differs, never the speech.
`strength` runs from 0 (nothing) to 1 (full).
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

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

TRACT = 0.10  # log factor on the mel axis: the length of the vocal tract
TILT = 0.5  # of 4: difference between the lowest and the highest band (8 units are 100 dB)
LOUDNESS = 0.4  # of 4: 5 dB


@dataclass(frozen=True)
class Look:
    """One sampled change of geometry and colour."""

    to_stored: NDArray[np.float64]  # (2, 3): crop units -> crop units of the footage
    bend: NDArray[np.float32]  # (4, 4, 2): offsets in crop units, added after `to_stored`
    colour: NDArray[np.float64]  # (3, 3)
    gamma: NDArray[np.uint8]  # (256,)

    def crop(self, stored: NDArray[np.uint8], size: int, top: int = 0) -> NDArray[np.uint8]:
        """Stored crops (F, P, P, 3) -> (F, size - top, size, 3): rows from `top` on, changed alike in every frame."""
        map_x, map_y = self._map(stored.shape[1], size, top)
        warped = [cv2.remap(frame, map_x, map_y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT) for frame in stored]
        stack = np.concatenate(warped)  # (F * (size - top), size, 3): one call for all frames
        toned = cv2.transform(cv2.LUT(stack, self.gamma), self.colour)
        return np.asarray(toned, dtype=np.uint8).reshape(len(stored), size - top, size, 3)

    def move(self, landmarks: NDArray[np.float32]) -> NDArray[np.float32]:
        """Landmarks (..., 2) in crop units to where the change puts them (the smooth bend to first order)."""
        linear, offset = self.to_stored[:, :2], self.to_stored[:, 2]
        straight = (landmarks - offset) @ np.linalg.inv(linear).T
        field = cv2.resize(self.bend, (32, 32), interpolation=cv2.INTER_CUBIC)
        cell = np.clip((straight * 32).astype(np.int64), 0, 31)
        bent = (landmarks - field[cell[..., 1], cell[..., 0]] - offset) @ np.linalg.inv(linear).T
        return np.asarray(bent, dtype=np.float32)

    def _map(self, stored: int, size: int, top: int) -> tuple[NDArray[np.int16], NDArray[np.uint16]]:
        columns, rows = np.meshgrid((np.arange(size) + 0.5) / size, (np.arange(top, size) + 0.5) / size)
        grid = np.stack([columns, rows], axis=-1)  # (h, w, 2) crop units
        bend = cv2.resize(self.bend, (size, size), interpolation=cv2.INTER_CUBIC)[top:]
        source = grid @ self.to_stored[:, :2].T + self.to_stored[:, 2] + bend
        pixels = (source + MARGIN) * (stored / (1 + 2 * MARGIN)) - 0.5
        nothing = np.empty(0, np.float32)  # both coordinates are in the first map
        fixed, fraction = cv2.convertMaps(pixels.astype(np.float32), nothing, cv2.CV_16SC2)
        return np.asarray(fixed), np.asarray(fraction)


def look(rng: np.random.Generator, strength: float) -> Look:
    """Draw a change of geometry and colour."""

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
    return Look(np.column_stack([linear, offset]), bend, colour, np.round(levels).astype(np.uint8))


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
