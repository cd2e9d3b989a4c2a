"""SyncTalkFace: dub a face. The public names; `LipSync` is imported when it is first asked for.

>>> from synctalkface import LipSync
>>> LipSync.from_pretrained().dub("face.mp4", "speech.wav", "dubbed.mp4")
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from synctalkface.errors import SyncTalkFaceError

if TYPE_CHECKING:
    from synctalkface.evaluation.check import check
    from synctalkface.pipeline import Limits, LipSync
    from synctalkface.training.adapt import adapt

__version__ = "0.1.0"
__all__ = ["Limits", "LipSync", "SyncTalkFaceError", "__version__", "adapt", "check"]


def __getattr__(name: str) -> Any:
    """`LipSync` and what goes with it, late: torch takes a second, and `synctalkface --help` should not wait for it."""
    if name == "check":
        from synctalkface.evaluation.check import check

        return check
    if name == "adapt":
        from synctalkface.training.adapt import adapt

        return adapt
    if name in __all__:
        from synctalkface import pipeline

        return getattr(pipeline, name)
    raise AttributeError(f"module 'synctalkface' has no attribute '{name}'")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
