"""A background Blender that renders strips whose frames cannot be counted, from a copy of the .blend."""

from __future__ import annotations

from pathlib import Path

from .jobs import Job
from .messages import GarbledError, Tail
from .process import Child

LOG = "prepare.log"
PROGRESS = "prepare.jsonl"  # written by blender/isolate.py; Blender itself talks on stdout


class Renderer:
    """Runs `job.prepare` in the job's folder. StartError if it cannot be started."""

    def __init__(self, job: Job, records: Path) -> None:
        folder = job.folder(records)
        (folder / PROGRESS).unlink(missing_ok=True)
        self._job, self._tail = job, Tail(folder / PROGRESS)
        self._child = Child(job.prepare, folder, "prepare.out", LOG)
        self._done = 0

    @property
    def code(self) -> int | None:
        """Its exit code; None while it runs."""
        return self._child.code

    @property
    def done(self) -> int:
        """Frames rendered so far."""
        try:
            for event in self._tail.read():
                self._done = int(event.get("done") or self._done)
        except GarbledError:
            return self._done  # a line that is not ours changes nothing
        return self._done

    @property
    def succeeded(self) -> bool:
        """Has it ended well, and are the files there?"""
        return self.code == 0 and Path(self._job.video).is_file() and Path(self._job.speech).is_file()

    def how_it_ended(self) -> str:
        """In words."""
        return self._child.how_it_ended()

    def end(self) -> None:
        """End it at once."""
        self._child.kill()
