"""Weights go to the Hub and come back the same."""

from __future__ import annotations

from pathlib import Path

import torch

from synctalkface import hub
from tests.hub.recording_hub import RecordingHub


def test_what_is_pushed_comes_back_bit_for_bit(tiny: Path, online: RecordingHub) -> None:
    url = hub.push_to_hub(tiny, "me/mine")
    assert "/me/mine/commit/" in url
    pulled = hub.resolve("me/mine")
    for load in (hub.load_generator, hub.load_syncnet):
        before, after = load(tiny).state_dict(), load(pulled).state_dict()
        assert all(torch.equal(before[key], after[key]) for key in before)
    assert hub.load_config(pulled) == hub.load_config(tiny)
