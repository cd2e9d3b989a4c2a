"""Where networks lie: beside the weights they were made of, else in the user's cache, else they are made."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

from synctalkface.cache import Cache, key_of
from synctalkface.config import Config
from synctalkface.engines.graph import fingerprint, make_graph, owner_of
from synctalkface.engines.quantize import quantized
from synctalkface.engines.runtime import openvino_core
from synctalkface.engines.samples import sample_inputs
from synctalkface.models.generator import SyncTalkFace

Numbers = Literal["fp32", "int8"]
CACHE = Cache("networks", 1 << 30)
OWNER = ["synctalkface", "weights"]  # where an OpenVINO network says what it was made of


class Shelf:
    """The networks of one model (as made by `for_use`, on the CPU); `folder` is where its weights lie, if they do."""

    def __init__(self, model: SyncTalkFace, config: Config, folder: Path | None = None) -> None:
        self.model, self.config, self.folder = model, config, folder
        self.owner = fingerprint(model)

    def graph(self, numbers: Numbers) -> bytes:
        """The ONNX graph of the model. One of other weights, which lies beside these, is passed over."""
        beside = self._beside(network_name(numbers, ".onnx"))
        if beside is not None:
            data = beside.read_bytes()
            if owner_of(data) == self.owner:
                return data
        key = key_of(self.owner, numbers)
        kept = CACHE.get(key)
        if kept is not None:
            return kept
        made = self.make(numbers)
        CACHE.put(key, made)
        return made

    def openvino(self, numbers: Numbers) -> Any:
        """What OpenVINO shall read: its own network beside the weights, else the ONNX graph."""
        beside = self._beside(network_name(numbers, ".xml"))
        if beside is not None and openvino_owner(beside) == self.owner:
            return beside
        return self.graph(numbers)

    def make(self, numbers: Numbers) -> bytes:
        """The ONNX graph, made anew."""
        if numbers == "fp32":
            return make_graph(self.model, self.config.face.size, self.owner)
        inputs = sample_inputs(self.model, self.config)
        return quantized(self.graph("fp32"), inputs, last=len(self.model.decoder.levels) - 1)

    def _beside(self, name: str) -> Path | None:
        path = None if self.folder is None else self.folder / name
        return path if path is not None and path.is_file() else None


def network_name(numbers: Numbers, suffix: str) -> str:
    """What the file of a network is called beside the weights."""
    return f"generator{'' if numbers == 'fp32' else '.' + numbers}{suffix}"


def openvino_owner(path: Path) -> str | None:
    """The weights that the OpenVINO network `path` was made of; None if it does not say, or is none."""
    try:
        network = openvino_core().read_model(path)
        return str(network.get_rt_info(OWNER).astype(str)) if network.has_rt_info(OWNER) else None
    except RuntimeError:
        return None
