"""What the buttons do. Each ends at once; `attend` alone stays, and calls the session some ten times a second."""

from __future__ import annotations

import time
import uuid
from typing import Any

import bpy

from ..core import jobs as states
from ..core.jobs import Job
from . import compat, ordering, session
from .placing import PlaceError, place

TICK = 0.1  # s
UNDO = "Lip-Sync Strips"


class SYNCTALKFACE_OT_lipsync(bpy.types.Operator):  # noqa: N801 (Blender's rule for names)
    """Dub the selected video strips with the selected sound strips. The originals stay as they are"""

    bl_idname = "synctalkface.lipsync"
    bl_label = "Lip-Sync Strips"
    bl_options = {"REGISTER"}  # noqa: RUF012 (Blender reads it from the class)

    @classmethod
    def poll(cls, context: Any) -> bool:
        """Is there a pair? If not, say why."""
        scene = compat.scene_of(context)
        if compat.open_level(scene) is None:
            cls.poll_message_set("Open the Video Sequencer and add a video strip and a sound strip")
            return False
        found = ordering.pairing_of(scene)
        if not found.pairs:
            cls.poll_message_set(found.refusals[0].reason if found.refusals else "Select video and sound strips")
        return bool(found.pairs)

    def invoke(self, context: Any, event: Any) -> set[str]:
        """In a window: begin, and let `attend` see to the rest."""
        if not self._begin(context):
            return {"CANCELLED"}
        attend()
        return {"FINISHED"}

    def execute(self, context: Any) -> set[str]:
        """Without a window: work until all is placed."""
        batch = self._begin(context)
        if not batch:
            return {"CANCELLED"}
        here = session.current()
        while here.busy:
            here.tick()
            place_finished(here)
            time.sleep(TICK / 2)
        failed = [job for job in batch if job.state != states.PLACED]
        nothing = len(failed) == len(batch)
        for job in failed:
            self.report({"ERROR" if nothing else "WARNING"}, f"{job.name}: {job.message or job.state}")
        return {"CANCELLED"} if nothing else {"FINISHED"}

    def _begin(self, context: Any) -> list[Job]:
        here, scene = session.current(), compat.scene_of(context)
        here.error = ""
        try:
            batch = ordering.order(scene, ordering.pairing_of(scene).pairs, uuid.uuid4().hex)
        except (ordering.OrderError, OSError, RuntimeError) as error:
            here.error = str(error)
            self.report({"ERROR"}, here.error)
            return []
        for job in batch:
            here.desk.submit(job)
        return batch


class SYNCTALKFACE_OT_attend(bpy.types.Operator):  # noqa: N801
    """See to the jobs while they run"""

    bl_idname = "synctalkface.attend"
    bl_label = "Attend to Lip-Sync Jobs"
    bl_options = {"INTERNAL"}  # noqa: RUF012

    _timer: Any = None

    def invoke(self, context: Any, event: Any) -> set[str]:
        """Stay until nothing is left to do."""
        self._timer = context.window_manager.event_timer_add(TICK, window=context.window)
        context.window_manager.modal_handler_add(self)
        session.current().attended = True
        return {"RUNNING_MODAL"}

    def modal(self, context: Any, event: Any) -> set[str]:
        """Every event passes through: Blender stays usable, and Escape is not ours."""
        if event.type == "TIMER":
            here = session.current()
            here.tick()
            place_finished(here)
            _redraw(context)
            if not here.busy:
                self._stop(context)
                return {"FINISHED", "PASS_THROUGH"}
        return {"PASS_THROUGH"}

    def cancel(self, context: Any) -> None:
        """The window is closed, or another file is opened."""
        self._stop(context)

    def _stop(self, context: Any) -> None:
        session.current().attended = False
        if self._timer is not None:
            context.window_manager.event_timer_remove(self._timer)
            self._timer = None


def attend() -> None:
    """See to it that somebody calls the session, if there is a window to do it in."""
    if not bpy.app.background and not session.current().attended:
        bpy.ops.synctalkface.attend("INVOKE_DEFAULT")


def place_finished(here: session.Session) -> None:
    """Put the results of finished batches on the timeline, a batch as one step of undo."""
    for batch in here.desk.finished_batches():
        placed = 0
        for job in batch:
            try:
                here.desk.placed(job, place(job))
                placed += 1
            except PlaceError as error:
                here.desk.failed(job, str(error))
        if placed:
            bpy.ops.ed.undo_push(message=UNDO)


def _redraw(context: Any) -> None:
    for window in context.window_manager.windows:
        for area in window.screen.areas:
            if area.type in ("SEQUENCE_EDITOR", "PREFERENCES"):
                area.tag_redraw()


class _OneJob:
    """A button beside a job."""

    bl_options = {"INTERNAL"}  # noqa: RUF012
    job: bpy.props.StringProperty(options={"HIDDEN"})


class SYNCTALKFACE_OT_cancel(_OneJob, bpy.types.Operator):  # noqa: N801
    """Stop this job"""

    bl_idname = "synctalkface.cancel"
    bl_label = "Cancel"

    def execute(self, context: Any) -> set[str]:
        """All of them, if no job is named."""
        desk = session.current().desk
        if self.job:
            desk.cancel(self.job)
        else:
            desk.cancel_all()
        attend()
        return {"FINISHED"}


class SYNCTALKFACE_OT_dismiss(_OneJob, bpy.types.Operator):  # noqa: N801
    """Take this job off the list. Its result stays"""

    bl_idname = "synctalkface.dismiss"
    bl_label = "Dismiss"

    def execute(self, context: Any) -> set[str]:
        """All that are over, if no job is named."""
        desk = session.current().desk
        for job in list(desk.jobs):
            if self.job in ("", job.id):
                desk.dismiss(job.id)
        return {"FINISHED"}


class SYNCTALKFACE_OT_resume(_OneJob, bpy.types.Operator):  # noqa: N801
    """Do this job after all; one that is made already is placed"""

    bl_idname = "synctalkface.resume"
    bl_label = "Resume"

    def execute(self, context: Any) -> set[str]:
        """All that were left over, if no job is named."""
        here = session.current()
        for job in [job for job in here.left_over if self.job in ("", job.id)]:
            here.left_over.remove(job)
            states.again(job)
            here.desk.submit(job)
        attend()
        return {"FINISHED"}


class SYNCTALKFACE_OT_discard(_OneJob, bpy.types.Operator):  # noqa: N801
    """Forget this job. A result that is made already stays on the disk"""

    bl_idname = "synctalkface.discard"
    bl_label = "Discard"

    def execute(self, context: Any) -> set[str]:
        """All that were left over, if no job is named."""
        here = session.current()
        for job in [job for job in here.left_over if self.job in ("", job.id)]:
            here.left_over.remove(job)
            states.forget(job, here.desk.records)
        return {"FINISHED"}


CLASSES = (
    SYNCTALKFACE_OT_lipsync,
    SYNCTALKFACE_OT_attend,
    SYNCTALKFACE_OT_cancel,
    SYNCTALKFACE_OT_dismiss,
    SYNCTALKFACE_OT_resume,
    SYNCTALKFACE_OT_discard,
)


def register() -> None:
    """Make the operators known."""
    for each in CLASSES:
        bpy.utils.register_class(each)


def unregister() -> None:
    """Undo `register`."""
    for each in reversed(CLASSES):
        bpy.utils.unregister_class(each)
