"""Tensors in safetensors files, one or several (shards), read strictly: nothing is allocated before it is known to fit.

A name such as generator.safetensors stands for that one file, or for generator.safetensors.index.json and the shards
generator-00001-of-00002.safetensors ... that it lists, as is usual on the Hub.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path

import torch
from huggingface_hub import split_torch_state_dict_into_shards
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from synctalkface.errors import WeightsError
from synctalkface.hub import sums
from synctalkface.hub.whole import whole

LARGEST_HEADER = 4 << 20  # bytes: ours have a few hundred tensors, some 50 kB
PICKLES = (".bin", ".pt", ".pth", ".ckpt", ".pkl", ".pickle")
_DTYPES = {"F16": True, "BF16": True, "F32": True, "I64": False}  # the types that are read -> is it a float?
_AGAIN = "Download or copy it again."
_TOGETHER = "Use the files that were saved together."


def index_of(name: str) -> str:
    """The file that lists the shards of `name`."""
    return f"{name}.index.json"


def parts(folder: Path, name: str) -> list[Path]:
    """The files of `folder` that make up `name`, the index included; empty if it is not there."""
    single, index = folder / name, folder / index_of(name)
    if single.is_file():
        return [single]
    return [index, *sorted({folder / file for file in _weight_map(index).values()})] if index.is_file() else []


def write(tensors: dict[str, Tensor], folder: Path, name: str, largest: int | None = None) -> list[Path]:
    """Write `tensors` as `folder`/`name`, or as shards of at most `largest` bytes. Returns the files. OutputError."""
    if largest is None:
        shards = {name: tensors}
    else:
        plan = split_torch_state_dict_into_shards(
            tensors, filename_pattern=name.replace(".safetensors", "{suffix}.safetensors"), max_shard_size=largest
        )
        shards = {file: {key: tensors[key] for key in keys} for file, keys in plan.filename_to_tensors.items()}
    sums.unseal(folder)
    before = set(_stored(folder, name))
    for file, part_of in shards.items():
        with whole(folder / file) as part:
            save_file(part_of, part, metadata={"format": "pt"})
    written = [folder / file for file in shards]
    if len(shards) > 1:
        data = {"metadata": {"total_size": _bytes(tensors)}, "weight_map": {k: f for f, p in shards.items() for k in p}}
        with whole(folder / index_of(name)) as part:
            part.write_text(json.dumps(data, indent=1), encoding="utf-8")
        written.append(folder / index_of(name))
    for stale in before - set(written):
        stale.unlink()
    return written


def read(folder: Path, name: str, wanted: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The tensors of `name`, which must have exactly the names and shapes of `wanted` (values unused, may be meta).

    Raises WeightsError naming the first file or tensor that is missing, unknown, misshapen, damaged or not finite.
    """
    files = parts(folder, name)
    if not files:
        raise WeightsError(f"{folder} holds no {name}. {_pickled(folder) or 'Train it first, or give another folder.'}")
    for file in files:
        if not file.is_file():
            raise WeightsError(f"{file} is missing, but {index_of(name)} lists it. {_AGAIN}")
    sums.check(folder, files)
    shards = [file for file in files if file.suffix == ".safetensors"]
    shapes: dict[str, Path] = {}
    for shard in shards:
        for key in _checked(shard, wanted):
            if key in shapes:
                raise WeightsError(f"{shard}: tensor '{key}' is also in {shapes[key].name}. {_AGAIN}")
            shapes[key] = shard
    lacking = sorted(wanted.keys() - shapes.keys())
    if lacking:
        raise WeightsError(f"{folder / name} lacks tensor '{lacking[0]}' ({len(lacking)} in all). {_TOGETHER}")
    tensors: dict[str, Tensor] = {}
    for shard in shards:
        tensors.update(_values(shard))
    return tensors


def _checked(shard: Path, wanted: Mapping[str, Tensor]) -> list[str]:
    """The names of the tensors in `shard`, once its header is known to promise only what is wanted."""
    size = shard.stat().st_size
    with shard.open("rb") as file:
        header = int.from_bytes(file.read(8), "little")
    if size < 8 or header > min(LARGEST_HEADER, size - 8):
        raise WeightsError(f"{shard} is damaged (its header cannot be {header} bytes long). {_AGAIN}")
    try:
        with safe_open(shard, framework="pt") as opened:
            names = list(opened.keys())
            for key in names:
                part = opened.get_slice(key)
                _fits(shard, key, tuple(part.get_shape()), part.get_dtype(), wanted)
    except (OSError, SafetensorError) as error:
        raise WeightsError(f"{shard} is damaged ({error}). {_AGAIN}") from None
    return names


def _fits(shard: Path, key: str, shape: tuple[int, ...], dtype: str, wanted: Mapping[str, Tensor]) -> None:
    if key not in wanted:
        raise WeightsError(f"{shard} has the unknown tensor '{key}': it does not fit its config.json. {_TOGETHER}")
    if shape != tuple(wanted[key].shape):
        raise WeightsError(
            f"{shard}: tensor '{key}' is {shape}, its config.json asks for {tuple(wanted[key].shape)}. {_TOGETHER}"
        )
    if _DTYPES.get(dtype) is not wanted[key].is_floating_point():
        raise WeightsError(f"{shard}: tensor '{key}' is of type {dtype}, which is not read. {_TOGETHER}")


def _values(shard: Path) -> dict[str, Tensor]:
    try:
        with safe_open(shard, framework="pt") as file:
            tensors = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118 (not a mapping)
    except (OSError, SafetensorError) as error:
        raise WeightsError(f"{shard} is damaged ({error}). {_AGAIN}") from None
    for key, tensor in tensors.items():
        if not bool(torch.isfinite(tensor).all()):
            raise WeightsError(f"{shard}: tensor '{key}' holds values that are not numbers. {_AGAIN}")
    return tensors


def _weight_map(index: Path) -> dict[str, str]:
    """Tensor -> shard, as the file `index` says. Raises WeightsError unless every shard is a plain name of ours."""
    damaged = WeightsError(f"{index} is not a list of shards. {_AGAIN}")
    if index.stat().st_size > LARGEST_HEADER:
        raise damaged
    try:
        found = json.loads(index.read_text(encoding="utf-8"))["weight_map"]
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        raise damaged from None
    shard = _shard(index.name.removesuffix(".safetensors.index.json"))
    if not isinstance(found, dict) or not all(isinstance(f, str) and shard.fullmatch(f) for f in found.values()):
        raise damaged
    return found


def _shard(stem: str) -> re.Pattern[str]:
    return re.compile(re.escape(stem) + r"-\d{5}-of-\d{5}\.safetensors")


def _stored(folder: Path, name: str) -> list[Path]:
    """Whatever lies in `folder` under `name`, whole or in shards."""
    shard = _shard(name.removesuffix(".safetensors"))
    names = {name, index_of(name)}
    return [path for path in folder.glob("*") if path.name in names or shard.fullmatch(path.name)]


def _pickled(folder: Path) -> str:
    found = sorted(path.name for path in folder.glob("*") if path.suffix in PICKLES)
    if not found:
        return ""
    return f"{found[0]} is a pickle, which can run a stranger's code and is never opened: ask for safetensors."


def _bytes(tensors: Mapping[str, Tensor]) -> int:
    return sum(tensor.numel() * tensor.element_size() for tensor in tensors.values())
