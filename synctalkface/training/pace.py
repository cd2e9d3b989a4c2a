"""How fast a run is: frames a second, and the share of the machine's measured peak that they use."""

from __future__ import annotations

import time

import torch

from synctalkface.training.precision import Precision

SIDE = {"cuda": 8192, "cpu": 512}  # of the square matrices whose product is timed
ROUNDS = 4


def peak(device: torch.device, precision: Precision) -> float:
    """Floating-point operations a second of a large matrix product on `device`, in the format of the run: measured."""
    side = SIDE.get(device.type, 2048)
    square = torch.ones(side, side, device=device, dtype=torch.bfloat16 if precision == "bf16" else torch.float32)
    return 2 * side**3 / min(_seconds(square) for _ in range(ROUNDS))


def _seconds(square: torch.Tensor) -> float:
    _wait(square.device)
    started = time.perf_counter()
    square @ square
    _wait(square.device)
    return time.perf_counter() - started


def _wait(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)


class Pace:
    """Adds up steps and says how fast they were."""

    def __init__(self, peak: float) -> None:
        self.peak = peak  # operations a second of this process's device
        self._seconds, self._frames, self._operations = 0.0, 0, 0

    def add(self, seconds: float, frames: int, operations: int) -> None:
        """One step: how long it took, frames of all processes, operations of this one."""
        self._seconds += seconds
        self._frames += frames
        self._operations += operations

    def take(self) -> dict[str, float]:
        """For the log: since this was last asked."""
        seconds = max(self._seconds, 1e-9)
        taken = {
            "frames_per_second": self._frames / seconds,
            "share_of_peak": self._operations / seconds / self.peak,
        }
        self._seconds, self._frames, self._operations = 0.0, 0, 0
        return taken
