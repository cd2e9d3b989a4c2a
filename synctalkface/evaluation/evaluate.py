"""Score a model on a split of a prepared folder: every clip, then the means."""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch

from synctalkface import hub
from synctalkface.config import Config
from synctalkface.data.corpora import Split
from synctalkface.device import find_device
from synctalkface.evaluation import words
from synctalkface.evaluation.fid import Gallery
from synctalkface.evaluation.published import load_published
from synctalkface.evaluation.scores import DUBBED, FILMED, HELD, OTHER, SILENT, Row, Scorer, leak, mean, quiet, spoken
from synctalkface.evaluation.sync import Judge
from synctalkface.evaluation.take import Take, each, takes
from synctalkface.events import Listener, Progress, ignore
from synctalkface.models.generator import for_use
from synctalkface.person.judge import OwnJudge


@dataclass(frozen=True)
class Evaluation:
    """What was scored, and how well. `clips`: by clip and version; `means`: by version."""

    weights: str
    data: str
    split: str
    judge: str | None
    clips: dict[str, dict[str, Row]]
    means: dict[str, Row]
    silence_leak: float | None
    intelligibility: words.Intelligibility | None = None
    fid: float | None = None
    notes: list[str] = field(default_factory=list)

    def as_dict(self) -> dict[str, Any]:
        """The evaluation as plain JSON data."""
        return asdict(self)


def evaluate(
    data: Path,
    weights: str | Path | None = None,
    split: Split = "validation",
    *,
    published_syncnet: Path | None = None,
    word_times: Path | None = None,
    fid: bool = False,
    limit: int | None = None,
    device: str = "auto",
    listener: Listener = ignore,
) -> Evaluation:
    """Score the model in `weights` on the clips of `split` in the prepared folder `data`.

    `published_syncnet`: a safetensors file to judge sync with, instead of the expert beside the weights. `word_times`:
    a words.tsv (see evaluation.words), for the intelligibility of words. `fid` adds the Fréchet inception distance.
    Raises WeightsError or DataError, ConfigError if a package for an optional score is missing.
    """
    folder = hub.resolve(weights)
    config, where = hub.load_config(folder), find_device(device)
    model = for_use(hub.load_generator(folder)).to(where)
    judge = _judge(folder, config, where, published_syncnet)
    entries = takes(data, split, config, limit)
    gallery = Gallery() if fid else None
    reader = None if word_times is None else words.train_reader(data, config, word_times, listener)
    scorer, started = Scorer(judge), time.monotonic()
    scored: dict[str, dict[str, Row]] = {}
    before: Take | None = None
    for done, take in enumerate(each(data, entries, config), start=1):
        dubbed = spoken(model, take)
        rows = scorer.rows(take, dubbed, quiet(model, take))
        if before is not None:
            rows[OTHER] = scorer.control(take, before)
        for listening in (reader, gallery):
            if listening is not None:
                listening.add(take, dubbed)
        scored[take.name], before = rows, take
        left = (time.monotonic() - started) / done * (len(entries) - done)
        listener(Progress("score", done, len(entries), left))
    versions = (FILMED, DUBBED, HELD, SILENT, OTHER)
    means = {name: mean([rows[name] for rows in scored.values() if name in rows]) for name in versions}
    return Evaluation(
        weights=str(weights or "shipped"),
        data=str(data),
        split=split,
        judge=judge.name if judge else None,
        clips=scored,
        means=means,
        silence_leak=leak(means),
        intelligibility=reader.result() if reader else None,
        fid=gallery.distance() if gallery else None,
        notes=_notes(judge),
    )


def _judge(folder: Path, config: Config, where: torch.device, published: Path | None) -> Judge | None:
    if published is not None:
        return load_published(published)
    return OwnJudge(hub.load_syncnet(folder).to(where), config) if hub.holds(folder, hub.SYNCNET) else None


def _notes(judge: Judge | None) -> list[str]:
    notes = [
        "The references are those that a dub of each clip takes; all rows are cut out by the filmed face's box.",
        "PSNR is that of a clip's mean squared error, in float. 'Wrapped' subtracts and squares uint8 numbers, which "
        "lifts bad scores to about 28 dB: it is there only to stand beside numbers that were made that way.",
        "'Held' is the mouth of the closed reference in every frame, 'silent' what the model draws while nobody "
        "speaks, 'other speech' the filmed clip judged with the sound of another one: what LSE is where nothing fits.",
        "Offsets are frames by which the sound comes late; their mean is that of their size without the sign.",
    ]
    if judge is None:
        notes.append("No sync expert lies beside the weights: LSE and offset are left out.")
    elif isinstance(judge, OwnJudge):
        notes.append("LSE is measured with our own SyncNet: compare it with the filmed row, never with published ones.")
    return notes
