"""Pairs are what an editor would expect, and nobody is left out without a reason."""

from __future__ import annotations

from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from plugin.core.pairs import Pairing, pair
from plugin.core.strips import Strip


def strip(name: str, kind: str, left: int, right: int, **changes: object) -> Strip:
    facts: dict[str, object] = {"path": f"/{name}", "rate": 25.0, "channel": 1, **changes}
    length = right - left
    return Strip(name, kind, left=left, right=right, content_start=left, content_length=length, **facts)  # type: ignore[arg-type]


def paired(*strips: Strip, missing: str = "") -> Pairing:
    return pair(list(strips), Fraction(25), lambda path: path != missing)


def names(found: Pairing) -> list[tuple[str, str]]:
    return [(each.picture.name, each.sound.name) for each in found.pairs]


def test_one_sound_serves_many_pictures() -> None:
    found = paired(strip("a", "MOVIE", 0, 10), strip("b", "MOVIE", 10, 20), strip("s", "SOUND", 5, 15))
    assert names(found) == [("a", "s"), ("b", "s")]
    assert [(each.begin, each.end) for each in found.pairs] == [(5, 10), (10, 15)]
    assert found.refusals == ()


def test_as_many_sounds_as_pictures_are_paired_by_the_largest_overlap() -> None:
    found = paired(
        strip("a", "MOVIE", 0, 10),
        strip("b", "MOVIE", 10, 20),
        strip("s", "SOUND", 0, 12),
        strip("t", "SOUND", 8, 20),
    )
    assert names(found) == [("a", "s"), ("b", "t")]


def test_every_refusal_has_its_reason() -> None:
    found = paired(
        strip("gone", "MOVIE", 0, 10),
        strip("unread", "MOVIE", 0, 10, rate=0.0),
        strip("glow", "GLOW", 0, 10),
        strip("packed", "SOUND", 0, 10, path=""),
        strip("far", "MOVIE", 50, 60),
        strip("s", "SOUND", 0, 10),
        missing="/gone",
    )
    reasons = {each.name: each.reason for each in found.refusals}
    assert set(reasons) == {"gone", "unread", "glow", "packed", "far", "s"}
    assert "missing" in reasons["gone"]
    assert "cannot read" in reasons["unread"]
    assert all(reason.endswith(".") for reason in reasons.values())
    assert found.pairs == ()


def test_an_incomplete_selection_is_told_what_it_lacks() -> None:
    assert "video" in paired(strip("s", "SOUND", 0, 10)).refusals[0].reason
    assert "sound" in paired(strip("a", "MOVIE", 0, 10)).refusals[0].reason
    assert len(paired().refusals) == 2


def test_what_must_be_rendered_is_known_beforehand() -> None:
    sound = strip("s", "SOUND", 0, 10, odd=("its speed is changed",))
    [each] = paired(strip("a", "MOVIE", 0, 10), sound).pairs
    assert each.render == "its speed is changed"
    [each] = paired(strip("a", "MOVIE", 0, 10, rate=24.0), strip("s", "SOUND", 0, 10)).pairs
    assert each.render is not None


@given(st.lists(st.tuples(st.sampled_from(["MOVIE", "SOUND"]), st.integers(0, 30), st.integers(1, 20)), max_size=8))
def test_every_strip_is_paired_or_refused_and_pairs_do_overlap(facts: list[tuple[str, int, int]]) -> None:
    strips = [strip(f"{n}", kind, left, left + length) for n, (kind, left, length) in enumerate(facts)]
    found = paired(*strips)
    assert all(each.length > 0 for each in found.pairs)
    seen = {name for each in found.pairs for name in (each.picture.name, each.sound.name)}
    seen |= {each.name for each in found.refusals}
    kinds = {each.kind for each in strips}
    if kinds == {"MOVIE", "SOUND"}:
        assert seen == {each.name for each in strips}
    assert len({each.picture.name for each in found.pairs}) == len(found.pairs)
