"""Reading words from lips: what is planted in the mouths is read, noise is not."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from synctalkface.errors import DataError
from synctalkface.evaluation.words import Intelligibility, WordReader, read_times


def test_planted_words_are_read_and_noise_is_chance() -> None:
    rng = np.random.default_rng(0)
    words = [f"w{index}" for index in range(5)]
    centres = rng.standard_normal((5, 200)).astype(np.float32)
    said = rng.integers(0, 5, 300)
    mouths = centres[said] + 1.5 * rng.standard_normal((300, 200)).astype(np.float32)
    reader = WordReader()
    reader.fit(mouths[:200], [words[index] for index in said[:200]])
    read = reader.read(mouths[200:])
    right = np.mean([word == words[index] for word, index in zip(read, said[200:], strict=True)])
    assert right > 0.9
    noise = rng.standard_normal((500, 200)).astype(np.float32)
    guessed = reader.read(noise)
    assert np.mean([word == words[index] for word, index in zip(guessed, rng.integers(0, 5, 500), strict=True)]) < 0.3


def test_a_table_of_words_is_read_by_clip(tmp_path: Path) -> None:
    path = tmp_path / "words.tsv"
    path.write_text("speaker\tclip\tstart_s\tend_s\tword\ns1\tbbaf2n\t0.95\t1.18\tbin\n", encoding="utf-8")
    assert read_times(path) == {"s1-bbaf2n": [(0.95, 1.18, "bin")]}
    path.write_text("a,b\n1,2\n", encoding="utf-8")
    with pytest.raises(DataError, match="columns speaker, clip"):
        read_times(path)


def test_the_score_is_a_sentence() -> None:
    score = Intelligibility(filmed=0.805, dubbed=0.4, chance=0.05, words=60)
    assert score.sentence() == ("Words read from the lips: 80.5 % filmed, 40.0 % dubbed, 5.0 % by chance (60 words).")
