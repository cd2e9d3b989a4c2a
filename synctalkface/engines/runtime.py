"""Two runtimes that carry out an ONNX graph on the CPU: ONNX Runtime, and OpenVINO where it is installed."""

from __future__ import annotations

import importlib.util
import os
import platform
import sys
from collections.abc import Callable
from functools import cache
from typing import Any

import torch
from torch import Tensor

from synctalkface.errors import ConfigError

Run = Callable[[tuple[Tensor, ...]], Tensor]  # the graph's inputs in their order -> its output


def threads() -> int:
    """Half the cores: the other half decodes, pastes and encodes at the same time."""
    return max(1, (os.cpu_count() or 1) // 2)


def on_onnxruntime(graph: bytes) -> Run:
    """`graph` in ONNX Runtime."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads()
    options.inter_op_num_threads = 1
    # A worker that spins while it waits steals the core from the encoder.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(graph, options, providers=["CPUExecutionProvider"])
    names = [each.name for each in session.get_inputs()]

    def run(inputs: tuple[Tensor, ...]) -> Tensor:
        arrays = [each.contiguous().numpy() for each in inputs]
        output: Any = session.run(None, dict(zip(names, arrays, strict=True)))[0]
        return torch.from_numpy(output)

    return run


def on_openvino(network: Any, bf16: bool = False) -> Run:
    """`network`, an ONNX graph in bytes or the path of an OpenVINO network, in OpenVINO.

    With `bf16` it counts in 16 bits where the processor can. Raises ConfigError if OpenVINO is not installed.
    """
    core = openvino_core()
    settings = {
        "INFERENCE_NUM_THREADS": threads(),
        "NUM_STREAMS": 1,
        "INFERENCE_PRECISION_HINT": "bf16" if bf16 else "f32",
    }
    compiled = core.compile_model(core.read_model(network), "CPU", settings)
    request = compiled.create_infer_request()
    names = [each.get_any_name() for each in compiled.inputs]

    def run(inputs: tuple[Tensor, ...]) -> Tensor:
        arrays = [each.contiguous().numpy() for each in inputs]
        output: Any = request.infer(dict(zip(names, arrays, strict=True)))[0]
        return torch.from_numpy(output.copy())  # the next call writes where this one wrote

    return run


@cache
def openvino_core() -> Any:
    """OpenVINO's door. Raises ConfigError if it is not installed."""
    if not has_openvino():
        raise ConfigError(
            "The engine openvino is not installed. Run `pip install 'synctalkface[openvino]'`, or say --engine auto."
        )
    return import_openvino().Core()


def import_openvino() -> Any:
    """OpenVINO without the package by which it reports each use to its makers, in a forked process that may hang.

    It does without where that package is not installed; here it is made to look so, unless it is in use already.
    """
    sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]  # None: importing it fails
    import openvino

    return openvino


def has_openvino() -> bool:
    """Whether OpenVINO is installed."""
    return importlib.util.find_spec("openvino") is not None


def has_bf16() -> bool:
    """Whether OpenVINO is there and this processor counts in 16 bits by itself."""
    return has_openvino() and "BF16" in openvino_core().get_property("CPU", "OPTIMIZATION_CAPABILITIES")


def machine() -> str:
    """What the speed of the engines depends on."""
    import onnxruntime

    versions = [torch.__version__, onnxruntime.__version__]
    if has_openvino():
        versions.append(import_openvino().__version__)
    cores = os.cpu_count()
    return f"{platform.machine()} {_processor()} {cores} {threads()} {torch.get_num_threads()} {' '.join(versions)}"


def _processor() -> str:
    try:
        with open("/proc/cpuinfo", encoding="utf-8", errors="replace") as file:
            return next((line.partition(":")[2].strip() for line in file if line.startswith("model name")), "")
    except OSError:
        return platform.processor()
