"""The desk: takes jobs, works them off one after another with one worker, and never waits for anything.

`tick` is called some ten times a second by whoever can (a modal operator, or a loop without a window); each call reads
what has come and takes the next step.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from . import jobs as states
from .jobs import ACTIVE, Job
from .messages import Message
from .process import Child, StartError
from .renderer import Renderer
from .worker import Worker, WorkerError

Start = Callable[[Path], Child]


class Desk:
    """`folder` holds the jobs and the worker's logs; `start` starts a worker in a folder (StartError if it cannot)."""

    def __init__(self, folder: Path, start: Start, now: Callable[[], float] = time.monotonic) -> None:
        self.jobs: list[Job] = []
        self.device = ""  # of the latest worker, in words
        self.trouble = ""  # why there is no worker, in a sentence
        self.log: Path | None = None  # of the latest worker
        self.folder, self._start, self._now = folder, start, now
        self._worker: Worker | None = None
        self._renderer: Renderer | None = None
        self._current: Job | None = None
        self._accepted = False  # the worker has begun with the current job
        self._greeting = False  # a worker is wanted, job or not

    @property
    def records(self) -> Path:
        """The folder of the jobs' records."""
        return self.folder / "jobs"

    @property
    def busy(self) -> bool:
        """Is there anything left to do?"""
        return self._greeting or any(job.state in ACTIVE for job in self.jobs)

    @property
    def worker(self) -> Worker | None:
        """The one that runs, warm or getting so."""
        return self._worker if self._worker is not None and self._worker.code is None else None

    def submit(self, job: Job) -> None:
        """Put `job` at the end of the queue."""
        self.jobs.append(job)
        states.save(job, self.records)

    def cancel(self, job_id: str) -> None:
        """Stop a job, whatever it is doing."""
        for job in self.jobs:
            if job.id != job_id:
                continue
            if job.state == states.PREPARING and self._renderer is not None:
                self._renderer.end()
                self._renderer = None
            if job.state in (states.WAITING, states.PREPARING):
                self._close(job, states.CANCELLED)
            elif job.state == states.RUNNING:
                job.state = states.CANCELLING
                if self._worker is not None:
                    self._worker.cancel(job)

    def cancel_all(self) -> None:
        """Stop every job."""
        for job in list(self.jobs):
            self.cancel(job.id)

    def finished_batches(self) -> list[list[Job]]:
        """The jobs that are made and wait to be placed, of the batches in which nothing is left to do."""
        working = {job.batch for job in self.jobs if job.state in ACTIVE}
        made: dict[str, list[Job]] = {}
        for job in self.jobs:
            if job.state == states.MADE and job.batch not in working:
                made.setdefault(job.batch, []).append(job)
        return list(made.values())

    def placed(self, job: Job, message: str = "") -> None:
        """The result of `job` is on the timeline."""
        self._close(job, states.PLACED, message)

    def failed(self, job: Job, message: str) -> None:
        """What was made of `job` could not be used."""
        self._close(job, states.FAILED, message)

    def dismiss(self, job_id: str) -> None:
        """Take a job that is over off the list; its record goes, its result stays."""
        for job in [job for job in self.jobs if job.id == job_id and job.state not in ACTIVE]:
            self.jobs.remove(job)
            states.forget(job, self.records)

    def greet(self) -> None:
        """Start a worker without a job, to see whether it answers and on what device."""
        self.trouble, self._greeting = "", True

    def tick(self) -> None:
        """Take the next step."""
        self._listen()
        self._watch_renderer()
        if self._greeting and self._ensure_worker() is not None:
            self._greeting = not self.device
        if self._current is None:
            self._begin_next()

    def close(self) -> None:
        """End every process at once. Jobs that were under way stay on the disk as unfinished."""
        if self._renderer is not None:
            self._renderer.end()
        if self._worker is not None:
            self._worker.end()
        self._renderer = self._worker = self._current = None

    def _begin_next(self) -> None:
        job = next((job for job in self.jobs if job.state == states.WAITING), None)
        if job is None:
            return
        if job.prepare:
            self._prepare(job)
            return
        worker = self._ensure_worker()
        if worker is not None and worker.greeted:
            self._current, self._accepted = job, False
            job.state, job.stage = states.RUNNING, "load"
            states.save(job, self.records)
            worker.submit(job)

    def _close(self, job: Job, state: str, message: str | None = None) -> None:
        """`job` has come to an end."""
        job.state, job.seconds_left = state, None
        if message is not None:
            job.message = message
        states.save(job, self.records)
        if job is self._current:
            self._current = None

    def _ensure_worker(self) -> Worker | None:
        if self._worker is None:
            try:
                self._worker = Worker(self._start(self.folder / "worker"), self._now)
            except StartError as error:
                self._give_up(str(error))
                return None
            self.log, self.device = self._worker.log, ""
        return self._worker

    def _listen(self) -> None:
        worker = self._worker
        if worker is None:
            return
        ended = worker.code is not None  # asked first, so that nothing it said last is missed
        worker.urge()
        try:
            events = worker.events()
            while ended and (more := worker.events()):
                events += more
        except WorkerError as error:
            self._give_up(str(error))
            return
        self.device = worker.device
        if self.device:
            self.trouble = ""
        for event in events:
            if self._current is not None and event["job"] == self._current.id:
                self._hear(self._current, event)
        if ended:
            self._worker = None
            if self._greeting:
                self._greeting, self.trouble = False, f"The worker ended at once ({worker.how_it_ended()})."
            if self._current is not None and self._renderer is None:
                self._lost(self._current, worker)

    def _hear(self, job: Job, event: Message) -> None:
        """What the worker says about `job`, the current one."""
        name = event["event"]
        if name == "started":
            self._accepted = True
        elif name == "progress":
            job.stage = str(event.get("stage", ""))
            job.done, job.total = int(event.get("done") or 0), int(event.get("total") or 0)
            job.seconds_left = event.get("seconds_left")
        elif name == "warning":
            job.warnings.append(str(event.get("message", "")))
        else:
            self._conclude(job, name, event)

    def _conclude(self, job: Job, name: str, event: Message) -> None:
        if self._worker is not None:
            self._worker.answered()
        if name == "done":
            job.result = event.get("result") or {}
            # a result that was ready before the cancel arrived is kept on the disk, but not placed
            self._close(job, states.CANCELLED if job.state == states.CANCELLING else states.MADE, "")
        elif name == "failed":
            self._close(job, states.FAILED, str(event.get("message", "It failed without a word.")))
        elif name == "cancelled":
            self._close(job, states.CANCELLED)

    def _lost(self, job: Job, worker: Worker) -> None:
        """The worker went away with `job` in its hands."""
        if job.state == states.CANCELLING:
            self._close(job, states.CANCELLED)
        elif not self._accepted and worker.code == 0:  # it had just gone to rest: a new one gets the job
            self._current = None
            job.state = states.WAITING
        else:
            self._close(
                job,
                states.FAILED,
                f"The worker stopped unexpectedly ({worker.how_it_ended()}). Its log may say why. "
                "Try again; if memory was short, choose the CPU or a shorter strip.",
            )

    def _give_up(self, sentence: str) -> None:
        """No worker can be had: no job that needs one will get on."""
        if self._worker is not None:
            self._worker.end()
        self._worker, self._greeting, self.trouble = None, False, sentence
        for job in self.jobs:
            if job.state in (states.WAITING, states.RUNNING):
                self._close(job, states.FAILED, sentence)
            elif job.state == states.CANCELLING:
                self._close(job, states.CANCELLED)

    def _prepare(self, job: Job) -> None:
        self._current = job
        job.state, job.stage, job.done, job.total = states.PREPARING, "render", 0, job.end - job.begin
        states.save(job, self.records)
        try:
            self._renderer = Renderer(job, self.records)
        except StartError as error:
            self._close(job, states.FAILED, f"The strips cannot be rendered: {error}")

    def _watch_renderer(self) -> None:
        job, renderer = self._current, self._renderer
        if renderer is None or job is None:
            return
        job.done = renderer.done
        if renderer.code is None:
            return
        self._renderer = None
        if renderer.succeeded:
            job.prepare, job.state, self._current = [], states.WAITING, None
            states.save(job, self.records)
        else:
            self._close(
                job, states.FAILED, f"The strips could not be rendered ({renderer.how_it_ended()}). Its log says more."
            )
