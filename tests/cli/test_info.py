"""`synctalkface info` says the sizes that the models really have."""

from __future__ import annotations

import json

import pytest

from synctalkface.cli.main import answer
from synctalkface.config import preset
from synctalkface.models.cost import cost


def test_json_has_the_cost_of_the_preset_that_was_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    assert answer(["info", "tiny", "--json"]) == 0
    facts = json.loads(capsys.readouterr().out)
    known = cost(preset("tiny"))
    assert facts["presets"] == {
        "tiny": {
            "parameters_training": known.parameters_training,
            "parameters_use": known.parameters_use,
            "gmac_frame": round(known.macs_frame / 1e9, 3),
        }
    }
    assert known.parameters_training > known.parameters_use > 0


def test_the_table_has_a_row_a_preset(capsys: pytest.CaptureFixture[str]) -> None:
    assert answer(["info"]) == 0
    out = capsys.readouterr().out
    assert all(name in out for name in ("paper", "base", "tiny"))


def test_an_unknown_preset_is_an_error_with_a_suggestion(capsys: pytest.CaptureFixture[str]) -> None:
    assert answer(["info", "papr"]) == 2
    assert "'paper'" in capsys.readouterr().err
