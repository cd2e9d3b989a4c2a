"""What the slots of the memory stand for: which of them the sound asks for at which phoneme, over many clips.

N frames, S slots, L labels (phonemes, or classes of mouths).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from synctalkface.audio import log_mel
from synctalkface.config import Config
from synctalkface.data import manifest, pack
from synctalkface.errors import ConfigError, DataError
from synctalkface.evaluation.phonemes import SILENCE, Aligner, Phone, dictionary, label_frames, mouth_class
from synctalkface.evaluation.words import Spoken, read_times
from synctalkface.events import Listener, Progress, ignore
from synctalkface.models.generator import SyncTalkFace
from synctalkface.person import Hearing

SHUFFLES = 100


@dataclass(frozen=True, eq=False)
class Heard:
    """The addresses of many frames, and what was said in each."""

    addresses: NDArray[np.float32]  # (N, S)
    phonemes: NDArray[np.str_]  # (N,)
    segments: NDArray[np.int64]  # (N,): frames of one spoken phoneme have one number
    clips: int

    @property
    def classes(self) -> NDArray[np.str_]:
        """(N,): what the eye sees of each phoneme."""
        return np.array([mouth_class(phoneme) for phoneme in self.phonemes])


@dataclass(frozen=True)
class Information:
    """How much a label tells about the slot that is read, in bits, beside what shuffled labels seem to tell."""

    bits: float
    shuffled_mean: float
    shuffled_most: float
    shuffles: int
    labels: int
    entropy: float  # of the labels: no slot can tell more

    def sentence(self, what: str) -> str:
        """The finding as a sentence."""
        verdict = "more than any" if self.bits > self.shuffled_most else "no more than some"
        return (
            f"Slot and {what} share {self.bits:.3f} bits of {self.entropy:.2f} ({self.labels} labels), {verdict} of "
            f"{self.shuffles} shuffles of the labels (mean {self.shuffled_mean:.3f}, most {self.shuffled_most:.3f})."
        )


def gather(
    model: SyncTalkFace,
    config: Config,
    data: Path,
    entries: list[manifest.Entry],
    word_times: Path,
    listener: Listener = ignore,
) -> tuple[Heard, dict[str, list[Phone]], dict[str, list[Spoken]]]:
    """Hear the clips of `entries` in the prepared folder `data`: addresses with labels, phones and words by clip.

    Raises DataError if the table names none of the clips, ConfigError if the model has no memory.
    """
    if model.memory is None:
        raise ConfigError("These weights have no memory, so there is no atlas of it. Choose other weights.")
    times = read_times(word_times)
    entries = [entry for entry in entries if entry.identifier in times]
    if not entries:
        raise DataError(f"{word_times} names no clip of this split. Give the table of the same corpus.")
    aligner = Aligner(dictionary(), config.audio.mel_rate)
    addresses, centres = {}, {}
    for done, entry in enumerate(entries, start=1):
        stored = pack.load(data / entry.file)
        mel = log_mel(stored.waveform, config.audio)
        aligner.add(entry.identifier, mel.numpy(), times[entry.identifier])
        centres[entry.identifier] = stored.centres + entry.correction
        found = Hearing(model, config, mel, raw=True).at(centres[entry.identifier]).address
        assert found is not None  # noqa: S101 (there is a memory)
        addresses[entry.identifier] = found[0].cpu().numpy()
        listener(Progress("hear", done, len(entries)))
    phones = aligner.phones()
    return _labelled(addresses, centres, phones), phones, times


def _labelled(
    addresses: dict[str, NDArray[np.float32]],
    centres: dict[str, NDArray[np.float64]],
    phones: dict[str, list[Phone]],
) -> Heard:
    rows, labels, segments, before = [], [], [], 0
    for clip, address in addresses.items():
        names, numbers = label_frames(phones[clip], centres[clip])
        known = numbers >= 0
        rows.append(address[known])
        labels += [name for name in names if name is not None]
        segments.append(numbers[known] + before)
        before += len(phones[clip])
    return Heard(np.concatenate(rows), np.array(labels), np.concatenate(segments), len(addresses))


def by_label(addresses: NDArray[np.float32], labels: NDArray[np.str_]) -> tuple[list[str], NDArray[np.float64]]:
    """The labels, and the mean address (L, S) of each."""
    names = sorted(set(labels.tolist()))
    return names, np.stack([addresses[labels == name].mean(0, dtype=np.float64) for name in names])


def mutual_information(addresses: NDArray[np.float32], labels: NDArray[np.str_]) -> float:
    """I(slot; label) in bits, where each frame reads slot s with the probability that its address (N, S) gives it."""
    _, index = np.unique(labels, return_inverse=True)
    counts = np.bincount(index)
    sums = np.zeros((len(counts), addresses.shape[1]))
    np.add.at(sums, index, addresses)
    given = sums / counts[:, None]  # p(slot | label)
    overall = sums.sum(0) / len(labels)
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = np.where(given > 0, given * np.log2(given / overall), 0)
    return float((counts / len(labels) * ratio.sum(1)).sum())


def information(
    addresses: NDArray[np.float32],
    labels: NDArray[np.str_],
    segments: NDArray[np.int64],
    shuffles: int = SHUFFLES,
    seed: int = 0,
) -> Information:
    """The mutual information, and that of labels dealt anew to whole segments, so that what lasts still lasts."""
    rng = np.random.default_rng(seed)
    _, first, inverse = np.unique(segments, return_index=True, return_inverse=True)
    chance = [mutual_information(addresses, rng.permutation(labels[first])[inverse]) for _ in range(shuffles)]
    _, counts = np.unique(labels, return_counts=True)
    share = counts / counts.sum()
    return Information(
        bits=mutual_information(addresses, labels),
        shuffled_mean=float(np.mean(chance)),
        shuffled_most=float(np.max(chance)),
        shuffles=shuffles,
        labels=len(counts),
        entropy=float(-(share * np.log2(share)).sum()),
    )


def spoken_only(heard: Heard) -> Heard:
    """Without the frames of silence, which a memory tells apart most easily."""
    kept = heard.phonemes != SILENCE
    return Heard(heard.addresses[kept], heard.phonemes[kept], heard.segments[kept], heard.clips)


def lift(
    names: Sequence[str], means: NDArray[np.float64], overall: NDArray[np.float64]
) -> list[list[tuple[str, float]]]:
    """For each slot the labels that ask for it most, and how many times more than the average frame does."""
    times = means / np.maximum(overall, 1e-9)
    order = np.argsort(-times, axis=0)
    return [[(names[i], float(times[i, slot])) for i in order[:3, slot]] for slot in range(means.shape[1])]
