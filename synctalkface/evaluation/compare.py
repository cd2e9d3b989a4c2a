"""The comparison: every contestant on every set, what was measured before kept, then results.json and results.md."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from synctalkface import hub
from synctalkface.config import Config
from synctalkface.device import find_device
from synctalkface.errors import DataError, WeightsError
from synctalkface.evaluation import claims, contest, results
from synctalkface.evaluation.bench import Job, Marks, score_all
from synctalkface.evaluation.contest import Adapter, Contestant, Exam, Part, combined, exam, fingerprint
from synctalkface.evaluation.notebook import Notebook
from synctalkface.evaluation.results import Line
from synctalkface.evaluation.results_page import page
from synctalkface.events import Listener, Progress, ignore
from synctalkface.hub.sums import digest

NOTEBOOK, RUNS_OF_ADAPTATION = "measured.jsonl", "adapted"


@dataclass(frozen=True)
class Comparison:
    """The table, which of the claims hold, and how many clips had to be scored for it."""

    lines: list[Line]
    claims: list[claims.Claim]
    measured: int

    def as_dict(self) -> dict[str, Any]:
        """As plain JSON data, as in results.json."""
        rows = [asdict(line) for line in self.lines]
        return {"rules": contest.RULES, "rows": rows, "claims": [asdict(claim) for claim in self.claims]}


def compare(
    data: Path,
    out: Path,
    contestants: list[Contestant],
    *,
    runs: Path,
    weights: str | Path | None = None,
    wild: Path | None = None,
    adapter: Adapter | None = None,
    recipe: str = "adapted",
    seeds: int = 1,
    limit: int | None = None,
    device: str = "auto",
    workers: int = 1,
    listener: Listener = ignore,
) -> Comparison:
    """Score copying, the `contestants` and the model in `weights` on the clips of `data` that no training saw.

    The sync expert beside `weights` judges all of them. The files go to the folder `out`; scores by clip are noted in
    `runs`, so that a comparison that was stopped goes on. `wild` is another prepared folder, of which every clip is a
    set of its own. `adapter` adapts the model in `weights` to halves of clips, as `recipe` names it: then the halves it
    did not see are scored too, before and after: of faces never seen both, of clips from outside the second. It does so
    with the seeds 0 to `seeds` - 1, and the scores are the mean.
    Raises WeightsError, DataError, ConfigError or OutputError.
    """
    folder = hub.resolve(weights)
    if not hub.holds(folder, hub.SYNCNET):
        raise WeightsError(f"No sync expert lies beside the weights in {folder}. Copy {hub.SYNCNET} there: it judges.")
    config = hub.load_config(folder)
    base = Contestant(contest.BASE, folder, config.training.steps)
    whole = [Contestant(contest.TRUTH), Contestant(contest.COPY), *contestants, base]
    parts: dict[str, Part] = {} if adapter is None else {claims.TEST: "halves", claims.WILD: "second-half"}
    exams = _exams(data, wild, config, limit)
    pairs = []
    for each in exams:
        adapting = _adapting(base, parts[each.name], adapter, recipe, seeds) if each.name in parts else []
        pairs += [(each, contestant) for contestant in (*whole, *adapting)]
    board = Board(contest.judges(folder), results.read(out), Notebook(runs / NOTEBOOK))
    jobs = [job for job in board.jobs(pairs) if job.contestants]
    jobs = [_adapted(job, runs, listener) for job in jobs]
    marks = score_all(jobs, folder, find_device(device), workers)
    for job, found in _shown(jobs, marks, listener):
        board.note(job, found)
    lines = board.lines(pairs)
    comparison = Comparison(lines, claims.check(lines), len(jobs))
    results.write(out, comparison.as_dict(), page(comparison.lines, comparison.claims))
    return comparison


def _exams(data: Path, wild: Path | None, config: Config, limit: int | None) -> list[Exam]:
    found = [
        exam(claims.VALIDATION, data, "validation", config, limit),
        exam(claims.TEST, data, "test", config, limit),
        None if wild is None else exam(claims.WILD, wild, None, config, limit),
    ]
    exams = [each for each in found if each is not None]
    if not exams:
        raise DataError(f"{data} holds no clip that validates or tests. Prepare more clips.")
    return exams


def _adapting(base: Contestant, part: Part, adapter: Adapter | None, recipe: str, seeds: int) -> list[Contestant]:
    unadapted = replace(base, model=contest.UNADAPTED, part=part)
    return [unadapted, replace(unadapted, model=contest.ADAPTED, adapter=adapter, recipe=recipe, seeds=seeds)]


class Board:
    """What is known of every contestant on every clip. `judges` is the hash of all that judges."""

    def __init__(self, judges: str, earlier: list[Line], notebook: Notebook) -> None:
        self._judges, self._notebook = judges, notebook
        self._earlier = {line.place: line for line in earlier}
        self._marks: dict[Path, str] = {}  # of weights, hashed once

    def jobs(self, pairs: list[tuple[Exam, Contestant]]) -> Iterator[Job]:
        """For each clip, who has not been scored on it."""
        for each in {e.name: e for e, _ in pairs}.values():
            waiting = [s for e, c in pairs if e is each and self._kept(e, c) is None for s in c.sittings]
            for place, (entry, other) in enumerate(zip(each.entries, each.others, strict=True)):
                keys = {self._key(each, place, c): c for c in waiting}
                missing = {key: c for key, c in keys.items() if self._notebook.find(key) is None}
                yield Job(each.data, entry, other, list(missing.values()), list(missing))

    def note(self, job: Job, found: list[Marks]) -> None:
        """Write down what was scored."""
        for key, marks in zip(job.keys, found, strict=True):
            self._notebook.add(key, marks.as_dict())

    def lines(self, pairs: list[tuple[Exam, Contestant]]) -> list[Line]:
        """All rows. Those of contestants that are not there now stay as they were, if clips and judge are the same."""
        lines = {}
        for each, contestant in pairs:
            line = self._kept(each, contestant) or self._line(each, contestant)
            lines[line.place] = line
        exams = {each.name: each for each, _ in pairs}
        base = {line.weights for line in lines.values() if line.model == contest.BASE}
        for place, line in self._earlier.items():
            before = self._earlier.get((line.set, contest.UNADAPTED, line.part))
            stale = line.part != "whole" and (before is None or before.weights not in base)
            own = exams.get(line.set)
            if place not in lines and own and self._exam_mark(own, line.part) == line.exam and not stale:
                lines[place] = line
        sets, models = list(exams), contest.ORDER
        return sorted(lines.values(), key=lambda line: (sets.index(line.set), models.index(line.model)))

    def _line(self, each: Exam, contestant: Contestant) -> Line:
        marks = []
        for place in range(len(each.entries)):
            found = [self._notebook.find(self._key(each, place, sitting)) for sitting in contestant.sittings]
            noted = [Marks.from_dict(one) for one in found if one is not None]
            if noted:
                marks.append(Marks.mean(noted))
        return Line.of(contestant, each, marks, self._exam_mark(each, contestant.part), self._mark(contestant))

    def _kept(self, each: Exam, contestant: Contestant) -> Line | None:
        line = self._earlier.get((each.name, contestant.model, contestant.part))
        wanted = self._exam_mark(each, contestant.part), self._mark(contestant)
        return line if line is not None and (line.exam, line.weights) == wanted else None

    def _key(self, each: Exam, place: int, contestant: Contestant) -> str:
        clips = each.marks[place], each.marks[place - 1]
        rules = contest.rules(contestant.part)
        return combined(rules, self._judges, *clips, contestant.model, contestant.part, self._mark(contestant))

    def _exam_mark(self, each: Exam, part: str) -> str:
        return combined(contest.rules(part), self._judges, *each.marks)

    def _mark(self, contestant: Contestant) -> str:
        if contestant.folder is None:
            return ""
        if contestant.folder not in self._marks:
            self._marks[contestant.folder] = fingerprint(contestant.folder)
        mark = self._marks[contestant.folder]
        return combined(mark, *contestant.adapted) if contestant.adapted else mark


def _adapted(job: Job, runs: Path, listener: Listener) -> Job:
    """`job` with the weights that were adapted to its clip, where a contestant asks for that."""
    ready = []
    for contestant in job.contestants:
        if contestant.adapter is not None and contestant.folder is not None:
            second = contestant.part == "first-half"
            asked = [*contestant.adapted, *(["second"] if second else [])]
            mark = combined(fingerprint(contestant.folder), *asked, digest(job.data / job.entry.file))
            folder = runs / RUNS_OF_ADAPTATION / f"{job.entry.identifier}-{mark}"
            if not hub.holds(folder, hub.GENERATOR):
                listener(Progress(f"adapt to {job.entry.identifier}", 0, None))
                contestant.adapter(job.data, job.entry, second, contestant.seed, folder)
            contestant = replace(contestant, folder=folder, adapter=None)  # noqa: PLW2901
        ready.append(contestant)
    return job._replace(contestants=ready)


def _shown(jobs: list[Job], marks: Iterator[list[Marks]], listener: Listener) -> Iterator[tuple[Job, list[Marks]]]:
    started = time.monotonic()
    for done, (job, found) in enumerate(zip(jobs, marks, strict=True), start=1):
        yield job, found
        left = (time.monotonic() - started) / done * (len(jobs) - done)
        listener(Progress("score", done, len(jobs), left))
