"""What the add-on holds while Blender runs: the desk with its worker, an environment being made, what was left over."""

from __future__ import annotations

import atexit
import os
from pathlib import Path
from typing import Any

import bpy

from ..core import jobs as states
from ..core.desk import Desk
from ..core.environment import Setup, environment_python
from ..core.jobs import Job
from ..core.process import Child, StartError, alive
from . import compat

PACKAGE = __package__.rpartition(".")[0]  # the add-on itself: it bears another name as an extension
_MODULE = ("-I", "-X", "utf8", "-u", "-m", "synctalkface", "worker")


class Session:
    """One a Blender. `error` is the sentence shown on top of the panel, `log` the file that says more."""

    def __init__(self) -> None:
        self.folder = Path(compat.user_folder(PACKAGE))
        self.desk = Desk(self.folder, start_worker)
        self.setup: Setup | None = None
        self.left_over: list[Job] = []
        self.error = ""
        self.attended = False  # a modal operator calls `tick`

    @property
    def busy(self) -> bool:
        """Does anything need to be attended to?"""
        return self.desk.busy or bool(self.desk.finished_batches()) or bool(self.setup and self.setup.running)

    def tick(self) -> None:
        """Take the next step of everything that goes on."""
        self.desk.tick()
        if self.setup is not None and self.setup.running:
            self.setup.tick()
            if not self.setup.running and not self.setup.trouble:
                preferences().python = str(environment_python(self.folder / "env"))
                self.desk.greet()

    def look_for_left_over(self) -> None:
        """Find the jobs of this file that a Blender which has gone left behind."""
        here = {job.id for job in self.desk.jobs}
        found = states.unfinished(self.desk.records, bpy.data.filepath, alive)
        self.left_over = [job for job in found if job.id not in here]

    def close(self) -> None:
        """End every process."""
        self.desk.close()
        if self.setup is not None and self.setup.running:
            self.setup.cancel()


_session: Session | None = None


def current() -> Session:
    """The session; begun when it is first asked for."""
    global _session  # noqa: PLW0603 (one a Blender, begun late: a folder is made)
    if _session is None:
        _session = Session()
    return _session


def end() -> None:
    """End the session, if there is one."""
    global _session  # noqa: PLW0603 (see above)
    if _session is not None:
        _session.close()
    _session = None


def preferences() -> Any:
    """What the user has set for the add-on."""
    return bpy.context.preferences.addons[PACKAGE].preferences


def worker_python() -> str:
    """The Python that has synctalkface: the chosen one, else that of the environment we made; "" if there is none."""
    chosen = preferences().python
    made = environment_python(Path(compat.user_folder(PACKAGE)) / "env")
    return bpy.path.abspath(chosen) if chosen else str(made) if made.is_file() else ""


def start_worker(folder: Path) -> Child:
    """Start a worker. StartError if there is nothing to start it with."""
    python = worker_python()
    if not python:
        raise StartError(
            "No Python with synctalkface is known yet. Choose one or make one in the add-on's preferences."
        )
    command = [python, *_MODULE, "--idle", str(preferences().idle)]
    try:
        return Child(command, folder / str(os.getpid()))  # two Blenders do not share their logs
    except StartError as error:
        raise StartError(f"{error} Choose another Python in the add-on's preferences.") from None


def forget_on_load(*_: object) -> None:
    """Another file is opened: what was going on belongs to the old one, and can be resumed when that is back."""
    end()


def find_on_load(*_: object) -> None:
    """Another file has been opened."""
    current().look_for_left_over()


def register() -> None:
    """Watch for files being opened and for the end of Blender."""
    for handler in (forget_on_load, find_on_load):
        bpy.app.handlers.persistent(handler)
    bpy.app.handlers.load_pre.append(forget_on_load)
    bpy.app.handlers.load_post.append(find_on_load)
    atexit.register(end)


def unregister() -> None:
    """Undo `register`, and end what still runs."""
    bpy.app.handlers.load_pre.remove(forget_on_load)
    bpy.app.handlers.load_post.remove(find_on_load)
    atexit.unregister(end)
    end()
