"""The state of a run as one safetensors file: weights, averages, optimiser moments and the step. Never a pickle."""

from __future__ import annotations

import json
import os
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn
from torch.optim import Optimizer

from synctalkface.errors import WeightsError

NAME = "checkpoint.safetensors"


def save(folder: Path, step: int, config: str, modules: dict[str, nn.Module], optimisers: dict[str, Optimizer]) -> Path:
    """Write the state of a run whole or not at all. `config` is its config.json, to refuse another one's state."""
    tensors: dict[str, Tensor] = {}
    for name, module in modules.items():
        for key, tensor in module.state_dict().items():
            tensors[f"{name}/{key}"] = tensor
    for name, optimiser in optimisers.items():
        for index, state in optimiser.state_dict()["state"].items():
            for key, value in state.items():
                tensors[f"{name}/{index}/{key}"] = torch.as_tensor(value)
    plain = {key: tensor.detach().cpu().contiguous().clone() for key, tensor in tensors.items()}
    path, part = folder / NAME, folder / (NAME + ".part")
    save_file(plain, part, metadata={"step": json.dumps(step), "config": config})
    os.replace(part, path)
    return path


def load(folder: Path, config: str, modules: dict[str, nn.Module], optimisers: dict[str, Optimizer]) -> int:
    """Put the saved state back and return the step it was saved after; 0 if there is none.

    Raises WeightsError if the file is damaged or belongs to a run with another model.
    """
    path = folder / NAME
    if not path.exists():
        return 0
    try:
        with safe_open(path, framework="pt") as file:
            metadata = file.metadata() or {}
            tensors = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118 (not a mapping)
        step = int(metadata["step"])
    except (OSError, KeyError, ValueError, SafetensorError) as error:
        raise WeightsError(f"{path} is damaged ({error}). Delete it to start the run anew.") from None
    _refuse_other_model(path, metadata["config"], config)
    try:
        for name, module in modules.items():
            prefix = f"{name}/"
            module.load_state_dict({k[len(prefix) :]: v for k, v in tensors.items() if k.startswith(prefix)})
    except RuntimeError:
        raise WeightsError(f"{path} belongs to another model. Choose another --out, or pass --no-resume.") from None
    for name, optimiser in optimisers.items():
        _restore(optimiser, {k[len(name) + 1 :]: v for k, v in tensors.items() if k.startswith(f"{name}/")})
    return step


def reached(folder: Path) -> int:
    """The step after which the run in `folder` was last saved; 0 if it never was. WeightsError if it is damaged."""
    path = folder / NAME
    if not path.exists():
        return 0
    try:
        with safe_open(path, framework="pt") as file:
            return int((file.metadata() or {})["step"])
    except (OSError, KeyError, ValueError, SafetensorError) as error:
        raise WeightsError(f"{path} is damaged ({error}). Delete it to start the run anew.") from None


def _restore(optimiser: Optimizer, tensors: dict[str, Tensor]) -> None:
    state: dict[int, dict[str, Tensor]] = {}
    for key, tensor in tensors.items():
        index, name = key.split("/")
        state.setdefault(int(index), {})[name] = tensor
    optimiser.load_state_dict({"state": state, "param_groups": optimiser.state_dict()["param_groups"]})
    for parameter, moments in optimiser.state.items():  # fused kernels take both for rows of numbers in the same order
        for name, value in moments.items():
            if value.shape == parameter.shape:
                moments[name] = torch.empty_like(parameter).copy_(value)


def _refuse_other_model(path: Path, saved: str, wanted: str) -> None:
    """Schedules and weights of losses may change between two stretches of a run; what the tensors mean may not."""
    before, now = json.loads(saved), json.loads(wanted)
    for group in ("audio", "face", "memory", "model", "syncnet", "discriminator"):
        if before.get(group) != now.get(group):
            raise WeightsError(
                f"{path} was trained with other settings of '{group}'. Choose another --out, or pass --no-resume."
            )
