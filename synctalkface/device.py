"""Where tensors are computed: the user's word for it -> a torch device that is really there."""

from __future__ import annotations

import torch

from synctalkface.errors import ConfigError


def find_device(name: str = "auto") -> torch.device:
    """The device called `name`: auto (a CUDA GPU if there is one, else the CPU), cpu, cuda, cuda:1, mps.

    Raises ConfigError if there is no such device. `auto` never chooses mps: some operators of the model (grid_sample
    with border padding) are missing there in the versions of torch that are supported.
    """
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        device = torch.device(name)
    except RuntimeError:
        raise ConfigError(f"'{name}' is not a device. Say auto, cpu, cuda or mps.") from None
    if device.type == "cuda" and (device.index or 0) >= torch.cuda.device_count():
        raise ConfigError(
            f"This machine has no device '{name}' that this installation of torch can use "
            f"({torch.cuda.device_count()} CUDA devices found). Say --device cpu, or install a CUDA build of torch."
        )
    if device.type == "mps" and not torch.backends.mps.is_available():
        raise ConfigError("This machine has no Apple GPU that torch can use. Say --device cpu.")
    return device


def on(device: torch.device, tensor: torch.Tensor) -> torch.Tensor:
    """`tensor`, which is on the CPU, on `device`. To a GPU from pinned memory, so that nobody waits for the copy."""
    if device.type != "cuda":
        return tensor.to(device)
    return tensor.pin_memory().to(device, non_blocking=True)
