"""Runs in a background Blender: render one strip, and mix down one sound, from a copy of the user's .blend.

blender -b --factory-startup --python isolate.py -- prepare.json       (or: python isolate.py -- prepare.json)

The strip is rendered as it plays, but without its transform, crop and colour: the result's strip gets those again.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

import bpy

sys.path.insert(0, str(Path(__file__).parents[2]))
_PLUGIN = Path(__file__).parents[1].name

_NEUTRAL = {
    "use_flip_x": False,
    "use_flip_y": False,
    "color_saturation": 1.0,
    "color_multiply": 1.0,
    "blend_type": "REPLACE",
    "blend_alpha": 1.0,
    "mute": False,
}


def main(spec: dict[str, Any]) -> None:
    """Do what `spec` says."""
    bpy.ops.wm.open_mainfile(filepath=spec["blend"], load_ui=False)
    scene = bpy.data.scenes[spec["scene"]]
    if bpy.context.window is not None:
        bpy.context.window.scene = scene
        if hasattr(bpy.context.workspace, "sequencer_scene"):
            bpy.context.workspace.sequencer_scene = scene
    scene.frame_start, scene.frame_end, scene.frame_step = spec["begin"], spec["end"] - 1, 1
    if "picture" in spec:
        _render(scene, spec)
    if "sound" in spec:
        _mix(scene, spec)


def _alone(scene: Any, name: str) -> Any:
    """Mute every other strip of `scene`."""
    kept = None
    for strip in _compat().strips_of(scene.sequence_editor):
        strip.mute = strip.name != name
        kept = strip if strip.name == name else kept
    if kept is None:
        raise SystemExit(f"there is no strip '{name}' any more")
    return kept


def _render(scene: Any, spec: dict[str, Any]) -> None:
    strip = _alone(scene, spec["picture"])
    for name, value in _NEUTRAL.items():
        if hasattr(strip, name):
            setattr(strip, name, value)
    for modifier in getattr(strip, "modifiers", ()):
        modifier.mute = True
    _reset(strip)
    render = scene.render
    element = strip.elements[0] if len(getattr(strip, "elements", None) or ()) else None
    if element is not None and element.orig_width:
        render.resolution_x, render.resolution_y = element.orig_width, element.orig_height
    render.resolution_percentage = 100
    render.use_sequencer, render.use_border, render.use_stamp = True, False, False
    render.dither_intensity = 0.0
    view = scene.view_settings
    view.view_transform, view.look, view.exposure, view.gamma = "Standard", "None", 0.0, 1.0
    view.use_curve_mapping = False
    scene.sequence_editor.use_prefetch = False
    _compat().write_movie(render)
    render.use_file_extension, render.filepath = False, spec["video"]
    _tell_progress(scene, spec)
    bpy.ops.render.render(animation=True, scene=scene.name)


def _reset(strip: Any) -> None:
    """No offset, no scale, no rotation, no crop."""
    transform, crop = getattr(strip, "transform", None), getattr(strip, "crop", None)
    if transform is not None:
        transform.offset_x = transform.offset_y = transform.rotation = 0
        transform.scale_x = transform.scale_y = 1
    if crop is not None:
        crop.min_x = crop.max_x = crop.min_y = crop.max_y = 0


def _mix(scene: Any, spec: dict[str, Any]) -> None:
    _alone(scene, spec["sound"])
    scene.frame_end = spec["sound_end"] - 1
    bpy.ops.sound.mixdown(filepath=spec["speech"], check_existing=False, container="WAV", codec="PCM", format="S16")


def _tell_progress(scene: Any, spec: dict[str, Any]) -> None:
    """Write a line after each frame; leave if the Blender that asked has gone."""
    first, parent = spec["begin"], os.getppid()

    def tell(*_: object) -> None:
        if os.getppid() != parent:
            os._exit(4)
        line = {"event": "progress", "done": scene.frame_current - first + 1}
        with open(spec["progress"], "a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")

    bpy.app.handlers.render_write.append(tell)


def _compat() -> Any:
    """compat.py, without the rest of the add-on: the way in depends on the name of its folder."""
    from importlib import import_module

    return import_module(f"{_PLUGIN}.blender.compat")


if __name__ == "__main__":
    with open(sys.argv[sys.argv.index("--") + 1], encoding="utf-8") as _file:
        _spec = json.load(_file)
    main(_spec)
    sys.stdout.flush()
    os._exit(0)  # Blender as a module can hang on its way out
