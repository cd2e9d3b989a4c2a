"""Every number of the method: settings, presets of them, and both as text."""

from __future__ import annotations

from synctalkface.config.presets import PRESETS, preset
from synctalkface.config.settings import (
    AudioConfig,
    Config,
    DiscriminatorConfig,
    FaceConfig,
    LossWeights,
    MemoryConfig,
    ModelConfig,
    SyncNetConfig,
    SyncNetTraining,
    TrainingConfig,
)
from synctalkface.config.text import FORMAT_VERSION, from_dict, from_json, override, to_dict, to_json

__all__ = [
    "FORMAT_VERSION",
    "PRESETS",
    "AudioConfig",
    "Config",
    "DiscriminatorConfig",
    "FaceConfig",
    "LossWeights",
    "MemoryConfig",
    "ModelConfig",
    "SyncNetConfig",
    "SyncNetTraining",
    "TrainingConfig",
    "from_dict",
    "from_json",
    "override",
    "preset",
    "to_dict",
    "to_json",
]
