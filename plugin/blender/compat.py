"""Blender 3.4 to 5.2: the one file that knows how they differ.

Strips were called sequences until 4.3, handles and contents were renamed in 5.1, the sequencer got a scene of its own
in 5.0. Everything else asks here, so no other file names any of them.
"""

from __future__ import annotations

from typing import Any

import bpy

from ..core.strips import Strip

MOST_CHANNELS = 128 if bpy.app.version >= (4, 0) else 32
# In these versions the sound of a hard-trimmed strip is heard one frame late
_LATE_TRIMMED_SOUND = (4, 4) <= bpy.app.version < (5, 1)
_HAS_PROGRESS = hasattr(bpy.types.UILayout, "progress")


def scene_of(context: Any) -> Any:
    """The scene whose strips are edited."""
    return getattr(context, "sequencer_scene", None) or context.scene


def strips_of(owner: Any) -> Any:
    """The strips right below a sequence editor or a meta strip."""
    found = getattr(owner, "strips", None)  # an empty collection is falsy: ask for None
    return owner.sequences if found is None else found


def all_strips_of(editor: Any) -> Any:
    """The strips of an editor, those inside meta strips too."""
    found = getattr(editor, "strips_all", None)
    return editor.sequences_all if found is None else found


def open_level(scene: Any) -> Any | None:
    """What is being edited: the innermost open meta strip, else the editor itself; None if there is no sequence."""
    editor = scene.sequence_editor if scene else None
    if editor is None:
        return None
    return editor.meta_stack[-1] if len(editor.meta_stack) else editor


def selected(scene: Any) -> list[Any]:
    """The selected strips of the level that is being edited."""
    level = open_level(scene)
    return [] if level is None else [strip for strip in strips_of(level) if strip.select]


def read(strip: Any) -> Strip:
    """`strip` as plain numbers."""
    return Strip(
        name=strip.name,
        kind=strip.type,
        channel=strip.channel,
        left=int(_either(strip, "left_handle", "frame_final_start")),
        right=int(_either(strip, "right_handle", "frame_final_end")),
        content_start=round(_either(strip, "content_start", "frame_start")),
        content_length=int(_either(strip, "content_duration", "frame_duration")),
        trim_start=int(_either(strip, "content_trim_start", "animation_offset_start", 0)),
        path=_path(strip),
        rate=float(getattr(strip, "fps", 0.0) or 0.0),
        reversed=bool(getattr(strip, "use_reverse_frames", False)),
        sound_offset=float(getattr(strip, "sound_offset", 0.0)),
        odd=tuple(_oddities(strip)),
    )


def range_of(strip: Any) -> tuple[int, int, int]:
    """(channel, left, right) of a strip of any kind."""
    left, right = _either(strip, "left_handle", "frame_final_start"), _either(strip, "right_handle", "frame_final_end")
    return strip.channel, int(left), int(right)


def online_allowed() -> bool:
    """Does the user let Blender use the network? Before 4.2 nobody asked."""
    return bool(getattr(bpy.app, "online_access", True))


def user_folder(package: str) -> str:
    """A folder for files of the add-on that survives its update; made if need be."""
    if package.startswith("bl_ext."):
        return str(bpy.utils.extension_path_user(package, create=True))
    return str(bpy.utils.user_resource("DATAFILES", path="synctalkface", create=True))


def draw_progress(layout: Any, share: float, text: str) -> None:
    """A bar where there are bars, a label where not."""
    if _HAS_PROGRESS:
        layout.progress(factor=share, type="BAR", text=text)
    else:
        layout.label(text=text)


def write_movie(render: Any, codec: str = "FFV1") -> None:
    """Make `render` settings write a Matroska file, without sound."""
    if hasattr(render.image_settings, "media_type"):
        render.image_settings.media_type = "VIDEO"
    render.image_settings.file_format = "FFMPEG"
    render.ffmpeg.format = "MKV"
    render.ffmpeg.codec = codec
    render.ffmpeg.audio_codec = "NONE"
    render.image_settings.color_mode = "RGB"


def _either(strip: Any, new: str, old: str, default: float | None = None) -> Any:
    """The property under its new name, else under its old one; the old one warns where there is a new one."""
    known = strip.bl_rna.properties
    name = new if new in known else old
    return getattr(strip, name) if default is None else getattr(strip, name, default)


def _path(strip: Any) -> str:
    if strip.type == "SOUND":
        return bpy.path.abspath(strip.sound.filepath, library=strip.sound.library) if strip.sound else ""
    return bpy.path.abspath(strip.filepath) if strip.type == "MOVIE" else ""


def _oddities(strip: Any) -> list[str]:
    """Why the frames of `strip` cannot be counted."""
    names = {"META": "a meta strip", "SCENE": "a scene", "IMAGE": "made of pictures"}
    odd = [f"it is {names[strip.type]}"] if strip.type in names else []
    if abs(getattr(strip, "speed_factor", 1.0) - 1.0) > 1e-6 or len(getattr(strip, "retiming_keys", ())):
        odd.append("its speed is changed")
    if getattr(strip, "strobe", 0.0) > 1.0:
        odd.append("it has a strobe")
    if strip.type == "SOUND":
        if abs(getattr(strip, "pitch", 1.0) - 1.0) > 1e-6:
            odd.append("its pitch is changed")
        if _LATE_TRIMMED_SOUND and _either(strip, "content_trim_start", "animation_offset_start", 0):
            odd.append("its sound is trimmed hard")
    return odd
