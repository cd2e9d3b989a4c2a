"""The add-on's preferences: the worker's Python, chosen or made here, its weights and its device."""

from __future__ import annotations

import textwrap
from typing import Any

import bpy

from . import compat, session

DEVICES = (
    ("auto", "Automatic", "A GPU if there is one that torch can use, else the CPU"),
    ("cpu", "CPU", "Works everywhere"),
    ("cuda", "GPU (CUDA)", "An NVIDIA GPU"),
)


class Preferences(bpy.types.AddonPreferences):
    """Drawn in Edit > Preferences > Add-ons."""

    bl_idname = session.PACKAGE

    python: bpy.props.StringProperty(
        name="Python",
        description="A Python (3.11 or newer) in which synctalkface is installed; empty: the environment made below",
        subtype="FILE_PATH",
    )
    weights: bpy.props.StringProperty(
        name="Weights",
        description="A folder of weights or a repository name on the Hugging Face Hub; empty: those of the package",
    )
    device: bpy.props.EnumProperty(name="Device", description="Where the model runs", items=DEVICES, default="auto")
    idle: bpy.props.IntProperty(
        name="Free Memory After",
        description="Seconds without a job after which the worker ends, which frees its memory and the GPU's",
        default=300,
        min=5,
        soft_max=3600,
        subtype="TIME",
    )
    base: bpy.props.StringProperty(
        name="Made With",
        description="The Python to make the environment with; empty: the first one found that is new enough",
        subtype="FILE_PATH",
    )
    package: bpy.props.StringProperty(
        name="Package",
        description="What pip installs: a name, a wheel file, or a folder with the source of synctalkface",
        default="synctalkface",
    )
    wheels: bpy.props.StringProperty(
        name="Wheel Folder",
        description="A folder with all wheels, to install from without a network; empty: from the package index",
        subtype="DIR_PATH",
    )

    def draw(self, context: Any) -> None:
        """Blender calls it."""
        here = session.current()
        layout = self.layout
        layout.use_property_split = True
        box = layout.box()
        box.prop(self, "python")
        row = box.row()
        row.operator("synctalkface.check", icon="CHECKMARK")
        row.operator("synctalkface.open_log", icon="TEXT")
        draw_state(box, here)
        for name in ("device", "weights", "idle"):
            box.prop(self, name)
        box = layout.box()
        box.label(text="Make an environment for the worker (about 2 GB with torch)")
        for name in ("base", "package", "wheels"):
            box.prop(self, name)
        _draw_setup(box, here)


def draw_state(layout: Any, here: session.Session) -> None:
    """What is known of the worker."""
    desk = here.desk
    if desk.trouble:
        draw_sentence(layout, desk.trouble, icon="ERROR")
    elif desk.worker is not None:
        layout.label(text=f"Worker ready on {desk.device}" if desk.device else "Worker is starting", icon="CHECKMARK")
    elif desk.device:
        layout.label(text=f"Worker at rest (last on {desk.device})", icon="CHECKMARK")


def draw_sentence(layout: Any, text: str, icon: str = "NONE", width: int = 44) -> None:
    """A sentence on as many lines as a sidebar needs."""
    column = layout.column(align=True)
    column.scale_y = 0.8
    for number, line in enumerate(textwrap.wrap(text, width)):
        column.label(text=line, icon=icon if number == 0 else "BLANK1" if icon != "NONE" else "NONE")


def _draw_setup(layout: Any, here: session.Session) -> None:
    making = here.setup
    if making is not None and making.running:
        layout.label(text=making.line or "Starting", icon="SORTTIME")
        layout.operator("synctalkface.cancel_environment", icon="X")
        return
    if making is not None and making.trouble:
        draw_sentence(layout, making.trouble, icon="ERROR", width=90)
    if not compat.online_allowed():
        layout.label(text="Blender may not use the network (Preferences > System): give a wheel folder", icon="INFO")
    layout.operator("synctalkface.make_environment", icon="IMPORT")


def register() -> None:
    """Show the preferences."""
    bpy.utils.register_class(Preferences)


def unregister() -> None:
    """Undo `register`."""
    bpy.utils.unregister_class(Preferences)
