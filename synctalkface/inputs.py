"""Frames and sound -> model tensors. Training and dubbing both come through here, so they cannot drift apart.

Shapes: F frames, H x W pixels, S side of the face crop, L mel steps.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from synctalkface.clock import window_start
from synctalkface.config import AudioConfig


class SpeechChunk(NamedTuple):
    """The stretch of a spectrogram that F frames listen to."""

    mel: Tensor  # (bands, L)
    starts: Tensor  # (F,) int64: where in `mel` each frame's own window begins


def speech_chunk(
    mel: Tensor, centres: NDArray[np.float64], steps: int, config: AudioConfig, length: int | None = None
) -> SpeechChunk:
    """Cut from `mel` (bands, T) what the frames centred at `centres` (F,) seconds hear through windows of `steps`.

    Before its begin and after its end the clip is silent. `length` fixes L, for batches; it must hold the last window.
    """
    starts = window_start(centres, steps, config.mel_rate)
    first = int(starts.min())
    needed = int(starts.max()) - first + steps
    length = needed if length is None else length
    if length < needed:
        raise ValueError(f"{length} mel steps cannot hold windows that span {needed}")
    return SpeechChunk(mel_from(mel, first, length, config), torch.from_numpy(starts - first))


def mel_from(mel: Tensor, first: int, length: int, config: AudioConfig) -> Tensor:
    """`length` steps of `mel` (bands, T) from step `first` on, silent before its begin and after its end."""
    chunk = mel.new_full((mel.shape[0], length), config.silence)
    begin, end = max(first, 0), min(first + length, mel.shape[1])
    if end > begin:
        chunk[:, begin - first : end - first] = mel[:, begin:end]
    return chunk


def chunk_length(frames: int, steps: int, frame_rate: float, config: AudioConfig) -> int:
    """The L that holds `frames` consecutive frames at `frame_rate`, wherever in the clip they stand."""
    return steps + int(np.ceil((frames - 1) * config.mel_rate / frame_rate)) + 1


def pictures(frames: NDArray[np.uint8] | Tensor) -> Tensor:
    """RGB uint8 (..., H, W, 3) -> float (..., 3, H, W) in 0..1. The only place where this change is made."""
    return torch.as_tensor(frames).movedim(-1, -3).float().div_(255)


def frames(pictures: Tensor) -> NDArray[np.float32]:
    """The inverse of `pictures`, but kept in float32 0..255 (..., H, W, 3) so that pasting rounds only once."""
    scaled = pictures.detach().float().clamp(0, 1).mul(255).movedim(-3, -1)
    array: NDArray[np.float32] = scaled.cpu().contiguous().numpy()
    return array


def upper(faces: Tensor) -> Tensor:
    """The half of the crop (..., S, S) that tells the pose and is never changed: (..., S/2, S)."""
    return faces[..., : faces.shape[-2] // 2, :]


def lower(faces: Tensor) -> Tensor:
    """The half of the crop (..., S, S) that holds the mouth: (..., S/2, S)."""
    return faces[..., faces.shape[-2] // 2 :, :]
