"""How the jobs of a table ended: for a person as a table, for a program as plain data."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from synctalkface.cli.many.jobs import Job
from synctalkface.errors import OutputError

State = Literal["done", "failed", "skipped"]


@dataclass(frozen=True)
class Outcome:
    """The end of one job. `message`: the sentence of its error, whose class is `kind`; `result`: its report."""

    job: Job
    state: State
    kind: str = ""
    message: str = ""
    result: dict[str, Any] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        """As plain JSON data."""
        told = {"line": self.job.line, "out": str(self.job.out), "state": self.state}
        return told | ({"kind": self.kind, "message": self.message} if self.message else {}) | self.result


def died(job: Job, code: int | None, words: str) -> Outcome:
    """The outcome of `job` if the process that carried it out ended by itself, with `code` and these last `words`."""
    if code is not None and code < 0:
        how = f"was ended by signal {-code}, as systems do when memory is short. Try fewer --workers."
    else:
        how = f"ended with code {code} ({words}). Run this job alone with `synctalkface dub` to see more."
    return Outcome(job, "failed", "Crashed", f"The process that dubbed it {how}")


def as_dict(outcomes: Sequence[Outcome]) -> dict[str, Any]:
    """All outcomes in the order of the table, with their counts, as plain JSON data."""
    ordered = sorted(outcomes, key=lambda outcome: outcome.job.line)
    return {**_counts(outcomes), "jobs": [outcome.as_dict() for outcome in ordered]}


def save(outcomes: Sequence[Outcome], path: Path) -> None:
    """Write the outcomes as JSON. Raises OutputError if that fails."""
    part = path.with_name(path.name + ".part")  # hub.whole would load torch, which the jobs need and this process not
    try:
        part.write_text(json.dumps(as_dict(outcomes), indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
        os.replace(part, path)
    except OSError as error:
        raise OutputError(f"{path} cannot be written ({error.strerror}). Choose another folder with --out.") from None


def table(outcomes: Sequence[Outcome], report: Path) -> str:
    """A line a job, and one for all."""
    ordered = sorted(outcomes, key=lambda outcome: outcome.job.line)
    width = max(len(outcome.job.out.name) for outcome in ordered)
    lines = [f"{'line':>4}  {'state':7}  {'out':{width}}  {'seconds':>7}  {'took':>7}"]
    for outcome in ordered:
        seconds, took = (f"{outcome.result[key]:.1f}" if outcome.result else "" for key in ("seconds", "took"))
        line = f"{outcome.job.line:4}  {outcome.state:7}  {outcome.job.out.name:{width}}  {seconds:>7}  {took:>7}"
        lines.append(f"{line}  {outcome.message}".rstrip())
    count = _counts(outcomes)
    told = ", ".join(f"{count[name]} {name}" for name in ("done", "skipped", "failed") if count[name])
    return "\n".join([*lines, f"{len(ordered)} jobs: {told}. Report: {report}"])


def _counts(outcomes: Sequence[Outcome]) -> dict[str, int]:
    states = [outcome.state for outcome in outcomes]
    return {state: states.count(state) for state in ("done", "skipped", "failed")}
