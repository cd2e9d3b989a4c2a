"""The claims: planted tables in which each holds, does not hold, or cannot be told."""

from __future__ import annotations

from dataclasses import fields, replace

import pytest

from synctalkface.evaluation.claims import TEST, VALIDATION, Claim, check
from synctalkface.evaluation.contest import BASE, COPY, NO_MEMORY, SHORT, TRUTH
from synctalkface.evaluation.results import Line

EMPTY = Line(**{field.name: None for field in fields(Line)})  # type: ignore[arg-type]


def line(name: str, model: str, **scores: object) -> Line:
    clips = {"a": {"lmd": 0.0, "lse_d": 0.0, "lse_c": 0.0}, **scores.pop("by_clip", {})}  # type: ignore[dict-item]
    return replace(EMPTY, set=name, model=model, part="whole", by_clip=clips, **scores)  # type: ignore[arg-type]


def found(what: str, *lines: Line) -> Claim:
    [claim] = [claim for claim in check(lines) if what in claim.claim]
    return claim


def test_of_an_empty_table_nothing_can_be_told() -> None:
    claims = check([])
    assert {claim.holds for claim in claims} == {None}
    assert len({claim.claim for claim in claims}) == len(claims)


@pytest.mark.parametrize(
    ("lmd", "lse_d", "lse_c", "holds"),
    [(0.5, 0.9, 0.2, True), (1.1, 0.9, 0.2, False), (0.5, 1.3, 0.2, False), (0.5, 0.9, 0.0, False)],
)
def test_copying_must_be_beaten_in_each_score_on_each_clip(lmd: float, lse_d: float, lse_c: float, holds: bool) -> None:
    copy = {"a": {"lmd": 1.0, "lse_d": 1.2, "lse_c": 0.01}, "b": {"lmd": 1.0, "lse_d": 1.2, "lse_c": 0.01}}
    base = {"a": {"lmd": 0.4, "lse_d": 1.0, "lse_c": 0.1}, "b": {"lmd": lmd, "lse_d": lse_d, "lse_c": lse_c}}
    claim = found("base beats copy-reference", line(TEST, COPY, by_clip=copy), line(TEST, BASE, by_clip=base))
    assert claim.holds is holds
    assert ("(not b)" in claim.numbers) is not holds


@pytest.mark.parametrize(
    ("psnr", "lmd", "holds"), [(30.5, 1.0, True), (30.4, 0.95, False), (30.0, 0.9, True), (29.0, 0.8, True)]
)
def test_half_a_decibel_or_a_tenth_of_lmd_is_enough_against_no_memory(psnr: float, lmd: float, holds: bool) -> None:
    without = line(TEST, NO_MEMORY, psnr=30.0, lmd=1.0, steps=1000)
    assert found("shipped weights beat", without, line(TEST, BASE, psnr=psnr, lmd=lmd, steps=7000)).holds is holds
    assert found("at equal steps", without, line(TEST, SHORT, psnr=psnr, lmd=lmd, steps=1000)).holds is holds
    assert found("at equal steps", without, line(TEST, BASE, psnr=psnr, lmd=lmd, steps=1000)).holds is holds
    assert found("at equal steps", without, line(TEST, BASE, psnr=psnr, lmd=lmd, steps=7000)).holds is None


@pytest.mark.parametrize(("lse_c", "holds"), [(0.95, True), (1.09, True), (0.85, False), (1.12, False)])
def test_sync_is_as_sure_as_that_of_the_filmed_clips(lse_c: float, holds: bool) -> None:
    claim = found("LSE-C of the dubbed", line(VALIDATION, TRUTH, lse_c=1.0), line(VALIDATION, BASE, lse_c=lse_c))
    assert claim.holds is holds


def test_shares_and_slots_have_their_thresholds() -> None:
    filmed = line(VALIDATION, TRUTH, within_one=1.0)
    scores = {"lmd": 0.2, "wrong_lmd": 0.4, "slots_of": 96}
    good = line(VALIDATION, BASE, within_one=0.95, separated=0.95, slots=48.1, **scores)
    bad = line(VALIDATION, BASE, within_one=0.94, separated=0.94, slots=48.0, **scores)
    for what in ("offset of the dubbed", "wrong speech on validation", "half of the slots"):
        assert found(what, filmed, good).holds is True
        assert found(what, filmed, bad).holds is False
