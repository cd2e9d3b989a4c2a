"""Score one clip as several models draw it, here or in processes of their own.

F frames, P side of a stored crop with its margin, S slots.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from synctalkface import hub
from synctalkface.audio import log_mel
from synctalkface.config import Config
from synctalkface.data import manifest, pack
from synctalkface.data.redraw import redraw
from synctalkface.evaluation.contest import COPY, TRUTH, Contestant, Part, refuse_other_faces, span, taught
from synctalkface.evaluation.scores import Row, Sitting, mean
from synctalkface.evaluation.take import Take
from synctalkface.faces.lip_reader import LipReader
from synctalkface.models.generator import SyncTalkFace, for_use
from synctalkface.person.judge import OwnJudge

KEPT = 6  # models held in memory


@dataclass(frozen=True)
class Marks:
    """What one contestant reached on one clip."""

    own: Row  # drawn to the clip's own speech
    wrong: Row | None = None  # drawn to another clip's speech, and scored as if it were the clip's own
    address: list[float] | None = None  # (S,) mean over the frames: which slots were read

    def as_dict(self) -> dict[str, Any]:
        """As plain JSON data."""
        return asdict(self)

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Marks:
        """The inverse of `as_dict`."""
        wrong = data["wrong"]
        return cls(Row(**data["own"]), None if wrong is None else Row(**wrong), data["address"])

    @classmethod
    def mean(cls, parts: list[Marks]) -> Marks:
        """Of the parts of one clip, equal in length."""
        if len(parts) == 1:
            return parts[0]
        wrong, addresses = [m.wrong for m in parts if m.wrong], [m.address for m in parts if m.address]
        address = np.mean(addresses, axis=0).tolist() if addresses else None
        return cls(mean([m.own for m in parts]), mean(wrong) if wrong else None, address)


class Job(NamedTuple):
    """One clip, and who is to be scored on it."""

    data: Path
    entry: manifest.Entry
    other: manifest.Entry  # whose speech is the wrong one
    contestants: list[Contestant]
    keys: list[str]  # under which the scores are noted


class Bench:
    """Models and the judge, kept between clips. `judge` is the folder of the sync expert that judges everybody."""

    def __init__(self, judge: Path, device: torch.device) -> None:
        self.config = hub.load_config(judge)
        self._judge = OwnJudge(hub.load_syncnet(judge).to(device), self.config)
        self._reader, self._device = LipReader(), device
        self._models: dict[Path, tuple[SyncTalkFace, Config]] = {}

    def score(self, job: Job) -> list[Marks]:
        """The marks of each of the job's contestants."""
        stored = pack.load(job.data / job.entry.file)
        take = Take(stored, job.entry, self.config, self.config.face.size)
        drawing = any(contestant.folder for contestant in job.contestants)
        wrong = pack.load(job.data / job.other.file).waveform if drawing else None
        sittings: dict[Part, Sitting] = {}
        found = []
        for contestant in job.contestants:
            shown = span(contestant.part, len(stored.crops))
            if contestant.part not in sittings:
                sittings[contestant.part] = Sitting(take.part(shown), self._judge, self._reader)
            sitting = sittings[contestant.part]
            if contestant.folder is not None and wrong is not None:
                found.append(self._drawn(contestant.folder, stored, job.entry, wrong, sitting, contestant.part))
            elif contestant.model == TRUTH:
                found.append(Marks(sitting.row(sitting.take.stored)))
            elif contestant.model == COPY:
                found.append(Marks(sitting.row(take.held()[shown])))
        return found

    def _drawn(
        self,
        folder: Path,
        stored: pack.Pack,
        entry: manifest.Entry,
        wrong: NDArray[np.float32],
        sitting: Sitting,
        part: Part,
    ) -> Marks:
        model, config = self._model(folder)
        take = Take(stored, entry, config, config.face.size)
        shown, rest = span(part, len(stored.crops)), taught(part, len(stored.crops))
        seen = take.clip.part(rest.start, rest.stop)
        lent, wide = take.clips.faces(seen)[list(seen.references())], seen.articulation()
        own = redraw(model, take.clips, take.clip, None, lent, wide)
        other = redraw(model, take.clips, take.clip, log_mel(wrong, config.audio).numpy(), lent, wide)
        address = None if own.address is None else own.address[shown].mean(0).tolist()
        crops = [take.with_mouths(drawn.picture)[shown] for drawn in (own, other)]
        if part != "whole":  # what adaptation changes is looked at in a dub
            crops = [sitting.take.as_dubbed(one) for one in crops]
        rows = [sitting.row(one) for one in crops]
        return Marks(rows[0], rows[1], address and [round(share, 6) for share in address])

    def _model(self, folder: Path) -> tuple[SyncTalkFace, Config]:
        if folder not in self._models:
            config = hub.load_config(folder)
            refuse_other_faces(config, folder, self.config)
            if len(self._models) >= KEPT:
                self._models.pop(next(iter(self._models)))
            self._models[folder] = for_use(hub.load_generator(folder)).to(self._device), config
        return self._models[folder]


def score_all(jobs: list[Job], judge: Path, device: torch.device, workers: int = 1) -> Iterator[list[Marks]]:
    """The marks of each job, in their order; with several `workers` in as many processes."""
    if workers <= 1:
        bench = Bench(judge, device)
        yield from map(bench.score, jobs)
        return
    threads = max(1, (os.cpu_count() or 1) // workers)
    pool = ProcessPoolExecutor(workers, get_context("spawn"), _set_up, (judge, str(device), threads))
    try:
        yield from pool.map(_score, jobs)
    finally:
        pool.shutdown(cancel_futures=True)  # whoever stops it does not wait for all the clips


_benches: list[Bench] = []  # of this process: the one that _set_up has made


def _set_up(judge: Path, device: str, threads: int) -> None:
    torch.set_num_threads(threads)
    _benches.append(Bench(judge, torch.device(device)))


def _score(job: Job) -> list[Marks]:
    return _benches[-1].score(job)
