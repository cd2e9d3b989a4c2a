"""Weights and their configuration as one folder; on the disk or on the Hugging Face Hub.

A folder and a repository name are used alike. Loading is strict both ways: no key more, no key less, every shape right.
"""

from __future__ import annotations

from synctalkface.hub.card import Facts
from synctalkface.hub.fetch import Repository, origin, repository, resolve
from synctalkface.hub.folder import (
    CONFIG,
    GENERATOR,
    SYNCNET,
    copy_module,
    holds,
    load_config,
    load_generator,
    load_syncnet,
    require_same,
    save_module,
    shipped,
)
from synctalkface.hub.parcel import Parcel, pack, parcel
from synctalkface.hub.upload import Kind, push_to_hub, upload

__all__ = [
    "CONFIG",
    "GENERATOR",
    "SYNCNET",
    "Facts",
    "Kind",
    "Parcel",
    "Repository",
    "copy_module",
    "holds",
    "load_config",
    "load_generator",
    "load_syncnet",
    "origin",
    "pack",
    "parcel",
    "push_to_hub",
    "repository",
    "require_same",
    "resolve",
    "save_module",
    "shipped",
    "upload",
]
