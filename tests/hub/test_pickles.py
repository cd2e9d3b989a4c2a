"""Weights that are pickles are refused, and never opened: to open one is to run what is in it."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import pytest

from synctalkface import hub
from tests.hub.test_weights_folder import refused


class Bomb:
    """Unpickling it leaves a mark."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> Any:
        return (Path.touch, (self.mark,))


@pytest.mark.parametrize("name", ["pytorch_model.bin", "generator.pt", "model.ckpt"])
def test_a_pickle_is_never_opened(tiny: Path, tmp_path: Path, name: str) -> None:
    mark = tmp_path / "exploded"
    (tiny / hub.GENERATOR).unlink()
    (tiny / name).write_bytes(pickle.dumps(Bomb(mark)))
    assert f"{name} is a pickle" in refused(tiny)
    assert not mark.exists()


def test_a_pickle_under_the_name_of_safetensors_is_refused(tiny: Path, tmp_path: Path) -> None:
    mark = tmp_path / "exploded"
    (tiny / hub.GENERATOR).write_bytes(pickle.dumps(Bomb(mark)))
    assert "generator.safetensors is damaged" in refused(tiny)
    assert not mark.exists()
