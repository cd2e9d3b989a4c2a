"""The buttons about the worker: does it answer, make an environment for it, what did it say."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Any

import bpy

from ..core.environment import Setup, base_python, steps
from . import compat, session
from .operators import TICK, attend


class SYNCTALKFACE_OT_check(bpy.types.Operator):  # noqa: N801 (Blender's rule for names)
    """Start the worker and see whether it answers, and what it computes on"""

    bl_idname = "synctalkface.check"
    bl_label = "Check"

    def invoke(self, context: Any, event: Any) -> set[str]:
        """In a window: the answer is shown when it comes."""
        session.current().desk.greet()
        attend()
        return {"FINISHED"}

    def execute(self, context: Any) -> set[str]:
        """Without a window: wait for the answer."""
        desk = session.current().desk
        desk.greet()
        while desk.busy:
            desk.tick()
            time.sleep(TICK / 2)
        self.report(*(({"ERROR"}, desk.trouble) if desk.trouble else ({"INFO"}, f"Worker ready on {desk.device}")))
        return {"CANCELLED"} if desk.trouble else {"FINISHED"}


class SYNCTALKFACE_OT_make_environment(bpy.types.Operator):  # noqa: N801
    """Make a Python with synctalkface in the add-on's own folder. If it was cancelled before, it goes on"""

    bl_idname = "synctalkface.make_environment"
    bl_label = "Make Environment"

    def invoke(self, context: Any, event: Any) -> set[str]:
        """In a window: the log is shown while it goes on."""
        if not self._begin():
            return {"CANCELLED"}
        attend()
        return {"FINISHED"}

    def execute(self, context: Any) -> set[str]:
        """Without a window: wait until it is made."""
        making = self._begin()
        if making is None:
            return {"CANCELLED"}
        here = session.current()
        while here.busy:
            here.tick()
            time.sleep(TICK)
        trouble = making.trouble or here.desk.trouble
        if trouble:
            self.report({"ERROR"}, trouble)
        return {"CANCELLED"} if trouble else {"FINISHED"}

    def _begin(self) -> Setup | None:
        here, chosen = session.current(), session.preferences()
        wheels = bpy.path.abspath(chosen.wheels) if chosen.wheels else ""
        if not wheels and not compat.online_allowed():
            self.report(
                {"ERROR"},
                "Blender may not use the network. Allow it in Preferences > System, or give a folder with wheels.",
            )
            return None
        base = base_python(bpy.path.abspath(chosen.base) if chosen.base else "", sys.executable)
        if base is None:
            self.report({"ERROR"}, "No Python 3.11 or newer was found. Install one, and choose it under 'Made With'.")
            return None
        here.desk.close()  # a worker must not run from the environment that is made anew
        package = bpy.path.abspath(chosen.package) if chosen.package.startswith("//") else chosen.package
        here.setup = Setup(steps(base, here.folder / "env", package, wheels), here.folder)
        return here.setup


class SYNCTALKFACE_OT_cancel_environment(bpy.types.Operator):  # noqa: N801
    """Stop making the environment. What was downloaded is kept for the next time"""

    bl_idname = "synctalkface.cancel_environment"
    bl_label = "Cancel"

    def execute(self, context: Any) -> set[str]:
        """Stop it."""
        making = session.current().setup
        if making is not None:
            making.cancel()
        return {"FINISHED"}


class SYNCTALKFACE_OT_open_log(bpy.types.Operator):  # noqa: N801
    """Open the log of the worker, or of the latest job that was rendered, in the system's editor"""

    bl_idname = "synctalkface.open_log"
    bl_label = "Open Log"

    path: bpy.props.StringProperty(options={"HIDDEN"})

    def execute(self, context: Any) -> set[str]:
        """The log named, else that of the worker, else that of the environment's making."""
        here = session.current()
        named = [Path(self.path)] if self.path else []
        for log in [*named, here.desk.log, here.setup.log if here.setup else None]:
            if log is not None and log.is_file():
                bpy.ops.wm.path_open(filepath=str(log))
                return {"FINISHED"}
        self.report({"INFO"}, "There is no log yet: the worker has not been started.")
        return {"CANCELLED"}


CLASSES = (
    SYNCTALKFACE_OT_check,
    SYNCTALKFACE_OT_make_environment,
    SYNCTALKFACE_OT_cancel_environment,
    SYNCTALKFACE_OT_open_log,
)


def register() -> None:
    """Make the operators known."""
    for each in CLASSES:
        bpy.utils.register_class(each)


def unregister() -> None:
    """Undo `register`."""
    for each in reversed(CLASSES):
        bpy.utils.unregister_class(each)
