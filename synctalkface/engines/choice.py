"""Which engine draws, and in which numbers: what the user says, else what is quickest on this very machine."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Literal

import torch

from synctalkface.cache import Cache, key_of
from synctalkface.config import Config
from synctalkface.engines.graph import example
from synctalkface.engines.names import COUNTS, ENGINES, PRECISIONS, EngineName, Precision
from synctalkface.engines.network import Engine, NetworkEngine, TorchEngine
from synctalkface.engines.runtime import has_bf16, has_openvino, machine, on_onnxruntime, on_openvino, openvino_core
from synctalkface.engines.shelf import Shelf
from synctalkface.errors import ConfigError
from synctalkface.models.generator import SyncTalkFace
from synctalkface.strict import suggest

Pair = tuple[str, str]  # engine, precision

CHOICES = Cache("choices", 1 << 20)
GAIN = 0.9  # of torch's time: an engine must save at least a tenth to be preferred to it
FRAMES = 8
ROUNDS = 5


def start(
    model: SyncTalkFace,
    config: Config,
    folder: Path | None = None,
    engine: EngineName = "auto",
    precision: Precision = "auto",
) -> Engine:
    """`model` (as made by `for_use`, where it shall run) with its drawing done by `engine` in `precision`.

    `folder` is where its weights lie: networks that were exported there are used. Raises ConfigError if the engine does
    not exist, is not installed, or cannot count like that on the model's device.
    """
    device = next(model.parameters()).device
    check(engine, precision, device)
    if device.type != "cpu":
        return _on_accelerator(model, device, precision)
    pairs = candidates(engine, precision)
    shelf = Shelf(model, config, folder) if pairs != [("torch", "fp32")] else None
    if shelf is None or len(pairs) == 1:
        return _begin(pairs[0], model, shelf)
    return _quickest(pairs, model, config, shelf)


def check(engine: str, precision: str, device: torch.device) -> None:
    """ConfigError if `engine` cannot draw in `precision` on `device`."""
    if engine not in ENGINES:
        raise ConfigError(f"There is no engine '{engine}'.{suggest(engine, list(ENGINES))}")
    if precision not in PRECISIONS:
        raise ConfigError(f"There is no precision '{precision}'.{suggest(precision, list(PRECISIONS))}")
    if engine == "openvino":
        openvino_core()
    if device.type != "cpu" and (engine in ("onnx", "openvino") or precision == "int8"):
        what = f"engine {engine}" if engine in ("onnx", "openvino") else "precision int8"
        raise ConfigError(f"The {what} is for the CPU. Say --device cpu, or leave it out on '{device}'.")
    known = COUNTS.get(engine)
    if known and precision not in ("auto", *known):
        others = " or ".join(name for name, numbers in COUNTS.items() if precision in numbers)
        raise ConfigError(f"The engine {engine} does not count in {precision}. Say --engine {others}, or auto.")
    if engine == "openvino" and precision == "bf16" and not has_bf16():
        raise ConfigError("This processor does not count in bf16. Say --precision fp32 or int8.")


def candidates(engine: str, precision: str) -> list[Pair]:
    """The pairs that are worth a try on the CPU, torch first: installed, and as the user wants them.

    Without a wish for a precision nothing is quantized, and 16 bits are used where a processor has them for OpenVINO.
    """
    here = [name for name in COUNTS if name != "openvino" or has_openvino()]
    found = []
    for name in here if engine == "auto" else [engine]:
        plain = "bf16" if name == "openvino" and has_bf16() else "fp32"
        numbers = plain if precision == "auto" else precision
        if numbers in COUNTS[name] and (numbers != "bf16" or name != "openvino" or has_bf16()):
            found.append((name, numbers))
    return found


def preferred(seconds: dict[Pair, float]) -> Pair:
    """The quickest; torch, if it is among them and no other saves a tenth of its time."""
    best = min(seconds, key=seconds.__getitem__)
    plain = next((pair for pair in seconds if pair[0] == "torch"), best)
    return best if seconds[best] < GAIN * seconds[plain] else plain if plain[0] == "torch" else best


def _quickest(pairs: list[Pair], model: SyncTalkFace, config: Config, shelf: Shelf) -> Engine:
    """The engine that `preferred` names on this machine; measured once, for the weights, and remembered."""
    key = key_of(shelf.owner, machine(), json.dumps(pairs))
    known = _remembered(key, pairs)
    if known is not None:
        return _begin(known, model, shelf)
    started = {pair: _begin(pair, model, shelf) for pair in pairs}
    seconds = {pair: _seconds(engine, config) for pair, engine in started.items()}
    chosen = preferred(seconds)
    CHOICES.put(key, json.dumps({"chosen": chosen, "seconds": [[*p, s] for p, s in seconds.items()]}).encode())
    return started[chosen]


def _remembered(key: str, pairs: list[Pair]) -> Pair | None:
    data = CHOICES.get(key)
    chosen = None if data is None else tuple(json.loads(data)["chosen"])
    return next((pair for pair in pairs if pair == chosen), None)


def _seconds(engine: Engine, config: Config) -> float:
    """The least processor time a batch took: what it takes on a busy machine too, and the encoder wants the rest."""
    pose, audio, lips, *features = example(engine, config.face.size, FRAMES)
    times = []
    with torch.inference_mode():
        for _ in range(ROUNDS):
            begun = time.process_time()
            engine.draw(pose[None], features, audio[None], lips[None])
            times.append(time.process_time() - begun)
    return min(times[1:])  # the first also allocates


def _begin(pair: Pair, model: SyncTalkFace, shelf: Shelf | None) -> Engine:
    name, precision = pair
    if name == "torch" or shelf is None:
        return TorchEngine(model, precision, torch.bfloat16 if precision == "bf16" else None)
    numbers: Literal["fp32", "int8"] = "int8" if precision == "int8" else "fp32"
    if name == "onnx":
        return NetworkEngine(model, name, precision, on_onnxruntime(shelf.graph(numbers)))
    return NetworkEngine(model, name, precision, on_openvino(shelf.openvino(numbers), bf16=precision != "fp32"))


def _on_accelerator(model: SyncTalkFace, device: torch.device, precision: str) -> Engine:
    """Torch on a GPU: 16 bits where nothing else is asked for. Apple's GPUs stay in float32."""
    if precision == "fp32" or (device.type != "cuda" and precision == "auto"):
        return TorchEngine(model, "fp32")
    whole = device.type != "cuda" or torch.cuda.is_bf16_supported()
    return TorchEngine(model, "bf16" if whole else "fp16", torch.bfloat16 if whole else torch.float16)
