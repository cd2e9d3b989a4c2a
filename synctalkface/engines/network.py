"""The model whose drawing is done by a network outside of it."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext

import torch
from torch import Tensor, nn

from synctalkface.engines.graph import as_drawing
from synctalkface.engines.runtime import Run
from synctalkface.models.decoder import Drawing
from synctalkface.models.face import ReferenceFeatures
from synctalkface.models.generator import SyncTalkFace


class Engine(SyncTalkFace):
    """`model` (as made by `for_use`) with its verbs; `name` and `precision` say who draws and in which numbers."""

    def __init__(self, model: SyncTalkFace, name: str, precision: str) -> None:
        nn.Module.__init__(self)  # the parts are the model's own, none are built
        self.name, self.precision = name, precision
        self.articulated = model.articulated
        self.register_buffer("silence", model.silence, persistent=False)
        self.audio_encoder, self.face_encoder = model.audio_encoder, model.face_encoder
        self.decoder, self.memory, self.lip_encoder = model.decoder, model.memory, None
        self.eval()


class TorchEngine(Engine):
    """Drawn by torch, in `dtype` where that is given."""

    def __init__(self, model: SyncTalkFace, precision: str, dtype: torch.dtype | None = None) -> None:
        super().__init__(model, "torch", precision)
        self._dtype = dtype

    def draw(self, pose: Tensor, features: ReferenceFeatures, audio: Tensor, lips: Tensor) -> Drawing:
        with self._numbers(pose.device):
            return super().draw(pose, features, audio, lips)

    def _numbers(self, device: torch.device) -> AbstractContextManager[object]:
        return nullcontext() if self._dtype is None else torch.autocast(device.type, dtype=self._dtype)


class NetworkEngine(Engine):
    """Drawn by `run`, one clip at a time, on the CPU."""

    def __init__(self, model: SyncTalkFace, name: str, precision: str, run: Run) -> None:
        super().__init__(model, name, precision)
        self._run = run

    def draw(self, pose: Tensor, features: ReferenceFeatures, audio: Tensor, lips: Tensor) -> Drawing:
        if len(pose) != 1 or len(audio) != 1:
            raise ValueError(f"A network draws one clip at a time, not {len(pose)}.")
        return as_drawing(self._run((pose[0], audio[0], lips[0], *features)))
