"""Can words be read from the lips? A small classifier, trained on filmed mouths, reads filmed and dubbed clips.

Peers hide this score. The classifier is plain on purpose: the mouth of each word, in grey, brought to six moments, then
principal components and a linear discriminant (Fisher) over the words. N words, D numbers of one, W different words.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from synctalkface.config import Config
from synctalkface.errors import DataError
from synctalkface.evaluation.take import Take, each, takes
from synctalkface.events import Listener, Progress, ignore

MOMENTS = 6  # of a word
AROUND = 0.06  # s before and after a word that are looked at: lips move ahead of the sound
MOUTH = (24, 16)  # px: width and height a mouth is brought to
COMPONENTS = 120
SHRINKAGE = 0.1  # of the covariance toward a sphere
CLIPS = 400  # clips that the classifier is trained on
SILENCES = {"sil", "sp"}


class Spoken(NamedTuple):
    """One word of a clip, in seconds."""

    start: float
    end: float
    word: str


@dataclass(frozen=True)
class Intelligibility:
    """Shares of words that were read right."""

    filmed: float
    dubbed: float
    chance: float  # of always saying the most frequent word
    words: int  # read in each version

    def sentence(self) -> str:
        """The score as a sentence."""
        return (
            f"Words read from the lips: {100 * self.filmed:.1f} % filmed, {100 * self.dubbed:.1f} % dubbed, "
            f"{100 * self.chance:.1f} % by chance ({self.words} words)."
        )


def read_times(path: Path) -> dict[str, list[Spoken]]:
    """Who says which word when: speaker-clip -> words, from a table speaker, clip, start_s, end_s, word with tabs.

    Raises DataError.
    """
    found: dict[str, list[Spoken]] = {}
    try:
        with path.open(encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file, delimiter="\t"):
                spoken = Spoken(float(row["start_s"]), float(row["end_s"]), row["word"])
                found.setdefault(f"{row['speaker']}-{row['clip']}", []).append(spoken)
    except (OSError, KeyError, TypeError, ValueError, UnicodeDecodeError) as error:
        raise DataError(
            f"{path} is no table of words ({error}). It needs the columns speaker, clip, start_s, end_s, word and tabs."
        ) from None
    return found


class WordReader:
    """Reads words from mouths. Trained by `fit`."""

    def __init__(self) -> None:
        self.words: list[str] = []
        self._mean = self._axes = self._weights = self._bias = np.empty(0)

    def fit(self, mouths: NDArray[np.float32], words: list[str]) -> None:
        """Learn from mouths (N, D) what each of `words` (N) looks like."""
        self.words = sorted(set(words))
        label = np.array([self.words.index(word) for word in words])
        self._mean = mouths.mean(0)
        _, _, axes = np.linalg.svd(mouths - self._mean, full_matrices=False)
        self._axes = axes[: min(COMPONENTS, len(mouths) // 4 + 1)].T  # (D, K)
        points = (mouths - self._mean) @ self._axes
        centres = np.stack([points[label == index].mean(0) for index in range(len(self.words))])  # (W, K)
        inner = points - centres[label]
        spread = inner.T @ inner / len(points)
        sphere = np.eye(len(spread)) * np.trace(spread) / len(spread)
        precision = np.linalg.inv((1 - SHRINKAGE) * spread + SHRINKAGE * sphere)
        self._weights = precision @ centres.T  # (K, W)
        self._bias = -0.5 * np.einsum("wk,kw->w", centres, self._weights)

    def read(self, mouths: NDArray[np.float32]) -> list[str]:
        """The word that each of the mouths (N, D) says most likely."""
        scores = (mouths - self._mean) @ self._axes @ self._weights + self._bias
        return [self.words[index] for index in scores.argmax(1)]


class Reading:
    """A trained reader at work on filmed and dubbed clips; it keeps the count."""

    def __init__(self, reader: WordReader, times: dict[str, list[Spoken]]) -> None:
        self._reader, self._times = reader, times
        self._said: list[str] = []
        self._filmed: list[str] = []
        self._dubbed: list[str] = []

    def add(self, take: Take, dubbed: NDArray[np.uint8]) -> None:
        """Read a clip as it was filmed and as it was `dubbed` (F, P, P, 3)."""
        spoken = [word for word in self._times.get(take.name, []) if word.word in self._reader.words]
        if spoken:
            self._said += [word.word for word in spoken]
            self._filmed += self._reader.read(mouths_of(take, take.stored, spoken))
            self._dubbed += self._reader.read(mouths_of(take, dubbed, spoken))

    def result(self) -> Intelligibility | None:
        """The shares so far; None if no word was read."""
        if not self._said:
            return None
        said = np.array(self._said)
        _, counts = np.unique(said, return_counts=True)
        return Intelligibility(
            filmed=float((np.array(self._filmed) == said).mean()),
            dubbed=float((np.array(self._dubbed) == said).mean()),
            chance=float(counts.max() / len(said)),
            words=len(said),
        )


def train_reader(data: Path, config: Config, times: Path, listener: Listener = ignore, clips: int = CLIPS) -> Reading:
    """A reader trained on filmed mouths of the split "train" of the prepared folder `data`. Raises DataError."""
    spoken = read_times(times)
    entries = [entry for entry in takes(data, "train", config, None) if entry.identifier in spoken]
    if len(entries) > clips:
        entries = [entries[i] for i in np.linspace(0, len(entries) - 1, clips).round().astype(int)]
    mouths, words = [], []
    for done, take in enumerate(each(data, entries, config), start=1):
        said = [word for word in spoken[take.name] if word.word not in SILENCES]
        mouths.append(mouths_of(take, take.stored, said))
        words += [word.word for word in said]
        listener(Progress("learn to read lips", done, len(entries)))
    if not words:
        raise DataError(f"{times} names no clip of the split 'train' in {data}. Give the table of the same corpus.")
    reader = WordReader()
    reader.fit(np.concatenate(mouths), words)
    return Reading(reader, spoken)


def mouths_of(take: Take, crops: NDArray[np.uint8], spoken: list[Spoken]) -> NDArray[np.float32]:
    """What the mouth in `crops` (F, P, P, 3) does during each of the words: (N, D), light and contrast taken out."""
    inner = take.inner(crops)
    size = inner.shape[1]
    window = inner[:, size // 2 :, size // 6 : size - size // 6]
    grey = np.stack([cv2.resize(frame.mean(-1), MOUTH, interpolation=cv2.INTER_AREA) for frame in window])
    grey = (grey - grey.mean()) / (grey.std() + 1e-6)
    rows = []
    for word in spoken:
        moments = np.linspace(word.start - AROUND, word.end + AROUND, MOMENTS)
        place = np.interp(moments, take.clip.centres, np.arange(len(grey)))
        before = np.floor(place).astype(int)
        after = np.minimum(before + 1, len(grey) - 1)
        share = (place - before)[:, None, None]
        rows.append(((1 - share) * grey[before] + share * grey[after]).ravel())
    return np.asarray(rows, dtype=np.float32)
