"""The paper's ablations, each a small difference to any configuration (paper, tables 2 and 4), and runs to compare."""

from __future__ import annotations

import difflib
from dataclasses import replace
from typing import Any

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
PAPER = "paper-choices"  # not the paper's: its method at the widths of another configuration
_LENGTH = (
    *("steps", "windows", "frames", "accumulate", "learning_rate", "final_learning_rate", "warmup"),
    *("discriminator_rate", "betas", "ema", "clip_norm", "evaluate_every", "save_every", "seed"),
)


def ablate(config: Config, name: str) -> Config:
    """`config` with the ablation called `name`, which its own name then tells. Raises ConfigError for another name."""
    names = [*ABLATIONS, PAPER]
    if name not in names:
        near = difflib.get_close_matches(name, names, 1, 0.4)
        hint = f"Did you mean '{near[0]}'?" if near else f"There are: {', '.join(names)}."
        raise ConfigError(f"There is no ablation '{name}'. {hint}")
    changed = _paper_choices(config) if name == PAPER else override(config, ABLATIONS[name])
    return replace(changed, name=f"{config.name}, {name}")


def shortened(config: Config, steps: int) -> Config:
    """`config` with a run of `steps` steps, into which the whole schedule is squeezed: runs of one length compare."""
    plan = config.training

    starts = ("warmup", "augment_full", *(name for name in vars(plan) if name.endswith("_from")))
    squeezed: dict[str, Any] = {name: round(getattr(plan, name) * steps / plan.steps) for name in starts}
    return replace(config, training=replace(plan, steps=steps, **squeezed))


def _paper_choices(config: Config) -> Config:
    """The paper's head, sound encoder, losses and want of augmentation, in a network and a run as long as `config`'s.

    The paper's own network at 128 px takes ten times as long on a CPU, so that as many steps of it cannot be afforded.
    """
    paper = Config()
    sound = {name: getattr(paper.model, name) for name in vars(paper.model) if name.startswith("audio_")}
    length: dict[str, Any] = {name: getattr(config.training, name) for name in _LENGTH}
    kept = {name: getattr(paper.model, name) for name in ("head", "articulated", "references")}
    model, memory = replace(config.model, **kept, **sound), replace(config.memory, emphasis=paper.memory.emphasis)
    return replace(config, model=model, memory=memory, losses=paper.losses, training=replace(paper.training, **length))
