"""A folder of weights: config.json, the generator, the sync expert. Loading is strict both ways; never a pickle."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any, TypeVar

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from synctalkface.config import Config, from_json, to_json
from synctalkface.errors import ConfigError, WeightsError
from synctalkface.hub import sums, tensors
from synctalkface.hub.whole import whole
from synctalkface.models.generator import SyncTalkFace
from synctalkface.models.syncnet import SyncNet

CONFIG = "config.json"
GENERATOR = "generator.safetensors"
SYNCNET = "syncnet.safetensors"
SHIPPED = "shipped"

LARGEST_CONFIG = 1 << 18  # bytes: ours are 3 kB
LARGEST_NUMBER = 4_096  # a width, a number of slots, a side in px
LARGEST_RATE = 192_000  # Hz
LARGEST_DEPTH = 64  # layers of one kind

Module = TypeVar("Module", bound=nn.Module)


def shipped() -> Path:
    """The folder of the weights that come with the package."""
    return Path(str(files("synctalkface"))) / "assets" / "weights"


def holds(folder: Path, name: str) -> bool:
    """Whether `folder` holds the weights `name` (GENERATOR or SYNCNET), whole or in shards."""
    return (folder / name).is_file() or (folder / tensors.index_of(name)).is_file()


def load_config(folder: Path) -> Config:
    """The configuration in `folder`. Raises WeightsError if there is none, ConfigError if it is damaged."""
    path = folder / CONFIG
    try:
        if path.stat().st_size > LARGEST_CONFIG:
            raise ConfigError(f"{path} is too long for a configuration. Download it again.")
        config = from_json(path.read_text(encoding="utf-8"), str(path))
    except FileNotFoundError:
        raise WeightsError(
            f"{folder} holds no weights ({CONFIG} is missing). Give the folder of a trained model."
        ) from None
    except RecursionError:
        raise ConfigError(f"{path} does not hold a configuration. Restore the file or download it again.") from None
    except (OSError, UnicodeDecodeError) as error:
        raise WeightsError(f"{path} cannot be read ({error}). Restore it or download it again.") from None
    sums.check(folder, [path])
    _refuse_monsters(config, path)
    return config


def load_generator(folder: Path) -> SyncTalkFace:
    """The model whose weights lie in `folder`, in evaluation mode on the CPU. Raises WeightsError or ConfigError."""
    return _load(SyncTalkFace, folder, GENERATOR)


def load_syncnet(folder: Path) -> SyncNet:
    """The sync expert whose weights lie in `folder`, in evaluation mode on the CPU. WeightsError or ConfigError."""
    return _load(SyncNet, folder, SYNCNET)


def save_module(
    module: nn.Module, config: Config, folder: Path, name: str, half: bool = False, largest: int | None = None
) -> Path:
    """Write the weights of `module` as `folder`/`name` with config.json beside them, each whole or not at all.

    `half` stores 16-bit floats: half the size, and no visible difference. `largest`: bytes a file may have; more goes
    into shards. Raises OutputError.
    """
    state = {
        key: (tensor.half() if half and tensor.is_floating_point() else tensor).detach().cpu().contiguous().clone()
        for key, tensor in module.state_dict().items()
    }
    tensors.write(state, folder, name, largest)
    with whole(folder / CONFIG) as part:
        part.write_text(to_json(config), encoding="utf-8")
    return folder / name


def copy_module(source: Path, folder: Path, name: str) -> None:
    """Copy the weights `name` of `source`, byte for byte, beside those of `folder`. Raises OutputError."""
    for path in tensors.parts(source, name):
        with whole(folder / path.name) as part:
            part.write_bytes(path.read_bytes())


def require_same(config: Config, folder: Path, groups: Sequence[str]) -> None:
    """Refuse, with a WeightsError, weights in `folder` that were trained with other settings than `config` has."""
    other = load_config(folder)
    for group in groups:
        if getattr(other, group) != getattr(config, group):
            raise WeightsError(f"{folder} was trained with other settings of '{group}'. Give weights that fit.")


class _Unfilled(TorchFunctionMode):
    """Random numbers are left out where only shapes are wanted: on the meta device they bring in half of sympy."""

    def __torch_function__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        return args[0] if func is Tensor.normal_ else func(*args, **(kwargs or {}))


def _load(build: Callable[[Config], Module], folder: Path, name: str) -> Module:
    config = load_config(folder)
    try:
        with torch.device("meta"), _Unfilled():  # no memory is taken: a stranger's config is not yet believed
            wanted = build(config).state_dict()
    except (ValueError, RuntimeError, IndexError, TypeError, ArithmeticError) as error:
        why = str(error).partition("\n")[0]
        raise ConfigError(f"{folder / CONFIG} describes no model ({why}). Restore it or download it again.") from None
    values = tensors.read(folder, name, wanted)
    module = build(config)
    module.load_state_dict({key: tensor.to(wanted[key].dtype) for key, tensor in values.items()})
    return module.eval()


def _refuse_monsters(config: Config, path: Path) -> None:
    """Numbers that no model of ours has would only fill the memory: a ConfigError."""
    for group in ("audio", "face", "memory", "model", "syncnet", "discriminator"):
        for key, value in dataclasses.asdict(getattr(config, group)).items():
            numbers = value if isinstance(value, tuple) else (value,)
            low, high = (0, LARGEST_DEPTH) if "residuals" in key else (1, LARGEST_NUMBER)
            high = LARGEST_RATE if key == "sample_rate" else high
            integers = [n for n in numbers if isinstance(n, int) and not isinstance(n, bool)]
            if len(numbers) > LARGEST_DEPTH or any(not low <= n <= high for n in integers):
                raise ConfigError(f"{path}: '{group}.{key}' is out of range ({low} to {high}). Download it again.")
