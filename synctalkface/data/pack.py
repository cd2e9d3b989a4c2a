"""One prepared clip on the disk: aligned face crops, waveform, landmarks and frame times in one safetensors file.

The crop is stored with a margin around it, so that training can shift, turn and scale it without inventing pixels.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file

from synctalkface.errors import DataError

MARGIN = 0.125  # of the crop's side, on each side of it
JPEG_QUALITY = 95


@dataclass
class Pack:
    """F frames of one clip. The sound is kept as a waveform: how it becomes a spectrogram is the model's business."""

    crops: NDArray[np.uint8]  # (F, P, P, 3) RGB; P = size * (1 + 2 * MARGIN)
    waveform: NDArray[np.float32]  # (n,)
    sample_rate: int
    centres: NDArray[np.float64]  # (F,) seconds: the middle of each frame's showing
    landmarks: NDArray[np.float32]  # (F, K, 2) in crop units, 0..1 inside the crop proper


def stored_size(size: int) -> int:
    """P: the side in pixels of a stored crop whose inner part is `size` wide."""
    return size + 2 * round(size * MARGIN)


def with_margin(matrices: NDArray[np.float64]) -> NDArray[np.float64]:
    """Frame px -> unit coordinates of the stored crop, whose margin surrounds the crop proper."""
    grown = matrices / (1 + 2 * MARGIN)
    grown[:, :, 2] += MARGIN / (1 + 2 * MARGIN)
    return grown


def save(pack: Pack, path: Path) -> None:
    """Write `pack` whole or not at all."""
    coded = [_encode(crop) for crop in pack.crops]
    ends = np.cumsum([0, *map(len, coded)])
    tensors: dict[str, NDArray[Any]] = {
        "crops": np.concatenate(coded),
        "ends": ends.astype(np.int64),
        "waveform": np.round(np.clip(pack.waveform, -1, 1) * 32767).astype(np.int16),
        "centres": pack.centres.astype(np.float64),
        "landmarks": pack.landmarks.astype(np.float16),
    }
    part = path.with_name(path.name + ".part")
    save_file(tensors, part, metadata={"sample_rate": str(pack.sample_rate)})
    os.replace(part, path)


def load(path: Path) -> Pack:
    """Read a pack back. Raises DataError naming the file if it is missing or damaged."""
    try:
        with safe_open(path, framework="numpy") as file:
            rate = int((file.metadata() or {})["sample_rate"])
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (not a mapping)
        ends = tensors["ends"]
        crops = np.stack([_decode(tensors["crops"][a:b]) for a, b in pairwise(ends)])
        waveform = tensors["waveform"].astype(np.float32) / 32767
        return Pack(crops, waveform, rate, tensors["centres"], tensors["landmarks"].astype(np.float32))
    except (OSError, KeyError, ValueError, SafetensorError) as error:
        raise DataError(f"{path} is not a prepared clip ({error}). Delete it and run 'prepare' again.") from None


def _encode(rgb: NDArray[np.uint8]) -> NDArray[np.uint8]:
    flags = [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY]
    done, data = cv2.imencode(".jpg", cv2.cvtColor(rgb, cv2.COLOR_RGB2BGR), flags)
    if not done:
        raise DataError("A face crop could not be coded as JPEG.")
    return np.asarray(data, dtype=np.uint8).reshape(-1)


def _decode(data: NDArray[np.uint8]) -> NDArray[np.uint8]:
    image = cv2.imdecode(data, cv2.IMREAD_COLOR) if data.size else None
    if image is None:
        raise ValueError("a face crop cannot be decoded")
    return np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2RGB), dtype=np.uint8)
