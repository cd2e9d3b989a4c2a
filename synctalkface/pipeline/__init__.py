"""From a face video and speech to the dubbed video."""

from __future__ import annotations

from synctalkface.pipeline.limits import Limits
from synctalkface.pipeline.lipsync import LipSync
from synctalkface.pipeline.report import Report

__all__ = ["Limits", "LipSync", "Report"]
