"""The panel in the sequencer's sidebar, and the entries in its menus."""

from __future__ import annotations

from typing import Any

import bpy

from ..core import jobs as states
from ..core.jobs import ACTIVE, Job
from ..core.renderer import LOG as RENDER_LOG
from . import compat, ordering, session
from .preferences import draw_sentence, draw_state

_ICONS = {
    states.PLACED: "CHECKMARK",
    states.MADE: "FILE_MOVIE",
    states.FAILED: "ERROR",
    states.CANCELLED: "X",
}
_MOST_ROWS = 8


class SYNCTALKFACE_PT_main(bpy.types.Panel):  # noqa: N801 (Blender's rule for names)
    """What will be dubbed, the button, and what is going on."""

    bl_label = "Lip-Sync"
    bl_space_type = "SEQUENCE_EDITOR"
    bl_region_type = "UI"
    bl_category = "Lip-Sync"

    def draw(self, context: Any) -> None:
        """Blender calls it."""
        here, scene = session.current(), compat.scene_of(context)
        layout = self.layout
        if here.left_over:
            _draw_left_over(layout.box(), here.left_over)
        _draw_pairs(layout.box(), scene)
        column = layout.column()
        column.scale_y = 1.5
        column.operator("synctalkface.lipsync", icon="PLAY")
        if here.error:
            draw_sentence(layout, here.error, icon="ERROR")
        if here.desk.jobs:
            _draw_queue(layout.box(), here)
        _draw_settings(layout, scene)
        _draw_worker(layout, here)


def _draw_pairs(layout: Any, scene: Any) -> None:
    if compat.open_level(scene) is None:
        draw_sentence(layout, "Add a video strip and a sound strip, and select both.", icon="INFO")
        return
    found = ordering.pairing_of(scene)
    for each in found.pairs[:_MOST_ROWS]:
        layout.label(text=f"{each.picture.name}  <  {each.sound.name}", icon="SEQUENCE")
        layout.label(text=f"frames {each.begin} to {each.end - 1} ({each.length})", icon="BLANK1")
        if each.render:
            draw_sentence(layout, f"Rendered first: {each.render}.", icon="BLANK1")
    if len(found.pairs) > _MOST_ROWS:
        layout.label(text=f"and {len(found.pairs) - _MOST_ROWS} more", icon="BLANK1")
    for refusal in found.refusals[:_MOST_ROWS]:
        text = f"{refusal.name}: {refusal.reason}" if refusal.name else refusal.reason
        draw_sentence(layout, text, icon="INFO")


def _draw_settings(layout: Any, scene: Any) -> None:
    column = layout.column()
    column.use_property_split = True
    column.use_property_decorate = False
    for name in ("face", "fit", "folder", "mute_source"):
        column.prop(scene.synctalkface, name)
    for name in ("device", "weights"):
        column.prop(session.preferences(), name)


def _draw_queue(layout: Any, here: session.Session) -> None:
    row = layout.row()
    working = [job for job in here.desk.jobs if job.state in ACTIVE]
    row.label(text=f"{len(working)} of {len(here.desk.jobs)} to do" if working else "Done")
    if working:
        row.operator("synctalkface.cancel", text="Cancel All").job = ""
    else:
        row.operator("synctalkface.dismiss", text="Clear").job = ""
    for job in here.desk.jobs[-_MOST_ROWS:]:
        _draw_job(layout, job, here)


def _draw_job(layout: Any, job: Job, here: session.Session) -> None:
    row = layout.row(align=True)
    if job.state in ACTIVE:
        bar = row.row()
        compat.draw_progress(bar, job.share, _progress(job))
        row.operator("synctalkface.cancel", text="", icon="X").job = job.id
        return
    row.label(text=f"{job.name}: {job.state}", icon=_ICONS.get(job.state, "NONE"))
    if job.state == states.FAILED:
        log = job.folder(here.desk.records) / RENDER_LOG
        row.operator("synctalkface.open_log", text="", icon="TEXT").path = str(log) if job.prepare else ""
    row.operator("synctalkface.dismiss", text="", icon="X").job = job.id
    if job.message:
        draw_sentence(layout, job.message, icon="BLANK1")


def _progress(job: Job) -> str:
    if job.state == states.CANCELLING:
        return f"{job.name}: stopping"
    if job.state == states.WAITING:
        return f"{job.name}: waiting"
    left = f", {_clock(job.seconds_left)} left" if job.seconds_left else ""
    return f"{job.name}: {job.stage} {100 * job.share:.0f} %{left}"


def _clock(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes}:{rest:02}"


def _draw_left_over(layout: Any, jobs: list[Job]) -> None:
    layout.label(text="Unfinished from last time", icon="RECOVER_LAST")
    for job in jobs[:_MOST_ROWS]:
        row = layout.row(align=True)
        row.label(text=job.name)
        row.operator("synctalkface.resume", text="Place" if job.state == states.MADE else "Resume").job = job.id
        row.operator("synctalkface.discard", text="Discard").job = job.id


def _draw_worker(layout: Any, here: session.Session) -> None:
    if here.setup is not None and here.setup.running:
        draw_sentence(layout, f"Making the environment: {here.setup.line}", icon="SORTTIME")
    draw_state(layout, here)
    row = layout.row(align=True)
    row.operator("synctalkface.check", icon="CHECKMARK")
    row.operator("preferences.addon_show", text="Preferences", icon="PREFERENCES").module = session.PACKAGE


def _draw_menu(self: Any, context: Any) -> None:
    self.layout.separator()
    self.layout.operator("synctalkface.lipsync", icon="PLAY")


_MENUS = ("SEQUENCER_MT_strip", "SEQUENCER_MT_context_menu")


def register() -> None:
    """Show the panel and the entries."""
    bpy.utils.register_class(SYNCTALKFACE_PT_main)
    for name in _MENUS:
        getattr(bpy.types, name).append(_draw_menu)


def unregister() -> None:
    """Undo `register`."""
    for name in _MENUS:
        getattr(bpy.types, name).remove(_draw_menu)
    bpy.utils.unregister_class(SYNCTALKFACE_PT_main)
