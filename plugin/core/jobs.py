"""One job as a record on the disk: what is dubbed, how far it is, and what became of it.

A job lives in a folder of its own, <jobs>/<id>/job.json, written whole or not at all at every change of its state, so
that a Blender that dies leaves behind what is needed to go on.
"""

from __future__ import annotations

import json
import os
import shutil
import uuid
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

WAITING, PREPARING, RUNNING, CANCELLING = "waiting", "preparing", "running", "cancelling"
MADE, PLACED, FAILED, CANCELLED = "made", "placed", "failed", "cancelled"
ACTIVE = (WAITING, PREPARING, RUNNING, CANCELLING)
OVER = (PLACED, FAILED, CANCELLED)

RECORD = "job.json"


@dataclass
class Job:
    """A dub of one pair. `video`, `runs` and `speech_begin` are of the files that the worker is given.

    prepare: a command that renders these files first, if the strips' frames cannot be counted. runs: which frames of
    `video` are shown, see strips.as_runs. rate: of the result, as "30000/1001". begin, end: its place on the timeline.
    blend: the file it belongs to, "" while that is not saved. owner: the process of the Blender that works on it.
    """

    name: str
    batch: str
    scene: str
    picture: str
    sound: str
    channel: int
    begin: int
    end: int
    rate: str
    video: str
    speech: str
    runs: list[list[int]]
    speech_begin: float
    out: str
    clip_rate: float = 0.0
    prepare: list[str] = field(default_factory=list)
    mute_source: bool = False
    blend: str = ""
    owner: int = field(default_factory=os.getpid)
    settings: dict[str, Any] = field(default_factory=dict)
    id: str = field(default_factory=lambda: uuid.uuid4().hex[:12])
    state: str = WAITING
    stage: str = ""
    done: int = 0
    total: int = 0
    seconds_left: float | None = None
    message: str = ""
    warnings: list[str] = field(default_factory=list)
    result: dict[str, Any] = field(default_factory=dict)

    @property
    def share(self) -> float:
        """How much of the present stage is done, 0..1."""
        return min(1.0, self.done / self.total) if self.total else 0.0

    def folder(self, jobs: Path) -> Path:
        """Where everything about it lies."""
        return jobs / self.id


def save(job: Job, jobs: Path) -> None:
    """Write the record of `job` into its folder."""
    folder = job.folder(jobs)
    folder.mkdir(parents=True, exist_ok=True)
    part = folder / (RECORD + ".part")
    part.write_text(json.dumps(asdict(job), ensure_ascii=False, indent=1), encoding="utf-8")
    os.replace(part, folder / RECORD)


def load(path: Path) -> Job | None:
    """The job in the record `path`; None if it is damaged or of another version of the add-on."""
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        known = {each.name for each in fields(Job)}
        if not isinstance(data, dict) or not set(data) <= known:
            return None
        return Job(**data)
    except (OSError, ValueError, TypeError):
        return None


def unfinished(jobs: Path, blend: str, alive: Callable[[int], bool]) -> list[Job]:
    """The jobs of the file `blend` that a Blender left behind: not yet made, or made and not yet placed.

    `alive` says whether a process runs: what another Blender is working on is its own. Records of jobs that are over,
    and whose Blender has gone, are removed on the way.
    """
    left = []
    for path in sorted(jobs.glob(f"*/{RECORD}")):
        job = load(path)
        if job is None or alive(job.owner):
            continue
        if job.state in OVER:
            forget(job, jobs)
        elif job.blend == blend:
            left.append(job)
    return left


def forget(job: Job, jobs: Path) -> None:
    """Remove the folder of `job`, which holds its record, its log and what was rendered for it; never its result."""
    if (job.folder(jobs) / RECORD).is_file():
        shutil.rmtree(job.folder(jobs), ignore_errors=True)


def again(job: Job) -> None:
    """Put `job` back to its beginning, unless it is made already, and into the hands of this Blender."""
    job.owner = os.getpid()
    if job.state == MADE and os.path.isfile(job.out):
        return
    job.state, job.stage, job.done, job.total, job.seconds_left, job.message = WAITING, "", 0, 0, None, ""
