"""Film as it reaches users: a little out of focus, in poor light, compressed.

In torch, so that clips that stay on a GPU are changed there; noise alone is drawn on the CPU, by its seed.
F frames, h x w pixels.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import avg_pool2d, conv2d, interpolate, pad

BLUR = 0.4, 1.4  # px: standard deviation
NOISE = 1.0, 7.0  # of 255: standard deviation
QUALITY = 25, 90  # as JPEG counts it
# ITU-T T.81, annex K: how coarsely JPEG stores the 8 x 8 frequencies of brightness and of colour at quality 50
BRIGHTNESS = (
    (16, 11, 10, 16, 24, 40, 51, 61),
    (12, 12, 14, 19, 26, 58, 60, 55),
    (14, 13, 16, 24, 40, 57, 69, 56),
    (14, 17, 22, 29, 51, 87, 80, 62),
    (18, 22, 37, 56, 68, 109, 103, 77),
    (24, 35, 55, 64, 81, 104, 113, 92),
    (49, 64, 78, 87, 103, 121, 120, 101),
    (72, 92, 95, 98, 112, 100, 103, 99),
)
COLOUR = (
    (17, 18, 24, 47, 99, 99, 99, 99),
    (18, 21, 26, 66, 99, 99, 99, 99),
    (24, 26, 56, 99, 99, 99, 99, 99),
    (47, 66, 99, 99, 99, 99, 99, 99),
) + ((99,) * 8,) * 4
TO_YCC = ((0.299, 0.587, 0.114), (-0.168736, -0.331264, 0.5), (0.5, -0.418688, -0.081312))


@dataclass(frozen=True)
class Camera:
    """What is done to the pictures of one sample; 0 for what is not."""

    blur: float = 0.0  # px
    noise: float = 0.0  # of 255
    quality: int = 0
    seed: int = 0  # of the noise

    def film(self, pictures: Tensor, frames: NDArray[np.int64], top: int = 0) -> Tensor:
        """Crops uint8 (F, h, w, 3), rows from `top` on of those at `frames` (F,) of a clip, as this camera has them."""
        if not (self.blur or self.noise or self.quality):
            return pictures
        seen = pictures.movedim(-1, 1).float()  # (F, 3, h, w)
        if self.blur:
            seen = _blurred(seen, self.blur)
        if self.noise:
            seen = (seen + self.noise * self._grain(seen, frames, top)).clamp(0, 255)
        if self.quality:
            seen = compressed(seen.round(), self.quality)
        return seen.round().clamp(0, 255).byte().movedim(1, -1)

    def _grain(self, seen: Tensor, frames: NDArray[np.int64], top: int) -> Tensor:
        """Noise that is another in each frame of the clip, and the same wherever that frame is shown."""
        rows, columns = top + seen.shape[2], seen.shape[3]
        drawn = [
            torch.randn(3, rows, columns, generator=torch.Generator().manual_seed(self.seed + int(frame)))
            for frame in frames
        ]
        return torch.stack(drawn)[:, :, top:].to(seen.device)


def draw(rng: np.random.Generator, share: float) -> Camera:
    """A camera that blurs, one that adds noise, one that compresses: each with the chance `share`."""
    blurs, noisy, compresses = rng.random(3) < share
    return Camera(
        blur=float(rng.uniform(*BLUR)) if blurs else 0.0,
        noise=float(rng.uniform(*NOISE)) if noisy else 0.0,
        quality=int(rng.integers(*QUALITY)) if compresses else 0,
        seed=int(rng.integers(1 << 30)),
    )


def compressed(pictures: Tensor, quality: int) -> Tensor:
    """Pictures (F, 3, h, w) of 0..255 as JPEG brings them back: colour at half the size, 8 x 8 frequencies rounded."""
    height, width = pictures.shape[2:]
    whole = pad(pictures, (0, -width % 16, 0, -height % 16), mode="replicate")
    matrix = torch.tensor(TO_YCC, device=pictures.device)
    ycc = torch.einsum("dc,fchw->fdhw", matrix, whole)
    bright = _rounded(ycc[:, :1] - 128, BRIGHTNESS, quality) + 128
    colour = interpolate(_rounded(avg_pool2d(ycc[:, 1:], 2), COLOUR, quality), scale_factor=2.0, mode="bilinear")
    rgb = torch.einsum("cd,fdhw->fchw", torch.linalg.inv(matrix), torch.cat([bright, colour], dim=1))
    return rgb[:, :, :height, :width].clamp(0, 255)


def _rounded(planes: Tensor, table: tuple[tuple[int, ...], ...], quality: int) -> Tensor:
    """Planes (F, C, h, w) with the frequencies of each 8 x 8 block rounded as coarsely as `quality` asks."""
    scale = 50 / quality if quality < 50 else 2 - quality / 50  # as in libjpeg
    steps = (torch.tensor(table, device=planes.device) * scale).round().clamp(1, 255)
    place, frequency = np.arange(8)[None] + 0.5, np.arange(8)[:, None]
    cosines = np.cos(np.pi / 8 * frequency * place) * np.where(frequency == 0, np.sqrt(1 / 8), 0.5)
    dct = torch.from_numpy(cosines.astype(np.float32)).to(planes.device)
    frames, channels, height, width = planes.shape
    blocks = planes.reshape(frames, channels, height // 8, 8, width // 8, 8).transpose(3, 4)  # (..., 8, 8)
    stored = ((dct @ blocks @ dct.T) / steps).round() * steps
    return (dct.T @ stored @ dct).transpose(3, 4).reshape(planes.shape)


def _blurred(pictures: Tensor, sigma: float) -> Tensor:
    """Pictures (F, 3, h, w) under a Gaussian of `sigma` px."""
    reach = max(1, round(3 * sigma))
    places = torch.arange(-reach, reach + 1, device=pictures.device)
    kernel = torch.exp(-0.5 * (places / sigma) ** 2)
    kernel = kernel / kernel.sum()
    planes = pad(pictures.flatten(0, 1)[:, None], (reach,) * 4, mode="replicate")
    return conv2d(conv2d(planes, kernel[None, None, None]), kernel[None, None, :, None]).view_as(pictures)
