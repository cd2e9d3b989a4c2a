"""Who parts the lips wider is told lips that lie farther from rest; a model that does not ask is told nothing."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from synctalkface.config import Config
from tests.models.test_generator import NO_MEMORY, TINY, inputs, lived_in


@pytest.mark.parametrize("config", [TINY, NO_MEMORY], ids=["memory", "no memory"])
def test_who_parts_the_lips_twice_as_far_is_told_lips_twice_as_far_from_rest(config: Config) -> None:
    model, given = lived_in(config), inputs(config)
    with torch.no_grad():
        heard, rest = model.recall_lips(given["chunk"], given["starts"]), model.rest()
        wide = model.articulate(heard, rest, torch.tensor([1.0, 2.0]))
    torch.testing.assert_close(wide.lips[0], heard.lips[0])
    torch.testing.assert_close(wide.lips[1] - rest.lips[0], 2 * (heard.lips[1] - rest.lips[0]))
    assert wide.address is heard.address
    if config is TINY:
        assert torch.equal(wide.audio, heard.audio)


def test_training_shows_both_branches_as_wide_as_it_is_told() -> None:
    model, given = lived_in(TINY), inputs(TINY)
    with torch.no_grad():
        usual, told = model(**given), model(**given, articulation=torch.ones(2))
        wide = model(**given, articulation=torch.full((2,), 2.0))
    torch.testing.assert_close(told.from_sound, usual.from_sound)
    torch.testing.assert_close(told.from_lips, usual.from_lips)
    for one, other in ((wide.from_sound, usual.from_sound), (wide.from_lips, usual.from_lips)):
        assert not torch.allclose(one, other, atol=1e-4)


def test_the_paper_does_not_articulate() -> None:
    plain = replace(TINY, model=replace(TINY.model, articulated=False))
    model, given = lived_in(plain), inputs(plain)
    with torch.no_grad():
        heard = model.recall_lips(given["chunk"], given["starts"])
        assert model.articulate(heard, model.rest(), torch.tensor([2.0, 2.0])) is heard
        torch.testing.assert_close(
            model(**given, articulation=torch.full((2,), 2.0)).from_sound, model(**given).from_sound
        )
