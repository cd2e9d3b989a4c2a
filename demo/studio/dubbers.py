"""The loaded models: the one the page began with, others for another precision, and one that has just met a face."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from synctalkface import LipSync, adapt


class Dubbers:
    """`first` is what `weights` on `device` gave; every other model is loaded when it is first asked for, and kept."""

    def __init__(self, first: LipSync, weights: str | None = None, device: str = "auto") -> None:
        self.first, self.weights, self.device = first, weights, device
        self._loaded: dict[str, LipSync] = {"auto": first}
        self._loading = threading.Lock()

    def get(self, precision: Any = "auto") -> LipSync:
        """The model that counts in `precision`. Raises ConfigError if it cannot, on this machine."""
        with self._loading:
            if precision not in self._loaded:
                self._loaded[precision] = self._load(self.weights, precision)
            return self._loaded[precision]

    def adapted(
        self, video: str, folder: Path, face: str, precision: Any, listen: Callable[[Any], None]
    ) -> tuple[LipSync, Any]:
        """A model that has learnt this face from this very video, and what came of learning; `folder` is made for it.

        Raises what `synctalkface.adapt` raises: MediaError without sound in the video, say.
        """
        self.get(precision)  # refuses what cannot be before minutes are spent on learning
        learnt = adapt(video, folder, weights=self.first.folder, face=face, device=self.device, on_progress=listen)
        return self._load(folder, precision), learnt

    def _load(self, weights: Any, precision: Any) -> LipSync:
        return LipSync.from_pretrained(weights, self.device, precision=precision)
