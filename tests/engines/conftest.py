"""A model in use, and inputs like those of a dub."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import pytest
import torch
from torch import Tensor

from synctalkface import hub
from synctalkface.config import Config
from synctalkface.models.generator import SyncTalkFace, for_use

torch.set_num_threads(1)


class Used(NamedTuple):
    """A model as it is in use, and the folder of its weights."""

    model: SyncTalkFace
    config: Config
    folder: Path


@pytest.fixture(scope="session")
def tiny(tiny_weights: Path) -> Used:
    return Used(for_use(hub.load_generator(tiny_weights)), hub.load_config(tiny_weights), tiny_weights)


@pytest.fixture(scope="session")
def shipped() -> Used:
    folder = hub.shipped()
    return Used(for_use(hub.load_generator(folder)), hub.load_config(folder), folder)


@pytest.fixture
def asked() -> list[Tensor]:
    """pose (1, 3, 3, 64, 128), audio and lips (1, 3, 16), references (1, 2, 3, 128, 128) for the preset tiny."""
    made = torch.Generator().manual_seed(1)
    shapes = [(1, 3, 3, 64, 128), (1, 3, 16), (1, 3, 16), (1, 2, 3, 128, 128)]
    return [torch.rand(shape, generator=made) for shape in shapes]
