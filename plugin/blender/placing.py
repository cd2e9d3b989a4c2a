"""The result on the timeline: a new strip above its source, looking the same, with the source left as it was."""

from __future__ import annotations

import json
from typing import Any

import bpy

from ..core.files import free_channel
from ..core.jobs import Job
from . import compat

KEY = "synctalkface"  # the custom property that tells how a strip was made
# What is not copied from the source: its place, its trims and its speed are in the result's frames already.
_OWN = {
    "rna_type", "name", "type", "select", "select_left_handle", "select_right_handle", "mute", "lock", "channel",
    "filepath", "directory", "stream_index", "use_reverse_frames", "speed_factor", "strobe", "use_proxy", "sound",
    "scene", "scene_camera", "scene_input", "use_float", "use_deinterlace", "use_multiview", "alpha_mode",
    "show_retiming_keys", "views_format", "animation_offset_start", "animation_offset_end", "duration",
}  # fmt: skip
_OWN_BEGINNINGS = ("frame_", "left_", "right_", "content_")


class PlaceError(Exception):
    """The result could not be put on the timeline. `str(error)` is the sentence to show."""


def place(job: Job) -> str:
    """Put the result of `job` on the timeline; what the user should know, or "". Raises PlaceError."""
    scene = bpy.data.scenes.get(job.scene)
    if scene is None:
        raise PlaceError(f"There is no scene '{job.scene}' any more. The result is {job.out}: add it where you like.")
    if scene.sequence_editor is None:
        scene.sequence_editor_create()
    editor = scene.sequence_editor
    source, level = _source(editor, job)
    others = [compat.range_of(strip) for strip in compat.strips_of(level)]
    channel = free_channel(job.channel, job.begin, job.end, others, compat.MOST_CHANNELS)
    if channel is None:
        raise PlaceError(f"No channel above {job.channel} is free there. The result is {job.out}: add it by hand.")
    strip = compat.strips_of(level).new_movie(
        name=f"{job.name}.sync", filepath=_shown(job.out), channel=channel, frame_start=job.begin
    )
    notes = list(job.warnings)
    if source is not None:
        _look_alike(source, strip)
        notes += _not_copied(source)
        source.mute = source.mute or job.mute_source
    else:
        notes.append(f"'{job.picture}' is not there any more; the result stands where it was.")
    strip[KEY] = json.dumps(_how_made(job))
    strip.select = False  # the selection stays what the user made it: the results are no sources
    return " ".join(notes)


def _source(editor: Any, job: Job) -> tuple[Any | None, Any]:
    """The strip that `job` was made from, if it is still what it was, and the level on which it lies."""
    for level in [editor, *(strip for strip in compat.all_strips_of(editor) if strip.type == "META")]:
        for strip in compat.strips_of(level):
            if strip.name == job.picture:
                return strip, level
    return None, editor


def _shown(path: str) -> str:
    """`path` as the user likes to have paths in the file."""
    relative = bpy.data.is_saved and bpy.context.preferences.filepaths.use_relative_paths
    try:
        return str(bpy.path.relpath(path)) if relative else path
    except ValueError:
        return path  # on another drive


def _look_alike(source: Any, strip: Any) -> None:
    """Give `strip` every setting of `source` that is about its looks."""
    _copy(source, strip, lambda name: name not in _OWN and not name.startswith(_OWN_BEGINNINGS))
    for part in ("transform", "crop"):
        if getattr(source, part, None) is not None and getattr(strip, part, None) is not None:
            _copy(getattr(source, part), getattr(strip, part), lambda name: name != "rna_type")


def _copy(source: Any, target: Any, wanted: Any) -> None:
    known = target.bl_rna.properties
    for prop in source.bl_rna.properties:
        name = prop.identifier
        if not wanted(name) or name not in known or known[name].is_readonly or prop.type in ("POINTER", "COLLECTION"):
            continue
        value = getattr(source, name)
        if getattr(target, name) != value:
            setattr(target, name, value)


def _not_copied(source: Any) -> list[str]:
    """What of `source` is not on the result."""
    if len(getattr(source, "modifiers", ())):
        return [f"The modifiers of '{source.name}' are not copied."]
    return []


def _how_made(job: Job) -> dict[str, Any]:
    kept = ("video", "speech", "picture", "sound", "begin", "end", "rate", "speech_begin", "settings")
    told = ("weights", "device", "faces", "gaps", "sha256")
    return {**{name: getattr(job, name) for name in kept}, **{name: job.result.get(name) for name in told}}
