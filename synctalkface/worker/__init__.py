"""A process that dubs for a host program: commands come in and events go out as JSON lines; the model stays loaded."""

from __future__ import annotations

from synctalkface.worker.serve import serve

__all__ = ["serve"]
