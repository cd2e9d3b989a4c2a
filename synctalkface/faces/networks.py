"""Open the embedded face networks with settings that share a machine politely."""

from __future__ import annotations

from importlib import resources
from typing import Any

import numpy as np
import onnxruntime


class Network:
    """One ONNX graph with one input, on one CPU thread. `name` is a file of synctalkface/assets/faces."""

    def __init__(self, name: str) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.inter_op_num_threads = 1
        # A spinning worker steals the core from the generator, which runs between two calls.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        data = resources.files("synctalkface").joinpath("assets", "faces", name).read_bytes()
        self._session = onnxruntime.InferenceSession(data, options, providers=["CPUExecutionProvider"])
        self._input = self._session.get_inputs()[0].name

    def __call__(self, pixels: np.ndarray) -> list[np.ndarray]:
        """`pixels` (1, 3, H, W) float32 -> the graph's outputs in their order."""
        outputs: list[Any] = self._session.run(None, {self._input: pixels})
        return outputs
