"""Weights that learnt to move the pixels of one reference, as the beginning of a model that is lent several.

What is new starts silent: the encoder does not look at the further references yet, their pixels are not moved, and the
drawing gives them a small share, so that the first picture is nearly what it was and everything new has a gradient.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import torch
from torch import Tensor

from synctalkface import hub
from synctalkface.config import Config
from synctalkface.models.decoder import parts

SHY = -1.0  # logit of a further reference's share; a painted pixel has 0
_HEAD = "decoder.head."


def trained(folder: Path, config: Config) -> dict[str, Tensor]:
    """The generator's tensors in `folder`, for a model as `config` has it, which may have more references.

    The memory's emphasis, which training does not know, and whether the model was articulated, which can be learnt
    anew, may differ. Raises WeightsError if anything else does.
    """
    known = hub.load_config(folder)
    before = known.model.references
    lent = min(before, config.model.references)
    narrow = replace(
        config,
        model=replace(config.model, references=lent, articulated=known.model.articulated),
        memory=replace(config.memory, emphasis=known.memory.emphasis),
    )
    hub.require_same(narrow, folder, ("audio", "face", "memory", "model"))
    state: dict[str, Tensor] = hub.load_generator(folder).state_dict()
    return widened(state, before, config) if before < config.model.references else state


def widened(state: dict[str, Tensor], before: int, config: Config) -> dict[str, Tensor]:
    """`state` of a model that is lent `before` references, for one that is lent `config.model.references`."""
    more, found = config.model.references - before, dict(state)
    first = _first_convolution(config)
    known = state[first]
    new = known.new_zeros(known.shape[0], known.shape[1] // _shares(config, before) * more, *known.shape[2:])
    found[first] = torch.cat([known, new], dim=1)
    if config.model.head == "move":
        for name, filling in (("weight", 0.0), ("bias", SHY)):
            flow, keep, paint = parts(state[_HEAD + name], before, dim=0)
            still = torch.cat([torch.zeros_like(flow[: len(flow) // before])] * more)
            shy = torch.cat([torch.full_like(keep[: len(keep) // before], filling)] * more)
            found[_HEAD + name] = torch.cat([flow, still, keep, shy, paint])
    return found


def _first_convolution(config: Config) -> str:
    """The tensor whose inputs are the references."""
    stages = "stages" if config.model.face_encoder == "joint" else "reference"
    return f"face_encoder.{stages}.0.0.conv.weight"


def _shares(config: Config, references: int) -> int:
    """How many equal parts the inputs of that tensor have: the joint encoder's first is the target itself."""
    return references + (config.model.face_encoder == "joint")
