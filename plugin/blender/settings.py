"""What is set for a scene: whose face, how long, where results go. Saved in the .blend."""

from __future__ import annotations

import bpy

FITS = (
    ("overlap", "Where both are", "The result is exactly as long as video and sound overlap"),
    ("bounce", "Back and forth", "Longer speech prolongs the picture: it plays back and forth"),
    ("loop", "From the start", "Longer speech prolongs the picture: it plays again"),
    ("hold", "Stand still", "Longer speech prolongs the picture: its last frame stands"),
)


class SceneSettings(bpy.types.PropertyGroup):
    """As the panel shows them."""

    face: bpy.props.StringProperty(
        name="Face",
        description="Whose mouth it is: largest, a number by size such as 2, or a point of the frame such as 640,200",
        default="largest",
    )
    fit: bpy.props.EnumProperty(name="Length", description="How long the result is", items=FITS, default="overlap")
    mute_source: bpy.props.BoolProperty(
        name="Mute the Original", description="Mute the source strip when its result is placed", default=False
    )
    folder: bpy.props.StringProperty(
        name="Folder",
        description="Where results are written; empty: a folder 'synctalkface' beside the .blend",
        subtype="DIR_PATH",
    )


def register() -> None:
    """Give every scene these settings."""
    bpy.utils.register_class(SceneSettings)
    bpy.types.Scene.synctalkface = bpy.props.PointerProperty(type=SceneSettings)


def unregister() -> None:
    """Undo `register`; the values stay in the file."""
    del bpy.types.Scene.synctalkface
    bpy.utils.unregister_class(SceneSettings)
