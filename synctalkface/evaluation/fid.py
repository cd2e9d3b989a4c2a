"""Fréchet inception distance between filmed and dubbed crops, through the package torch-fidelity, an optional extra.

It fetches the weights of its Inception network when it is first used. F frames, S side of the crop.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import Dataset

from synctalkface.errors import ConfigError
from synctalkface.evaluation.take import Take

EVERY = 5  # frames: neighbours look alike and tell the statistics nothing


class Gallery:
    """Keeps every fifth frame of filmed and of dubbed clips. ConfigError if torch-fidelity is not there."""

    def __init__(self) -> None:
        try:
            import torch_fidelity
        except (ImportError, RuntimeError) as error:  # a torchvision of another torch raises RuntimeError
            raise ConfigError(
                f"FID needs the package torch-fidelity ({error}). Run `pip install 'synctalkface[fid]'`, with the "
                "torchvision that belongs to your torch."
            ) from None
        self._library: Any = torch_fidelity
        self._filmed: list[NDArray[np.uint8]] = []
        self._dubbed: list[NDArray[np.uint8]] = []

    def add(self, take: Take, dubbed: NDArray[np.uint8]) -> None:
        """Keep frames of a clip as it was filmed and as it was `dubbed` (F, P, P, 3)."""
        self._filmed += list(take.filmed[::EVERY])
        self._dubbed += list(take.inner(dubbed)[::EVERY])

    def distance(self) -> float:
        """The FID; the lower, the more dubbed crops as a crowd look like filmed ones."""
        found = self._library.calculate_metrics(
            input1=_Crops(self._dubbed),
            input2=_Crops(self._filmed),
            fid=True,
            cuda=torch.cuda.is_available(),
            verbose=False,
        )
        return float(found["frechet_inception_distance"])


class _Crops(Dataset[Tensor]):
    """Crops as torch-fidelity wants them: uint8 (3, S, S)."""

    def __init__(self, crops: list[NDArray[np.uint8]]) -> None:
        self._crops = crops

    def __len__(self) -> int:
        return len(self._crops)

    def __getitem__(self, index: int) -> Tensor:
        return torch.from_numpy(np.ascontiguousarray(self._crops[index].transpose(2, 0, 1)))
