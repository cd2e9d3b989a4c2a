"""The aligned face crop: cut it out of a frame, mask what is replaced, put it back.

Coordinates. Frame: px, pixel i covers [i, i + 1). Crop: 0..1 over a square that turns with the head, ear to ear, from
above the brows to below the chin of an open jaw; 0.5 lies at the tip of the nose, so the lower half is what speech
moves. A matrix (2, 3) maps frame px to crop coordinates.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from synctalkface.faces.mesh import JAW, MOUTH_CORNERS
from synctalkface.faces.pose import fit, smooth
from synctalkface.faces.track import FaceTrack, rows

Plane = tuple[NDArray[Any], tuple[int, int]]  # samples (h, w); how many px one covers, down and across
Box = tuple[int, int, int, int]  # x0, y0, x1, y1 in frame px; x1 and y1 are outside

# In eye distances, in the coordinates of the mean face: brows -0.61, nose tip 0.39, lips 0.74 to 1.03, chin 1.55
# (closed) to 1.8 (wide open), ears -1.11 and 1.11. A tighter square would lose the open chin or the upper lip's way up;
# in this one the mouth at rest is 0.3 of the width.
CENTRE = (0.0, 0.42, 0.05)
SIDE = 2.75
STEADY = (
    0.08  # s: how wide the Gaussian is that a crop's place and landmarks are smoothed with; 2 frames at 25 a second
)
FEATHER = 0.06  # of the crop: width of the mask's soft edge
MASK = 128  # px: a mask is drawn at most this large and then enlarged, for it holds nothing finer than its soft edge
_JAW = rows(JAW)
_CORNERS = rows(MOUTH_CORNERS)


def align(track: FaceTrack, rate: float = 25.0) -> NDArray[np.float64]:
    """Matrices (N, 2, 3), frame px -> crop coordinates; NaN where the face was not seen. rate: frames a second.

    Position, size and angle are smoothed in time with a Gaussian of STEADY seconds, without lag, and neither across
    cuts nor across gaps.
    """
    pose = fit(track, CENTRE)
    runs = track.runs
    angle = pose.angle.copy()
    for start, stop in runs:
        angle[start:stop] = np.unwrap(angle[start:stop])
    values = np.column_stack([pose.anchor, np.log(pose.size), angle])
    x, y, size, angle = smooth(values, runs, STEADY * rate).T
    zoom = 1 / (SIDE * np.exp(size))
    cos, sin = zoom * np.cos(angle), zoom * np.sin(angle)
    turn = np.stack([np.stack([cos, sin], -1), np.stack([-sin, cos], -1)], 1)  # (N, 2, 2)
    shift = 0.5 - np.einsum("nij,nj->ni", turn, np.stack([x, y], -1))
    return np.concatenate([turn, shift[:, :, None]], 2)


def steady(track: FaceTrack, rate: float = 25.0) -> FaceTrack:
    """`track` with its landmarks smoothed in time like the crop: for masks that do not flicker."""
    return replace(track, landmarks=smooth(track.landmarks, track.runs, STEADY * rate).astype(np.float32))


def region(matrix: np.ndarray, margin: float, width: int, height: int, top: float = 0.0) -> Box:
    """The part of a frame (width, height) that the crop covers from crop row `top` (0..1) down.

    margin: grown to all sides, as a share of the crop's side. The box lies in the frame and is never empty.
    """
    low, high = -margin, 1 + margin
    corners = np.array([[low, top - margin], [high, top - margin], [low, high], [high, high]])
    points = corners @ _inverse(matrix)[:, :2].T + _inverse(matrix)[:, 2]
    x0, y0 = np.floor(points.min(0)).astype(int)
    x1, y1 = np.ceil(points.max(0)).astype(int)
    x0, y0 = int(np.clip(x0, 0, width - 1)), int(np.clip(y0, 0, height - 1))
    return x0, y0, int(np.clip(x1, x0 + 1, width)), int(np.clip(y1, y0 + 1, height))


def cut(rgb: np.ndarray, origin: tuple[int, int], matrix: np.ndarray, size: int) -> NDArray[np.uint8]:
    """The crop (size, size, 3) uint8 out of `rgb` (h, w, 3) uint8, a region of the frame that begins at px `origin`.

    Without aliasing at any size of face; what lies outside `rgb` repeats its border.
    """
    return np.asarray(cut_planes([(rgb, (1, 1))], origin, matrix, size)[0], np.uint8)


def cut_planes(planes: Sequence[Plane], origin: tuple[int, int], matrix: np.ndarray, size: int) -> list[NDArray[Any]]:
    """The crop (size, size) out of each plane of a region that begins at px `origin`; some may be coarser than others.

    planes: samples (h, w) or (h, w, C), and how many px of the frame one of them covers: down and across.
    """
    to_region = _inverse(matrix)
    to_region[:, 2] -= origin
    return [_sample(samples, to_region / [[across], [down]], size) for samples, (down, across) in planes]


def _sample(picture: np.ndarray, source: np.ndarray, size: int) -> np.ndarray:
    """`picture` (h, w) or (h, w, C) at source (2, 3) @ (x, y, 1), x and y of 0..1 in size x size px; never aliased."""
    step = float(np.hypot(*source[:, :2]).max()) / size  # px of the picture for one of the crop
    while step >= 4:  # means of 2 x 2 px first: the finer sampling below would become large
        height, width = max(1, picture.shape[0] // 2), max(1, picture.shape[1] // 2)
        picture = cv2.resize(picture[: 2 * height, : 2 * width], (width, height), interpolation=cv2.INTER_AREA)
        source = source / 2
        step /= 2
    finer = max(1, int(np.ceil(step / 1.25)))  # sample at least every 1.25 px, then average
    fine = finer * size
    drawn = _warp(picture, source / (fine, fine, 1), fine, fine, cv2.INTER_LINEAR, cv2.BORDER_REPLICATE)
    return drawn if finer == 1 else np.asarray(cv2.resize(drawn, (size, size), interpolation=cv2.INTER_AREA))


def mouth_mask(landmarks: np.ndarray, matrix: np.ndarray, size: int) -> NDArray[np.float32]:
    """How much of the crop is replaced, (size, size) float32: 1 around mouth and chin, 0 above the middle.

    landmarks: (K, 2), one frame of a track, in frame px: of `steady(track)`, lest the mask flickers. The mask is the
    face below the nose tip, fading out inside the outline of the cheeks and some way below the chin, where the jaw may
    open or close; it is 0 at the crop's edge.
    """
    jaw = landmarks[_JAW] @ matrix[:, :2].T + matrix[:, 2]
    mouth = (landmarks[_CORNERS] @ matrix[:, :2].T + matrix[:, 2]).mean(0)
    depth = np.clip((jaw[:, 1] - mouth[1]) / max(float(jaw[:, 1].max() - mouth[1]), 1e-6), 0, 1)  # 0: mouth, 1: chin
    jaw[:, 0] -= np.sign(jaw[:, 0] - mouth[0]) * FEATHER * (1 - depth)  # cheeks stand still: fade out inside the face
    lower = jaw[jaw[:, 1] > mouth[1]]
    opened = mouth + (lower - mouth) * (1.0, 1.2)  # the chin of a jaw that opens wider than in this frame
    outline = cv2.convexHull(np.concatenate([jaw, opened]).astype(np.float32))[:, 0]
    coarse = min(size, MASK)
    drawn = np.zeros((coarse, coarse), np.uint8)
    fine = 4  # bits after the point: the edge moves by less than a pixel
    corners = np.round((outline * coarse - 0.5) * 2**fine).astype(np.int32)
    cv2.fillConvexPoly(drawn, corners, 255, cv2.LINE_AA, fine)
    soft = cv2.GaussianBlur(drawn.astype(np.float32), (0, 0), FEATHER * coarse / 2.5, borderType=cv2.BORDER_REPLICATE)
    soft = cv2.resize(soft, (size, size), interpolation=cv2.INTER_LINEAR)
    return np.asarray(cv2.multiply(soft, _window(size), scale=1 / 255), np.float32)


@functools.lru_cache(maxsize=16)
def _window(size: int) -> NDArray[np.float32]:
    """(size, size): 0 above the middle and at the crop's edge, 1 inside, soft between."""
    edge = np.linspace(0, 1, size)  # exactly 0 and 1 at the outermost pixels
    aside = _ramp(edge / FEATHER) * _ramp((1 - edge) / FEATHER)
    down = aside * _ramp(((np.arange(size) + 0.5) / size - 0.5) / FEATHER)
    return np.outer(down, aside).astype(np.float32)


def place(
    crop: np.ndarray, mask: np.ndarray, matrix: np.ndarray, box: Box
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Crop and mask as they lie in the frame: rgb (h, w, 3) and alpha (h, w), both float32, for the pixels of `box`.

    crop: (s, s, 3) float32 of any range (rgb has the same, and may overshoot it a little at sharp edges), or its lower
    half (s / 2, s, 3); mask: (s, s) float32. alpha is exactly 0 outside the crop.
    """
    size, share = len(mask), len(crop) / len(mask)
    to_frame = _inverse(matrix)
    to_frame[:, 2] -= box[:2]
    zoom = float(np.hypot(*to_frame[:, 0])) / size  # px of the frame for one of the crop
    if zoom < 0.7:  # a small face: shrink by area, else pixels of the crop would be skipped
        size = max(8, 2 * round(size * zoom / 2))
        crop = cv2.resize(crop, (size, round(size * share)), interpolation=cv2.INTER_AREA)
        mask = cv2.resize(mask, (size, size), interpolation=cv2.INTER_AREA)
    to_crop = _inverse(to_frame / (size, size, 1))
    width, height = box[2] - box[0], box[3] - box[1]
    alpha = _warp(mask, to_crop, width, height, cv2.INTER_LINEAR, cv2.BORDER_CONSTANT)
    to_crop[1, 2] -= size - len(crop)
    rgb = _warp(crop, to_crop, width, height, cv2.INTER_CUBIC, cv2.BORDER_REPLICATE)
    return np.asarray(rgb, np.float32), np.asarray(alpha, np.float32)


def _ramp(x: np.ndarray) -> np.ndarray:
    """0 below 0, 1 above 1, smooth in between."""
    x = np.clip(x, 0, 1)
    return np.asarray(x * x * (3 - 2 * x))


def _inverse(matrix: np.ndarray) -> NDArray[np.float64]:
    """Of a (2, 3) affine map."""
    return np.asarray(cv2.invertAffineTransform(np.asarray(matrix, np.float64)), np.float64)


def _warp(
    picture: np.ndarray, source: np.ndarray, width: int, height: int, interpolation: int, border: int
) -> np.ndarray:
    """`picture` sampled at source @ (x, y, 1) for each of width x height pixels; both count from pixels' edges."""
    centred = source.copy()
    centred[:, 2] += source[:, :2] @ (0.5, 0.5) - 0.5  # OpenCV counts from the centres of pixels
    flags = interpolation | cv2.WARP_INVERSE_MAP
    return np.asarray(cv2.warpAffine(picture, centred, (width, height), flags=flags, borderMode=border))
