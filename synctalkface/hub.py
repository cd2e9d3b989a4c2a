"""Weights and their configuration as one folder: config.json beside safetensors; on the disk or on the Hugging Face Hub.

A folder and a repository name are used alike. Loading is strict both ways: no key more, no key less, every shape right.
"""

from __future__ import annotations

import os
from importlib.resources import files
from pathlib import Path

import torch
from huggingface_hub import snapshot_download
from huggingface_hub.errors import HfHubHTTPError, HFValidationError, LocalEntryNotFoundError, RepositoryNotFoundError
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from synctalkface.config import Config, from_json, to_json
from synctalkface.errors import WeightsError
from synctalkface.models.generator import SyncTalkFace
from synctalkface.models.syncnet import SyncNet

CONFIG = "config.json"
GENERATOR = "generator.safetensors"
SYNCNET = "syncnet.safetensors"


def shipped() -> Path:
    """The folder of the weights that come with the package."""
    return Path(str(files("synctalkface"))) / "assets" / "weights"


def resolve(where: str | Path | None = None, revision: str | None = None) -> Path:
    """The local folder of the weights called `where`: None (shipped), a folder, or a repository name "owner/name".

    Repositories come from the cache or the Hub; only config.json and safetensors are ever fetched. Raises WeightsError.
    """
    if where is None:
        return shipped()
    path = Path(where)
    if path.is_dir():
        return path
    if path.is_absolute() or str(where).startswith((".", "~")) or str(where).count("/") != 1:
        raise WeightsError(f"There is no folder {where}. Give a folder with {CONFIG}, or a Hub name like owner/name.")
    try:
        return Path(snapshot_download(str(where), revision=revision, allow_patterns=[CONFIG, "*.safetensors"]))
    except (RepositoryNotFoundError, HFValidationError):
        raise WeightsError(
            f"'{where}' is neither a folder here nor a repository on the Hub that you may read. Check the spelling."
        ) from None
    except LocalEntryNotFoundError:
        raise WeightsError(f"'{where}' is not in the cache and the Hub cannot be reached. Connect, or give a folder.") from None
    except (HfHubHTTPError, OSError) as error:
        raise WeightsError(f"'{where}' could not be fetched from the Hub ({error}). Try again later.") from None


def load_config(folder: Path) -> Config:
    """The configuration in `folder`. Raises WeightsError if there is none, ConfigError if it is damaged."""
    path = folder / CONFIG
    try:
        return from_json(path.read_text(encoding="utf-8"), str(path))
    except FileNotFoundError:
        raise WeightsError(f"{folder} holds no weights ({CONFIG} is missing). Give the folder of a trained model.") from None
    except (OSError, UnicodeDecodeError) as error:
        raise WeightsError(f"{path} cannot be read ({error}). Restore it or download it again.") from None


def load_generator(folder: Path) -> SyncTalkFace:
    """The model whose weights lie in `folder`, in evaluation mode on the CPU. Raises WeightsError."""
    model = SyncTalkFace(load_config(folder))
    _fill(model, folder / GENERATOR)
    return model.eval()


def load_syncnet(folder: Path) -> SyncNet:
    """The sync expert whose weights lie in `folder`, in evaluation mode on the CPU. Raises WeightsError."""
    net = SyncNet(load_config(folder))
    _fill(net, folder / SYNCNET)
    return net.eval()


def save_module(module: nn.Module, config: Config, folder: Path, name: str, half: bool = False) -> Path:
    """Write the weights of `module` as `folder`/`name` with config.json beside them, each whole or not at all.

    `half` stores 16-bit floats: half the size, and no visible difference.
    """
    tensors = {
        key: (tensor.half() if half and tensor.is_floating_point() else tensor).detach().cpu().contiguous().clone()
        for key, tensor in module.state_dict().items()
    }
    folder.mkdir(parents=True, exist_ok=True)
    path, part = folder / name, folder / (name + ".part")
    save_file(tensors, part, metadata={"format": "pt"})
    os.replace(part, path)
    text = folder / (CONFIG + ".part")
    text.write_text(to_json(config), encoding="utf-8")
    os.replace(text, folder / CONFIG)
    return path


def _fill(module: nn.Module, path: Path) -> None:
    """Put the tensors of `path` into `module`, strictly."""
    wanted = module.state_dict()
    tensors = _read(path)
    for problem, names in (("lacks", wanted.keys() - tensors.keys()), ("has the unknown", tensors.keys() - wanted.keys())):
        if names:
            raise WeightsError(
                f"{path} {problem} tensor '{min(names)}' ({len(names)} in all): it does not fit its {CONFIG}. "
                "Use the two files that were saved together."
            )
    for name, tensor in tensors.items():
        if tensor.shape != wanted[name].shape:
            raise WeightsError(
                f"{path}: tensor '{name}' is {tuple(tensor.shape)}, its {CONFIG} asks for {tuple(wanted[name].shape)}. "
                "Use the two files that were saved together."
            )
        if not bool(torch.isfinite(tensor).all()):
            raise WeightsError(f"{path}: tensor '{name}' holds values that are not numbers. Download the file again.")
    module.load_state_dict({name: tensor.to(wanted[name].dtype) for name, tensor in tensors.items()})


def _read(path: Path) -> dict[str, Tensor]:
    if not path.is_file():
        raise WeightsError(f"{path.parent} holds no {path.name}. Train it first, or give another folder.")
    try:
        with safe_open(path, framework="pt") as file:
            return {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (not a mapping)
    except (OSError, SafetensorError) as error:
        raise WeightsError(f"{path} is damaged ({error}). Download or copy it again.") from None
