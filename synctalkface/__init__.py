"""SyncTalkFace: dub a face. The public names; `LipSync` is imported when it is first asked for.

>>> from synctalkface import LipSync
>>> LipSync.from_pretrained().dub("face.mp4", "speech.wav", "dubbed.mp4")
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from synctalkface.errors import SyncTalkFaceError

if TYPE_CHECKING:
    from synctalkface.pipeline import LipSync

__version__ = "0.1.0"
__all__ = ["LipSync", "SyncTalkFaceError", "__version__"]


def __getattr__(name: str) -> Any:
    """`LipSync`, late: it brings torch, which takes a second, and `synctalkface --help` should not wait for that."""
    if name == "LipSync":
        from synctalkface.pipeline import LipSync

        return LipSync
    raise AttributeError(f"module 'synctalkface' has no attribute '{name}'")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
