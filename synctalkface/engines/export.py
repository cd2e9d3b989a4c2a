"""Networks as files: written beside the weights they were made of, where `dub` finds them, or for other programs."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

from synctalkface import hub
from synctalkface.address.shapes import NAME as SHAPES
from synctalkface.engines.graph import fingerprint
from synctalkface.engines.runtime import import_openvino, openvino_core
from synctalkface.engines.shelf import OWNER, Numbers, Shelf, network_name
from synctalkface.errors import ConfigError, OutputError, WeightsError
from synctalkface.hub import sums
from synctalkface.hub.whole import whole
from synctalkface.models.generator import SyncTalkFace, for_use


def export(source: Path, out: Path, engine: str = "onnx", precision: str = "fp32") -> list[Path]:
    """Write the network of the weights in the folder `source` into the folder `out`; returns the network's files.

    `engine` is onnx or openvino, `precision` fp32 or int8. A new folder gets the weights too, so that it can be used as
    weights; a folder that holds the same weights gets the network alone. Either all of it appears or nothing.
    Raises WeightsError or ConfigError for weights that do not load, OutputError if `out` cannot be written.
    """
    if engine not in ("onnx", "openvino") or precision not in ("fp32", "int8"):
        raise ConfigError(f"There is no export for {engine} in {precision}. Export onnx or openvino, as fp32 or int8.")
    if engine == "openvino":
        openvino_core()
    model = for_use(hub.load_generator(source))
    same = _require_room(out, model)
    numbers: Numbers = "int8" if precision == "int8" else "fp32"
    files = _files(Shelf(model, hub.load_config(source), source), engine, numbers)
    if same:
        _add(out, files)
    else:
        _build(source, out, files)
    return [out / name for name in files]


def _files(shelf: Shelf, engine: str, numbers: Numbers) -> dict[str, bytes]:
    """What is written, by name; the file that makes the others count comes last."""
    graph = shelf.graph(numbers)
    if engine == "onnx":
        return {network_name(numbers, ".onnx"): graph}
    network = openvino_core().read_model(graph)
    network.set_rt_info(shelf.owner, OWNER)
    with tempfile.TemporaryDirectory(prefix="synctalkface-") as folder:
        path = Path(folder) / network_name(numbers, ".xml")
        import_openvino().save_model(network, path, compress_to_fp16=False)
        return {each.name: each.read_bytes() for each in (path.with_suffix(".bin"), path)}


def _require_room(out: Path, model: SyncTalkFace) -> bool:
    """Whether `out` holds the weights of `model` already. OutputError if it holds anything else."""
    if not out.exists() or (out.is_dir() and not any(out.iterdir())):
        return False
    if out.is_dir():
        try:
            if fingerprint(for_use(hub.load_generator(out))) == fingerprint(model):
                return True
        except (WeightsError, ConfigError):
            pass
    raise OutputError(f"{out} exists and does not hold these weights. Name a new folder, or that of the weights.")


def _add(folder: Path, files: dict[str, bytes]) -> None:
    vouched = set(sums.sealed(folder))
    for name, data in files.items():
        with whole(folder / name) as part:
            part.write_bytes(data)
    if vouched:
        sums.seal(folder, vouched | set(files))


def _build(source: Path, out: Path, files: dict[str, bytes]) -> None:
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        made = Path(tempfile.mkdtemp(prefix=f".{out.name}.", suffix=".part", dir=out.parent))
        try:
            made.chmod(0o777 & ~_umask())
            shutil.copyfile(source / hub.CONFIG, made / hub.CONFIG)
            hub.copy_module(source, made, hub.GENERATOR)
            if (source / SHAPES).is_file():
                shutil.copyfile(source / SHAPES, made / SHAPES)
            for name, data in files.items():
                (made / name).write_bytes(data)
            sums.seal(made, [path.name for path in made.iterdir()])
            if out.is_dir():
                out.rmdir()  # it is empty
            os.replace(made, out)
        finally:
            shutil.rmtree(made, ignore_errors=True)
    except OSError as error:
        raise OutputError(f"{out} cannot be written ({error.strerror}). Choose another folder.") from None


def _umask() -> int:
    """What this process takes away from the rights of a new folder."""
    mask = os.umask(0)
    os.umask(mask)
    return mask
