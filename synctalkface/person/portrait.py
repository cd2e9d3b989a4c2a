"""One frame of a person whose mouth is moved by hand, by memory address and without sound."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from synctalkface.address import Shapes
from synctalkface.config import Config
from synctalkface.errors import ConfigError
from synctalkface.models.generator import Heard, SyncTalkFace
from synctalkface.person.hearing import Hearing, silent
from synctalkface.person.mouth import Mouth, Still


class Portrait:
    """The first of `references`, which is drawn on; S slots of memory, `shapes` the names of some addresses.

    articulation: how wide the person parts the lips (faces.articulation).
    Raises ConfigError if the model has no memory.
    """

    def __init__(
        self,
        model: SyncTalkFace,
        config: Config,
        references: Sequence[Still],
        shapes: Shapes,
        articulation: float = 1.0,
    ) -> None:
        if model.memory is None:
            raise ConfigError("These weights have no memory, so no address can move a mouth. Choose other weights.")
        self.shapes = shapes
        self._memory, (self._frame, self._where) = model.memory, references[0]
        self._mouth = Mouth(model, config, references, articulation)
        self._rest = Hearing(model, config, silent(config)).at(np.zeros(1))

    def address(self, wanted: Mapping[str, float]) -> NDArray[np.float32]:
        """The address (S,) of a mixture of named shapes, each with its share of 0..1; the rest is the mouth at rest.

        Shares that sum to more than one are scaled down. Raises ConfigError for a name that does not exist.
        """
        unknown = sorted(wanted.keys() - self.shapes.keys())
        if unknown:
            raise ConfigError(f"There is no mouth shape '{unknown[0]}'. There are: {', '.join(self.shapes) or 'none'}.")
        assert self._rest.address is not None  # noqa: S101 (there is a memory)
        mixed = np.zeros(self._rest.address.shape[-1], np.float64)
        total = max(1.0, sum(wanted.values()))
        for name, share in wanted.items():
            mixed += share / total * self.shapes[name]
        mixed += max(0.0, 1 - sum(wanted.values())) * self._rest.address[0, 0].cpu().numpy()
        return np.asarray(mixed / mixed.sum(), dtype=np.float32)

    def draw(self, address: NDArray[np.float32]) -> NDArray[np.uint8]:
        """The frame as RGB uint8 (H, W, 3) with the mouth that lies at `address` (S,)."""
        frame = self._frame.copy()
        asked = torch.from_numpy(address)[None, None].to(self._rest.audio.device)
        heard = Heard(self._rest.audio, self._memory.read(asked), asked)
        self._mouth.draw([frame], [self._where], heard)
        return frame.rgb()
