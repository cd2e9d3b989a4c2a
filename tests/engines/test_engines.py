"""Every engine draws what torch draws; what cannot be is said in one sentence."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from torch import Tensor

from synctalkface import hub
from synctalkface.config import preset
from synctalkface.engines import choice, runtime
from synctalkface.engines.choice import candidates, check, preferred, start
from synctalkface.engines.graph import fingerprint
from synctalkface.engines.names import EngineName, Precision
from synctalkface.engines.network import Engine
from synctalkface.errors import ConfigError
from synctalkface.models.decoder import Drawing
from synctalkface.models.generator import SyncTalkFace, for_use
from tests.engines.conftest import Used

needs_openvino = pytest.mark.skipif(
    importlib.util.find_spec("openvino") is None, reason="OpenVINO is not installed (the extra openvino)"
)
CPU = torch.device("cpu")


def drawn(model: SyncTalkFace, asked: list[Tensor]) -> Drawing:
    pose, audio, lips, references = asked
    with torch.inference_mode():
        return model.draw(pose, model.encode_references(references), audio, lips)


def farthest(one: Drawing, other: Drawing) -> float:
    """The largest difference of any part."""
    pairs = zip(one, other, strict=True)
    return max(float((a - b).abs().max()) for a, b in pairs if a is not None and b is not None)


@pytest.mark.parametrize(
    ("engine", "precision", "allowed"),
    [
        ("torch", "fp32", 0.0),
        ("torch", "bf16", 0.02),
        ("onnx", "fp32", 1e-4),
        ("onnx", "int8", 0.1),
        pytest.param("openvino", "fp32", 1e-4, marks=needs_openvino),
        pytest.param("openvino", "int8", 0.1, marks=needs_openvino),
    ],
)
def test_every_engine_draws_what_torch_draws(
    engine: EngineName, precision: Precision, allowed: float, tiny: Used, asked: list[Tensor]
) -> None:
    made = start(tiny.model, tiny.config, tiny.folder, engine, precision)
    assert (made.name, made.precision) == (engine, precision)
    plain, drawing = drawn(tiny.model, asked), drawn(made, asked)
    assert [None if part is None else part.shape for part in drawing] == [p.shape for p in plain if p is not None]
    assert all(part is not None and part.dtype == torch.float32 for part in drawing)
    assert farthest(drawing, plain) <= allowed


def test_a_network_takes_any_number_of_frames(tiny: Used, asked: list[Tensor]) -> None:
    made = start(tiny.model, tiny.config, tiny.folder, "onnx")
    for frames in (1, 2, 5):
        pose, audio, lips = (part[:, :1].repeat(1, frames, *[1] * (part.dim() - 2)) for part in asked[:3])
        inputs = [pose, audio, lips, asked[3]]
        assert farthest(drawn(made, inputs), drawn(tiny.model, inputs)) < 1e-4
    with pytest.raises(ValueError, match="one clip at a time"):
        drawn(made, [part.repeat(2, *[1] * (part.dim() - 1)) for part in asked])


def test_the_head_that_only_paints_is_drawn_too() -> None:
    config = preset("paper")
    config = type(config)(**{**vars(config), "model": _small(config.model)})
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        model = for_use(SyncTalkFace(config))
        inputs = [torch.rand(1, 2, 3, 64, 128), torch.rand(1, 2, 8), torch.rand(1, 2, 8), torch.rand(1, 1, 3, 128, 128)]
    drawing = drawn(start(model, config, None, "onnx"), inputs)
    assert drawing.keep is None
    assert farthest(drawing, drawn(model, inputs)) < 1e-4


def _small(model: object) -> object:
    """The paper's model in few channels."""
    widths = {"audio_widths": (4, 4), "face_widths": (4,) * 7, "decoder_widths": (8,) * 7, "lip_widths": (4, 4)}
    return type(model)(**{**vars(model), "channels": 8, **widths})


def test_the_engine_hears_and_remembers_as_the_model_does(tiny: Used) -> None:
    made = start(tiny.model, tiny.config, tiny.folder, "onnx")
    chunk, starts = torch.rand(1, 80, 40), torch.tensor([[0, 5]])
    with torch.inference_mode():
        assert all(torch.equal(a, b) for a, b in zip(made.recall_lips(chunk, starts), _heard(tiny, chunk, starts)))  # noqa: B905
    assert made.memory is tiny.model.memory
    assert next(made.parameters()).device == CPU


def _heard(tiny: Used, chunk: Tensor, starts: Tensor) -> list[Tensor]:
    return [part for part in tiny.model.recall_lips(chunk, starts) if part is not None]


def test_8_bits_cost_the_shipped_weights_less_than_the_eye_sees(shipped: Used) -> None:
    """Measured as pixels, on faces that the calibration did not see: at least 45 dB to what torch draws."""
    from synctalkface.engines.samples import sample_inputs
    from synctalkface.models.decoder import render

    small = start(shipped.model, shipped.config, shipped.folder, "onnx", "int8")
    pose, audio, lips, *features = sample_inputs(shipped.model, shipped.config)[1]
    pose = (pose * 1.3).clamp(0, 1)[None, 3:7]
    face = torch.cat([pose[0, :1], pose[0, :1].flip(-2)], dim=-2)  # as good as any face to move pixels of
    references = face[None].expand(-1, shipped.config.model.references, -1, -1, -1)
    with torch.inference_mode():
        pictures = [
            render(model.draw(pose, features, audio[None, 3:7], lips[None, 3:7]), references)
            for model in (shipped.model, small)
        ]
    error = float((pictures[0] - pictures[1]).square().mean())
    assert 0 < error < 10**-4.5


@pytest.mark.parametrize(
    ("engine", "precision", "sentence"),
    [
        ("onxn", "auto", "no engine 'onxn'. Did you mean 'onnx'"),
        ("auto", "int4", "no precision 'int4'"),
        ("torch", "int8", "torch does not count in int8. Say --engine onnx or openvino"),
        ("onnx", "bf16", "onnx does not count in bf16. Say --engine torch or openvino"),
    ],
)
def test_what_cannot_be_is_said(engine: str, precision: str, sentence: str) -> None:
    with pytest.raises(ConfigError, match=sentence):
        check(engine, precision, CPU)


@pytest.mark.parametrize(("engine", "precision"), [("onnx", "auto"), ("auto", "int8")])
def test_networks_are_for_the_processor(engine: str, precision: str) -> None:
    with pytest.raises(ConfigError, match=r"is for the CPU\. Say --device cpu"):
        check(engine, precision, torch.device("cuda"))
    check("auto", "bf16", torch.device("cuda"))


def test_an_engine_that_is_not_installed_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runtime, "has_openvino", lambda: False)
    runtime.openvino_core.cache_clear()
    with pytest.raises(ConfigError, match=r"pip install 'synctalkface\[openvino\]'"):
        check("openvino", "auto", CPU)


def test_without_a_wish_nothing_is_quantized(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(choice, "has_openvino", lambda: False)
    monkeypatch.setattr(choice, "has_bf16", lambda: False)
    assert candidates("auto", "auto") == [("torch", "fp32"), ("onnx", "fp32")]
    assert candidates("auto", "int8") == [("onnx", "int8")]
    assert candidates("auto", "bf16") == [("torch", "bf16")]
    monkeypatch.setattr(choice, "has_openvino", lambda: True)
    assert candidates("auto", "auto")[2] == ("openvino", "fp32")
    monkeypatch.setattr(choice, "has_bf16", lambda: True)
    assert candidates("auto", "auto")[2] == ("openvino", "bf16")
    assert candidates("openvino", "fp32") == [("openvino", "fp32")]


def test_torch_stays_unless_another_is_clearly_quicker() -> None:
    torch_fp32, onnx, openvino = ("torch", "fp32"), ("onnx", "fp32"), ("openvino", "bf16")
    assert preferred({torch_fp32: 1.0, onnx: 0.95, openvino: 2.0}) == torch_fp32
    assert preferred({torch_fp32: 1.0, onnx: 0.8, openvino: 0.7}) == openvino
    assert preferred({onnx: 0.8, openvino: 0.78}) == openvino


def test_the_choice_is_measured_once(tiny: Used, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SYNCTALKFACE_CACHE", str(tmp_path))
    measured: list[str] = []

    def seconds(engine: Engine, *_: object) -> float:
        measured.append(engine.name)
        return 0.5 if engine.name == "onnx" else 1.0

    monkeypatch.setattr(choice, "_seconds", seconds)
    assert start(tiny.model, tiny.config).name == "onnx"
    assert measured[:2] == ["torch", "onnx"]
    measured.clear()
    assert start(tiny.model, tiny.config).name == "onnx"
    assert measured == []
    for kept in (tmp_path / "choices").iterdir():
        kept.write_bytes(b"nonsense")
    assert start(tiny.model, tiny.config).name == "onnx"
    assert measured[:2] == ["torch", "onnx"]


def test_measuring_takes_time_but_changes_nothing(tiny: Used) -> None:
    engine = start(tiny.model, tiny.config, None, "torch", "fp32")
    before = fingerprint(tiny.model)
    assert choice._seconds(engine, tiny.config) > 0
    assert fingerprint(tiny.model) == before


def test_other_weights_have_another_fingerprint(tiny: Used) -> None:
    other = for_use(hub.load_generator(tiny.folder))
    assert fingerprint(other) == fingerprint(tiny.model)
    with torch.no_grad():
        next(other.parameters()).view(-1)[0] += 1e-3
    assert fingerprint(other) != fingerprint(tiny.model)


@needs_openvino
def test_openvino_reports_to_nobody() -> None:
    """Its makers' package for that asks the network from a forked process, which kept a worker from ending."""
    code = (
        "import multiprocessing, sys; from synctalkface.engines.runtime import openvino_core; openvino_core();"
        "from openvino.tools.ovc import telemetry; assert 'stub' in type(telemetry).__module__, type(telemetry);"
        "assert not any(name.startswith('openvino_telemetry.') for name in sys.modules);"
        "assert not multiprocessing.active_children()"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=120)
