"""SyncTalkFace for Blender: lip-sync the selected strips of the video sequencer."""

from __future__ import annotations

from importlib import import_module
from typing import Any

# Read by Blender without running this file, when it is installed as an add-on of the old kind
bl_info = {
    "name": "SyncTalkFace Lip-Sync",
    "author": "The SyncTalkFace authors",
    "version": (0, 1, 0),
    "blender": (3, 4, 0),
    "location": "Video Sequencer > Sidebar > Lip-Sync",
    "description": "Give a talking face the mouth that fits new speech",
    "category": "Sequencer",
}

_PARTS = ("settings", "preferences", "operators", "worker_operators", "panel", "session")


def _parts() -> list[Any]:
    """Imported late: `core` must be usable without Blender."""
    return [import_module(f".blender.{name}", __name__) for name in _PARTS]


def register() -> None:
    """Blender calls it when the add-on is enabled."""
    for part in _parts():
        part.register()


def unregister() -> None:
    """Blender calls it when the add-on is disabled."""
    for part in reversed(_parts()):
        part.unregister()
