"""A prepared clip as the model draws it in use: its usual frames are the references, the whole clip is heard."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from synctalkface.data.clip import Clip
from synctalkface.data.dataset import Clips
from synctalkface.inputs import lower, speech_chunk, upper
from synctalkface.models.decoder import render
from synctalkface.models.generator import SyncTalkFace

BATCH = 25  # frames drawn at once


class Redrawn(NamedTuple):
    """A clip as the model draws it."""

    picture: Tensor  # (F, 3, S/2, S) lower halves
    address: Tensor | None  # (F, S)


@torch.no_grad()
def redraw(
    model: SyncTalkFace,
    clips: Clips,
    clip: Clip,
    mel: NDArray[np.float32] | None = None,
    references: Tensor | None = None,
    articulation: float | None = None,
) -> Redrawn:
    """The lower halves of `clip`, drawn to its own sound or to another `mel` (bands, T); the model in use.

    `references` (K, 3, S, S) lend their pixels, `articulation` says how wide the lips part; None: the frames that a
    dub of the clip would take, and as the clip shows it.
    """
    config, device = clips.config, next(model.parameters()).device
    faces = clips.faces(clip)
    lending = faces[list(clip.references())] if references is None else references
    stills = lending[None, : config.model.references].to(device)  # (1, K, 3, S, S)
    encoded = model.encode_references(stills)
    sound = torch.from_numpy(clip.mel if mel is None else mel)
    wide = torch.tensor([clip.articulation() if articulation is None else articulation], device=device)
    rest = model.rest()
    drawn, addresses = [], []
    for begin in range(0, len(faces), BATCH):
        part = slice(begin, begin + BATCH)
        chunk = speech_chunk(sound, clip.centres[part], config.model.audio_steps, config.audio)
        heard = model.recall_lips(chunk.mel[None].to(device), chunk.starts[None].to(device))
        heard = model.articulate(heard, rest, wide)
        drawing = model.draw(upper(faces[part])[None].to(device), encoded, heard.audio, heard.lips)
        picture = render(drawing, stills)
        drawn.append((picture if config.face.region == "lower" else lower(picture))[0].cpu())
        addresses += [] if heard.address is None else [heard.address[0].cpu()]
    return Redrawn(torch.cat(drawn), torch.cat(addresses) if addresses else None)


def with_mouths(crops: NDArray[np.uint8], halves: Tensor) -> NDArray[np.uint8]:
    """A copy of stored crops (F, P, P, 3) with lower halves (F, 3, S/2, S) of 0..1 put into them."""
    changed, size = crops.copy(), halves.shape[-1]
    edge = (crops.shape[1] - size) // 2
    drawn = halves.clamp(0, 1).mul(255).round().byte().movedim(1, -1).numpy()
    changed[:, edge + size // 2 : edge + size, edge : edge + size] = drawn
    return changed
