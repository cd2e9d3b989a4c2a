"""The faster number format is measured, and the measurement leaves no trace in the run."""

from __future__ import annotations

import pytest
import torch

from synctalkface.training import precision
from synctalkface.training.precision import autocast, fastest


def test_the_faster_of_two_formats_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    seconds = {"fp32": 2.0, "bf16": 1.0}
    monkeypatch.setattr(precision, "_seconds", lambda net, batch, kind: seconds[kind])
    assert fastest(torch.device("cpu")) == "bf16"
    seconds["bf16"] = 3.0
    assert fastest(torch.device("cpu")) == "fp32"


def test_measuring_does_not_touch_the_random_numbers_of_the_run() -> None:
    torch.manual_seed(5)
    wanted = torch.rand(3)
    torch.manual_seed(5)
    assert fastest(torch.device("cpu"), rounds=1) in ("fp32", "bf16")
    assert torch.equal(torch.rand(3), wanted)


def test_forward_passes_run_in_the_format_that_was_chosen() -> None:
    layer, x = torch.nn.Linear(4, 4), torch.ones(1, 4)
    for kind, dtype in (("fp32", torch.float32), ("bf16", torch.bfloat16)):
        with autocast(kind, torch.device("cpu")):  # type: ignore[arg-type]
            assert layer(x).dtype == dtype
