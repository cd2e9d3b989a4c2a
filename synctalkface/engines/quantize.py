"""A graph in 8 bits: weights and maps of its convolutions as integers, scaled to what real faces and sound bring.

The last level and the head stay in float32: they write flow and colours, where one step of 256 is seen. In 8 bits they
cost 29 dB of the picture, all other layers together a tenth of a thousandth of that error (docs/log.md).
"""

from __future__ import annotations

import logging
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import onnx
from torch import Tensor

from synctalkface.engines.graph import own, owner_of


def quantized(graph: bytes, inputs: list[tuple[Tensor, ...]], last: int) -> bytes:
    """`graph` in mixed 8 bits, calibrated on `inputs`; the decoder's level `last` and the head stay as they are.

    ONNX Runtime and OpenVINO both read it: 8-bit tensors are marked by pairs of QuantizeLinear and DequantizeLinear.
    """
    from onnxruntime.quantization import CalibrationMethod, QuantFormat, QuantType, quantize_static
    from onnxruntime.quantization.shape_inference import quant_pre_process

    names = [each.name for each in onnx.load_model_from_string(graph).graph.node if each.op_type == "Conv"]
    kept = [name for name in names if f"/levels.{last}/" in name or "/head/" in name]
    with tempfile.TemporaryDirectory(prefix="synctalkface-") as folder, _quietly():
        whole, ready, small = (Path(folder) / name for name in ("whole.onnx", "ready.onnx", "small.onnx"))
        whole.write_bytes(graph)
        quant_pre_process(whole, ready, skip_symbolic_shape=True)
        quantize_static(
            ready,
            small,
            _Samples(graph, inputs),
            quant_format=QuantFormat.QDQ,
            op_types_to_quantize=["Conv"],
            nodes_to_exclude=kept,
            per_channel=True,
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8,
            calibrate_method=CalibrationMethod.MinMax,
        )
        return own(small.read_bytes(), owner_of(graph) or "")


class _Samples:
    """The inputs one after another, in the form that the calibration asks for."""

    def __init__(self, graph: bytes, inputs: list[tuple[Tensor, ...]]) -> None:
        names = [each.name for each in onnx.load_model_from_string(graph).graph.input]
        arrays = ([tensor.contiguous().numpy() for tensor in batch] for batch in inputs)
        self._left: Iterator[dict[str, Any]] = iter([dict(zip(names, each, strict=True)) for each in arrays])

    def get_next(self) -> dict[str, Any] | None:
        return next(self._left, None)


@contextmanager
def _quietly() -> Iterator[None]:
    """Without the advice that the quantiser gives on the root logger."""
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        yield
    finally:
        logging.disable(before)
