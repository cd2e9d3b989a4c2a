"""A prepared clip as the model draws it in use: the first frame is the reference, the whole clip is heard."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from synctalkface.data.dataset import Clip, Clips
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
    reference: Tensor | None = None,
) -> Redrawn:
    """The lower halves of `clip`, drawn to its own sound or to another `mel` (bands, T); the model in use.

    `reference` (1, 3, S, S) lends its pixels; None: the clip's first frame.
    """
    config, device = clips.config, next(model.parameters()).device
    faces = clips.faces(clip)
    reference = (faces[:1] if reference is None else reference).to(device)
    encoded = model.encode_reference(reference)
    sound = torch.from_numpy(clip.mel if mel is None else mel)
    drawn, addresses = [], []
    for begin in range(0, len(faces), BATCH):
        part = slice(begin, begin + BATCH)
        chunk = speech_chunk(sound, clip.centres[part], config.model.audio_steps, config.audio)
        heard = model.recall_lips(chunk.mel[None].to(device), chunk.starts[None].to(device))
        drawing = model.draw(upper(faces[part])[None].to(device), encoded, heard.audio, heard.lips)
        picture = render(drawing, reference)
        drawn.append((picture if config.face.region == "lower" else lower(picture))[0].cpu())
        addresses += [] if heard.address is None else [heard.address[0].cpu()]
    return Redrawn(torch.cat(drawn), torch.cat(addresses) if addresses else None)
