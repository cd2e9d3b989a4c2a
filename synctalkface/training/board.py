"""The log of a run once more, as curves and pictures for TensorBoard, in the folder tensorboard beside log.jsonl."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from synctalkface.errors import TrainingError

FOLDER = "tensorboard"


class Board:
    """What the log is told, TensorBoard is shown. A resumed run goes on in the same curves.

    Raises TrainingError where the package tensorboard is missing.
    """

    def __init__(self, folder: Path, step: int) -> None:
        try:
            from torch.utils.tensorboard import SummaryWriter
        except ImportError:
            raise TrainingError(
                "The package tensorboard is missing. Install it (pip install 'synctalkface[train]'), "
                "or leave --tensorboard out: log.jsonl holds the same numbers."
            ) from None
        # what was written after the checkpoint that the run goes on from is hidden
        self._writer: Any = SummaryWriter(str(folder / FOLDER), purge_step=step + 1)

    def numbers(self, kind: str, step: int, values: dict[str, Any]) -> None:
        """The numbers among `values`, each as a curve `kind`/name."""
        for name, value in values.items():
            if isinstance(value, int | float):
                self._writer.add_scalar(f"{kind}/{name}", value, step)
        self._writer.flush()

    def picture(self, step: int, rgb: NDArray[np.uint8]) -> None:
        """A sample picture (H, W, 3)."""
        self._writer.add_image("samples", rgb, step, dataformats="HWC")
        self._writer.flush()

    def close(self) -> None:
        self._writer.close()
