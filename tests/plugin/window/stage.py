"""Runs inside a Blender with a window: installs the add-on from its zip, lays out strips, and reports what it sees.

blender --factory-startup --app-template Video_Editing --python stage.py -- stage.json
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import bpy

SPEC = json.loads(Path(sys.argv[sys.argv.index("--") + 1]).read_text(encoding="utf-8"))
MODULE = "synctalkface_blender"


def install() -> None:
    bpy.ops.preferences.addon_install(filepath=SPEC["zip"])
    bpy.ops.preferences.addon_enable(module=MODULE)
    chosen = bpy.context.preferences.addons[MODULE].preferences
    chosen.python, chosen.weights = SPEC["python"], SPEC["weights"]


def lay_out() -> Any:
    from synctalkface_blender.blender import compat

    scene = bpy.context.scene
    scene.render.fps, scene.render.fps_base = 25, 1.0
    scene.render.resolution_x, scene.render.resolution_y = 720, 288
    scene.frame_end = 90
    scene.sequence_editor_create()
    strips = compat.strips_of(scene.sequence_editor)
    for number, path in enumerate(SPEC["faces"]):
        strip = strips.new_movie(name=f"face {number + 1}", filepath=path, channel=2 + 2 * number, frame_start=1)
        strip.transform.offset_x = -180 + 360 * number
    strips.new_sound(name="speech", filepath=SPEC["speech"], channel=1, frame_start=1)
    for strip in strips:
        strip.select = True
    scene.synctalkface.folder = SPEC["folder"]
    scene.frame_set(40)
    bpy.context.preferences.view.show_splash = False
    bpy.ops.ed.undo_push(message="Strips are laid out")
    return scene


def open_sidebar() -> dict[str, int]:
    """Open the sequencer's sidebar; where it is, in pixels from the top left of the window."""
    window = bpy.context.window_manager.windows[0]
    areas = [area for area in window.screen.areas if area.type == "SEQUENCE_EDITOR"]
    area = max((a for a in areas if a.spaces.active.view_type != "PREVIEW"), key=lambda a: a.width)
    area.spaces.active.show_region_ui = True
    area.spaces.active.view_type = "SEQUENCER"
    region = next(region for region in area.regions if region.type == "UI")
    return {"x": region.x, "y": window.height - region.y - region.height, "w": region.width, "h": region.height}


def report() -> float:
    """What an onlooker would want to know, twice a second."""
    from synctalkface_blender.blender import compat, session

    here = session.current()
    state = {
        "sidebar": open_sidebar(),
        "jobs": [[job.state, job.stage, job.message] for job in here.desk.jobs],
        "device": here.desk.device,
        "strips": [strip.name for strip in compat.strips_of(bpy.context.scene.sequence_editor)],
        "busy": here.busy,
    }
    part = Path(SPEC["report"] + ".part")
    part.write_text(json.dumps(state), encoding="utf-8")
    part.replace(SPEC["report"])
    if Path(SPEC["stop"]).exists():
        bpy.ops.wm.save_as_mainfile(filepath=SPEC["blend"])
        bpy.ops.wm.quit_blender()
        return 10.0
    return 0.5


install()
lay_out()
bpy.app.timers.register(report, first_interval=1.0)
