"""From the first step to the last: what every run does between its updates - log, save, evaluate, stop in time."""

from __future__ import annotations

import time
from typing import Any, Protocol, TypeVar

from synctalkface.events import Listener, Progress
from synctalkface.training.crew import Crew
from synctalkface.training.journal import LOG_EVERY, Journal, Means
from synctalkface.training.pace import Pace

S_co = TypeVar("S_co", covariant=True)
S = TypeVar("S")


class Plan(Protocol):
    """The part of a schedule that the loop keeps."""

    @property
    def steps(self) -> int: ...
    @property
    def save_every(self) -> int: ...
    @property
    def evaluate_every(self) -> int: ...


class Run(Protocol[S_co]):
    """What the loop drives. One step costs `frames` of all processes and `operations()` of this one."""

    step: int
    frames: int
    crew: Crew

    def update(self) -> dict[str, float]: ...
    def save(self) -> None: ...
    def evaluate(self, journal: Journal) -> S_co: ...
    def operations(self) -> int: ...


class Paused(Exception):
    """The time of this call is over; the run is saved and goes on where it stopped when it is called again."""

    def __init__(self, stage: str, step: int, steps: int) -> None:
        super().__init__(f"Paused: {stage} at step {step} of {steps}. Call it again to go on.")


def run_to_end(
    run: Run[S], plan: Plan, stage: str, journal: Journal, peak: float, listener: Listener, until: float | None = None
) -> S:
    """Take `run` to the last step of `plan` and return its last scores.

    `peak`: operations a second of the device. `until`: the moment of time.monotonic() at which it is saved and Paused.
    """
    means, pace, first, started = Means(), Pace(peak), run.step, time.monotonic()
    scores: S | None = None
    while run.step < plan.steps:
        operations, begun = run.operations(), time.perf_counter()
        means.add(run.update())
        pace.add(time.perf_counter() - begun, run.frames, operations)
        run.step += 1
        left = (time.monotonic() - started) / (run.step - first) * (plan.steps - run.step)
        listener(Progress(stage, run.step, plan.steps, left))
        if run.step % LOG_EVERY == 0:
            journal.write("train", run.step, **pace.take(), **means.take())
        last = run.step == plan.steps
        over = until is not None and not last and run.crew.first_says(time.monotonic() >= until)
        if run.step % plan.save_every == 0 or last or over:
            run.save()
        if run.step % plan.evaluate_every == 0 or last:
            scores = run.evaluate(journal)
        if over:
            journal.close()
            raise Paused(stage, run.step, plan.steps)
    scores = scores or run.evaluate(journal)
    journal.close()
    return scores


def beginning(run: Run[Any], journal: Journal, peak: float, **facts: Any) -> None:
    """The first row of a stretch: what it runs on."""
    journal.write("start", run.step, processes=run.crew.size, peak_tflops=peak / 1e12, **facts)
