"""The published SyncNet (Chung and Zisserman 2016) as a judge, for numbers that compare with published ones.

Its weights do not come along. They are distributed as a pickle, syncnet_v2.model; turn them into safetensors once, on a
machine where you trust the file (docs/evaluation.md), and name the result in `evaluate --syncnet FILE`.
F frames, n samples, T steps of 10 ms, M moments.
"""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn

from synctalkface.errors import WeightsError

RATE = 16_000  # Hz
SIDE = 224  # px
STEPS = 20  # cepstra of 10 ms a window: 0.2 s, as long as five frames at 25 a second
BATCH = 16


class PublishedSyncNet(nn.Module):
    """The layers under the names that the published weights have. Features of 1024 numbers, not normalised."""

    def __init__(self) -> None:
        super().__init__()
        self.netcnnaud = nn.Sequential(
            *_two(1, 64, (3, 3), padding=(1, 1)),
            nn.MaxPool2d((1, 1), (1, 1)),
            *_two(64, 192, (3, 3), padding=(1, 1)),
            nn.MaxPool2d((3, 3), (1, 2)),
            *_two(192, 384, (3, 3), padding=(1, 1)),
            *_two(384, 256, (3, 3), padding=(1, 1)),
            *_two(256, 256, (3, 3), padding=(1, 1)),
            nn.MaxPool2d((3, 3), (2, 2)),
            *_two(256, 512, (5, 4), padding=(0, 0)),
        )
        self.netcnnlip = nn.Sequential(
            *_three(3, 96, (5, 7, 7), (1, 2, 2), (0, 0, 0)),
            nn.MaxPool3d((1, 3, 3), (1, 2, 2)),
            *_three(96, 256, (1, 5, 5), (1, 2, 2), (0, 1, 1)),
            nn.MaxPool3d((1, 3, 3), (1, 2, 2), (0, 1, 1)),
            *_three(256, 256, (1, 3, 3), (1, 1, 1), (0, 1, 1)),
            *_three(256, 256, (1, 3, 3), (1, 1, 1), (0, 1, 1)),
            *_three(256, 256, (1, 3, 3), (1, 1, 1), (0, 1, 1)),
            nn.MaxPool3d((1, 3, 3), (1, 2, 2)),
            *_three(256, 512, (1, 6, 6), (1, 1, 1), (0, 0, 0)),
        )
        self.netfcaud, self.netfclip = _last(), _last()

    def see(self, windows: Tensor) -> Tensor:
        """Windows (N, 3, 5, 224, 224), BGR in 0..255 -> (N, 1024)."""
        features: Tensor = self.netfclip(self.netcnnlip(windows).flatten(1))
        return features

    def hear(self, cepstra: Tensor) -> Tensor:
        """Windows (N, 1, 13, 20) of cepstra -> (N, 1024)."""
        features: Tensor = self.netfcaud(self.netcnnaud(cepstra).flatten(1))
        return features


class PublishedJudge:
    """The published SyncNet under the face of a Judge (see evaluation.sync)."""

    name = "published SyncNet"
    sample_rate = RATE

    def __init__(self, net: PublishedSyncNet) -> None:
        self.net = net.eval()

    def see(self, crops: NDArray[np.uint8]) -> Tensor:
        """See evaluation.sync.Judge. Our crop with its margin is about the box that the published protocol cuts out."""
        frames = np.stack([cv2.resize(crop, (SIDE, SIDE), interpolation=cv2.INTER_AREA) for crop in crops])
        pictures = torch.from_numpy(np.ascontiguousarray(frames[..., ::-1])).movedim(-1, 0)  # (3, F, 224, 224) BGR
        windows = pictures.unfold(1, 5, 1).movedim(1, 0).movedim(-1, 2)  # (F - 4, 3, 5, 224, 224), a view
        with torch.no_grad():
            return torch.cat([self.net.see(windows[i : i + BATCH].float()) for i in range(0, len(windows), BATCH)])

    def hear(self, waveform: NDArray[np.float32], moments: NDArray[np.float64]) -> Tensor:
        """See evaluation.sync.Judge."""
        found = cepstra(np.asarray(waveform, dtype=np.float64) * 32768)  # (13, T); the protocol reads 16-bit numbers
        first = np.round((moments - STEPS / 200) * 100).astype(int)
        place = (first[:, None] + np.arange(STEPS)).clip(0, found.shape[1] - 1)  # beyond the ends: the outermost step
        windows = torch.from_numpy(found[:, place]).movedim(1, 0)[:, None].float()  # (M, 1, 13, 20)
        with torch.no_grad():
            return torch.cat([self.net.hear(windows[i : i + BATCH]) for i in range(0, len(windows), BATCH)])


def load_published(path: Path) -> PublishedJudge:
    """The judge whose weights lie in the safetensors file `path`. Raises WeightsError."""
    net = PublishedSyncNet()
    try:
        tensors = {name.removeprefix("module."): tensor for name, tensor in load_file(path).items()}
        net.load_state_dict(tensors)
    except (OSError, SafetensorError, RuntimeError) as error:
        reason = str(error).strip().splitlines()[0]
        raise WeightsError(
            f"{path} does not hold the published SyncNet as safetensors ({reason}). See docs/evaluation.md."
        ) from None
    return PublishedJudge(net)


def cepstra(samples: NDArray[np.float64]) -> NDArray[np.float64]:
    """Mel-frequency cepstra of `samples` (n,) at 16 kHz: (13, T), a step of 10 ms each, as the published protocol.

    Windows of 25 ms without taper, 512-point power spectrum, 26 triangles over 0-8 kHz, DCT-II, lifter 22, and the log
    energy in place of the first.
    """
    emphasised = np.append(samples[:1], samples[1:] - 0.97 * samples[:-1])
    steps = 1 + max(0, int(np.ceil((len(samples) - 400) / 160)))
    padded = np.pad(emphasised, (0, max(0, (steps - 1) * 160 + 400 - len(samples))))
    windows = np.lib.stride_tricks.sliding_window_view(padded, 400)[::160][:steps]
    power = np.abs(np.fft.rfft(windows, 512)) ** 2 / 512  # (T, 257)
    tiny = np.finfo(float).eps
    energy = np.maximum(power.sum(1), tiny)
    bands = np.log(np.maximum(power @ _triangles().T, tiny))  # (T, 26)
    order, band = np.arange(13), np.arange(26)
    cosine = np.sqrt(2 / 26) * np.cos(np.pi * order[:, None] * (2 * band + 1) / 52)  # (13, 26)
    lifted = (bands @ cosine.T) * (1 + 11 * np.sin(np.pi * order / 22))
    lifted[:, 0] = np.log(energy)
    return np.asarray(lifted.T)


def _triangles() -> NDArray[np.float64]:
    """(26, 257): filters between whole bins of the spectrum, equally wide in mel."""
    mel = np.linspace(0, 2595 * np.log10(1 + 8000 / 700), 28)
    edges = np.floor(513 * 700 * (10 ** (mel / 2595) - 1) / RATE)
    bins = np.arange(257)
    low, middle, high = edges[:-2, None], edges[1:-1, None], edges[2:, None]
    rising = np.where((bins >= low) & (bins < middle), (bins - low) / np.maximum(middle - low, 1), 0)
    falling = np.where((bins >= middle) & (bins < high), (high - bins) / np.maximum(high - middle, 1), 0)
    return np.asarray(rising + falling)


def _two(inputs: int, outputs: int, kernel: tuple[int, int], padding: tuple[int, int]) -> list[nn.Module]:
    return [nn.Conv2d(inputs, outputs, kernel, padding=padding), nn.BatchNorm2d(outputs), nn.ReLU()]


def _three(
    inputs: int, outputs: int, kernel: tuple[int, int, int], stride: tuple[int, int, int], padding: tuple[int, int, int]
) -> list[nn.Module]:
    return [nn.Conv3d(inputs, outputs, kernel, stride, padding), nn.BatchNorm3d(outputs), nn.ReLU()]


def _last() -> nn.Sequential:
    return nn.Sequential(nn.Linear(512, 512), nn.BatchNorm1d(512), nn.ReLU(), nn.Linear(512, 1024))
