"""Find out who trains: one process, or several that torchrun started. A launcher that started too few is an error."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

import torch

from synctalkface.errors import TrainingError
from synctalkface.training.crew import Crew


@contextmanager
def mustered(device: torch.device, processes: int | None = None) -> Iterator[Crew]:
    """The crew of this run, on `device` or, of several GPUs, on the one that is this process's.

    `processes` is how many there must be; None: as many as the launcher promises. TrainingError if others came.
    """
    promised = int(os.environ.get("WORLD_SIZE", "1"))
    _refuse_silent_launcher()
    if promised == 1:
        _refuse_fewer(processes or 1, 1)
        yield Crew(device=device)
        return
    _refuse_shared_gpu(device)
    state = _state(device)
    try:
        _refuse_fewer(processes or promised, state.num_processes)
        yield Crew(state.process_index, state.num_processes, state.device)
    finally:
        torch.distributed.destroy_process_group()
        state._reset_state()


def _state(device: torch.device):  # type: ignore[no-untyped-def]  # accelerate's type, which may not be installed
    """Accelerate reads the launcher's variables, starts the exchange and picks each process's device."""
    try:
        from accelerate import PartialState
    except ImportError:
        raise TrainingError(
            "More than one process needs the package accelerate. Install it: pip install 'synctalkface[train]'."
        ) from None
    if device.type == "cuda":
        return PartialState()
    if device.type == "cpu":
        os.environ.setdefault("OMP_NUM_THREADS", "1")  # as torchrun sets it; accelerate would guess and warn
        return PartialState(cpu=True, backend="gloo")
    raise TrainingError(f"Several processes cannot train on {device.type}. Say --device cuda or --device cpu.")


def _refuse_silent_launcher() -> None:
    """`accelerate launch --cpu --num_processes 2` sets an address to meet at, and starts one process alone."""
    if "ACCELERATE_USE_CPU" in os.environ and "MASTER_ADDR" in os.environ and "WORLD_SIZE" not in os.environ:
        raise TrainingError(
            "The launcher was asked for several processes and started one. Start them with torchrun: "
            "torchrun --nproc_per_node 2 -m synctalkface train ..."
        )


def _refuse_fewer(wanted: int, came: int) -> None:
    if came != wanted:
        raise TrainingError(
            f"{wanted} processes were asked for and {came} came. Start them with torchrun: "
            f"torchrun --nproc_per_node {wanted} -m synctalkface train ..."
        )


def _refuse_shared_gpu(device: torch.device) -> None:
    here = int(os.environ.get("LOCAL_WORLD_SIZE", os.environ["WORLD_SIZE"]))
    if device.type == "cuda" and here > torch.cuda.device_count():
        raise TrainingError(
            f"{here} processes were started on a machine with {torch.cuda.device_count()} GPUs. "
            "Start one for each GPU, or say --device cpu."
        )
