"""The paper's ablations, each a small difference to any configuration (paper, tables 2 and 4)."""

from __future__ import annotations

import difflib
from dataclasses import replace

from synctalkface.config import Config, override
from synctalkface.errors import ConfigError

ABLATIONS: dict[str, list[str]] = {
    "no-memory": ["memory.enabled=false"],  # the sound alone drives the decoder
    "audio-visual-only": ["losses.visual_visual=0"],
    "visual-visual-only": ["losses.audio_visual=0"],
    "slots-24": ["memory.slots=24"],
    "slots-48": ["memory.slots=48"],
    "slots-96": ["memory.slots=96"],
    "slots-120": ["memory.slots=120"],
}


def ablate(config: Config, name: str) -> Config:
    """`config` with the ablation called `name`, which its own name then tells. Raises ConfigError for another name."""
    if name not in ABLATIONS:
        near = difflib.get_close_matches(name, ABLATIONS, 1, 0.4)
        hint = f"Did you mean '{near[0]}'?" if near else f"There are: {', '.join(ABLATIONS)}."
        raise ConfigError(f"There is no ablation '{name}'. {hint}")
    return replace(override(config, ABLATIONS[name]), name=f"{config.name}, {name}")
