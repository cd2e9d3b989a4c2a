"""The drawing as an ONNX graph: what is done for every frame, and nothing else.

F frames, S side of the crop, C channels. In: pose (F, 3, S/2, S), audio (F, C), lips (F, C), and reference0, reference1
and so on, the maps of the K encoded references. Out: drawing (F, 3 K + 3, h, w), which is flows, masks and paint, or
(F, 3, h, w) where the head only paints.
"""

from __future__ import annotations

import tempfile
import warnings
from pathlib import Path

import onnx
import torch
from google.protobuf.message import DecodeError
from torch import Tensor, nn

from synctalkface.cache import key_of
from synctalkface.models.decoder import Drawing, parts
from synctalkface.models.face import ReferenceFeatures
from synctalkface.models.generator import SyncTalkFace

VERSION = "3"  # of the graph below: a network of another version is made again
OPSET = 17
OUTPUT = "drawing"
_OWNER = "synctalkface.weights"  # metadata: the fingerprint of the weights the graph was made of
_FRAMES = 2  # of the example: any number but one, which exporters take for a constant


class Draw(nn.Module):
    """`model.draw` of one clip as a function of plain tensors."""

    def __init__(self, model: SyncTalkFace) -> None:
        super().__init__()
        self.model = model

    def forward(self, pose: Tensor, audio: Tensor, lips: Tensor, *features: Tensor) -> Tensor:
        drawing = self.model.draw(pose[None], list(features), audio[None], lips[None])
        parts = [part for part in (drawing.flow, drawing.keep, drawing.paint) if part is not None]
        return torch.cat(parts, dim=2)[0]


def as_drawing(output: Tensor) -> Drawing:
    """The output (F, 3 K + 3, h, w) as the drawing of one clip, (1, F, ...)."""
    output = output[None]
    references = output.shape[2] // 3 - 1
    if not references:
        return Drawing(output, None, None)
    flow, keep, paint = parts(output, references, dim=2)
    return Drawing(paint, keep, flow)


def input_names(features: ReferenceFeatures) -> list[str]:
    """The graph's inputs in their order."""
    return ["pose", "audio", "lips", *(f"reference{index}" for index in range(len(features)))]


def fingerprint(model: SyncTalkFace) -> str:
    """A name for the weights of `model` as they are, whatever file they came from."""
    parts: list[str | bytes] = [VERSION]
    for name, tensor in sorted(model.state_dict().items()):
        parts += [f"{name} {tuple(tensor.shape)}", tensor.detach().cpu().contiguous().numpy().tobytes()]
    return key_of(*parts)


def example(model: SyncTalkFace, size: int, frames: int = _FRAMES) -> tuple[Tensor, ...]:
    """Inputs of the right shapes for a model whose crop has `size` px."""
    generator = torch.Generator().manual_seed(0)
    features = model.encode_references(torch.rand(1, model.face_encoder.references, 3, size, size, generator=generator))
    vectors = torch.rand(2, frames, _channels(model), generator=generator)
    return (torch.rand(frames, 3, size // 2, size, generator=generator), *vectors, *features)


def _channels(model: SyncTalkFace) -> int:
    vector = model.decoder.fuse.conv.weight
    return int(vector.shape[1]) // 2  # type: ignore[index]  # lips and sound side by side


def make_graph(model: SyncTalkFace, size: int, owner: str) -> bytes:
    """`model` (as made by `for_use`, on the CPU) as an ONNX graph in float32 that belongs to the weights `owner`."""
    inputs = example(model, size)
    names = input_names(list(inputs[3:]))
    frames = {name: {0: "frames"} for name in (*names[:3], OUTPUT)}
    with tempfile.TemporaryDirectory(prefix="synctalkface-") as folder, torch.no_grad(), warnings.catch_warnings():
        path = Path(folder) / "drawing.onnx"
        warnings.simplefilter("ignore")  # the tracer doubts shapes that are constants, and announces its successor
        torch.onnx.export(
            Draw(model).eval(),
            inputs,
            path,
            input_names=names,
            output_names=[OUTPUT],
            dynamic_axes=frames,
            opset_version=OPSET,
            dynamo=False,
        )
        return own(path.read_bytes(), owner)


def own(graph: bytes, owner: str) -> bytes:
    """`graph`, marked as made of the weights `owner`."""
    model = onnx.load_model_from_string(graph)
    onnx.helper.set_model_props(model, {_OWNER: owner})
    data: bytes = model.SerializeToString()
    return data


def owner_of(graph: bytes) -> str | None:
    """The weights that `graph` was made of; None if it does not say, or is no graph."""
    try:
        properties = onnx.load_model_from_string(graph).metadata_props
    except DecodeError:
        return None
    return next((str(entry.value) for entry in properties if entry.key == _OWNER), None)
