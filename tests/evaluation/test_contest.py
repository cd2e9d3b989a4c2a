"""What has been measured stays true only for weights that draw the same pictures."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from synctalkface import hub
from synctalkface.config import preset
from synctalkface.evaluation import contest
from synctalkface.models.generator import SyncTalkFace


@pytest.mark.parametrize(("head", "again"), [("move", True), ("paint", False)])
def test_another_way_to_move_pixels_counts_for_weights_that_move_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, head: str, again: bool
) -> None:
    tiny = preset("tiny")
    config = replace(tiny, model=replace(tiny.model, head=head))
    hub.save_module(SyncTalkFace(config), config, tmp_path, hub.GENERATOR)
    before = contest.fingerprint(tmp_path)
    assert contest.fingerprint(tmp_path) == before
    monkeypatch.setattr(contest, "FLOW", "otherwise")
    assert (contest.fingerprint(tmp_path) != before) is again


def test_scores_of_parts_have_rules_of_their_own() -> None:
    assert contest.rules("whole") == str(contest.RULES)
    assert contest.rules("halves") == contest.rules("second-half") != contest.rules("whole")
