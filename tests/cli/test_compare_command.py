"""`compare`: what the command line makes of how often to adapt."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from synctalkface.cli.main import answer
from synctalkface.evaluation.compare import Comparison
from synctalkface.training.adaptation import Recipe


def test_each_adaptation_draws_with_the_seed_it_is_given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Recipe] = []

    def stand_in(*_: object, adapter: Any, seeds: int, **__: object) -> Comparison:
        for seed in range(seeds):
            adapter(tmp_path, None, False, seed, tmp_path)
        return Comparison([], [], 0)

    monkeypatch.setattr("synctalkface.evaluation.compare.compare", stand_in)
    monkeypatch.setattr("synctalkface.training.half.adapt_to_half", lambda *_, recipe, **__: asked.append(recipe))
    assert answer(["compare", "--data", str(tmp_path), "--out", str(tmp_path), "--adapt", "--seeds", "2"]) == 0
    assert asked == [Recipe(seed=0), Recipe(seed=1)]


def test_seeds_without_adaptation_are_a_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert answer(["compare", "--data", str(tmp_path), "--out", str(tmp_path), "--seeds", "2"]) == 2
    assert "Add --adapt, or leave it away." in capsys.readouterr().err
