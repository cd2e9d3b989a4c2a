"""`synctalkface dub-many`: a table of dubs, each in a process of its own, on this machine or on many."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from synctalkface.cli.many.jobs import Job
from synctalkface.cli.many.outcome import Outcome
from synctalkface.cli.options import Device, Events
from synctalkface.cli.progress import conclude, listening
from synctalkface.events import Listener, Progress, Warned


def dub_many(
    table: Annotated[
        Path,
        typer.Argument(help="A CSV file with the columns video, speech, out, and options of `dub` (face, fit, crf)."),
    ],
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="The folder for the results; default: that of the table.")
    ] = None,
    workers: Annotated[int, typer.Option(min=1, help="Processes that work side by side.")] = 1,
    ray: Annotated[
        str | None,
        typer.Option(metavar="ADDRESS", help="Share the work with a Ray cluster; 'local' starts one on this machine."),
    ] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Skip the jobs whose result is there, and go on with those that are begun.")
    ] = False,
    force: Annotated[bool, typer.Option("--force", help="Overwrite the results of an earlier run.")] = False,
    weights: Annotated[
        str | None, typer.Option(help="A folder or Hub repository with weights; default: those that came along.")
    ] = None,
    device: Device = "auto",
    events: Events = False,
) -> None:
    """Carry out every dub of TABLE. One that fails is reported, and the rest is finished; exit code 1 then."""
    from synctalkface.cli.many import outcome
    from synctalkface.cli.many.jobs import read_jobs

    if weights and Path(weights).is_dir():
        weights = str(Path(weights).absolute())
    shared = ["--device", device, *(["--weights", weights] if weights else [])]
    shared += [*(["--resume"] if resume else []), *(["--force"] if force else [])]
    jobs = read_jobs(table, out, shared)
    report = (out or table.parent) / f"{table.stem}.report.json"
    skipped = [job for job in jobs if resume and not force and job.done_before]
    outcomes = [Outcome(job, "skipped") for job in skipped]
    waiting = [job for job in jobs if job not in skipped]
    for folder in {report.parent, *(job.out.parent for job in waiting)}:
        with contextlib.suppress(OSError):  # each job says it of its own folder
            folder.mkdir(parents=True, exist_ok=True)
    started = time.monotonic()
    with listening(events) as listener:
        listener(Progress("dub-many", len(outcomes), len(jobs)))
        for done, one in enumerate(_carried_out(waiting, workers, ray, device, listener), start=1):
            outcomes.append(one)
            if one.state == "failed":
                listener(Warned(f"{one.job.out.name}, line {one.job.line}: {one.message}"))
            outcome.save(outcomes, report)
            left = (time.monotonic() - started) / done * (len(waiting) - done)
            listener(Progress("dub-many", len(outcomes), len(jobs), left))
    outcome.save(outcomes, report)
    conclude({**outcome.as_dict(outcomes), "report": str(report)}, outcome.table(outcomes, report), events)
    if any(one.state == "failed" for one in outcomes):
        raise typer.Exit(1)


def _carried_out(
    jobs: Sequence[Job], workers: int, ray: str | None, device: str, listener: Listener
) -> Iterator[Outcome]:
    """The outcome of each job, as they come."""
    if not jobs:
        return iter(())
    if ray is None:
        from synctalkface.cli.many.hands import each

        return each(jobs, workers, lambda job, event: _pass_on(job, event, listener))
    from synctalkface.cli.many.hand import attempt
    from synctalkface.cli.many.outcome import died
    from synctalkface.data.on_ray import each as each_on_ray

    outcomes = each_on_ray(attempt, list(jobs), ray, gpu=device != "cpu", crashed=lambda job, why: died(job, None, why))
    return (one for _, one in outcomes)


def _pass_on(job: Job, event: dict[str, Any], listener: Listener) -> None:
    """What a job warns of is told as it comes; how far each one is would be too much."""
    if event["event"] == "warning":
        listener(Warned(f"{job.out.name}: {event['message']}", event.get("seconds")))
