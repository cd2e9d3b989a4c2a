"""Held-out numbers of a generator: does it follow the sound, and is it better than copying the reference?

Every clip is redrawn as in use: the references are those of a dub, whole clip, averaged weights.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from synctalkface import losses
from synctalkface.config import Config
from synctalkface.data.clip import Clip
from synctalkface.data.dataset import Clips
from synctalkface.data.offsets import features
from synctalkface.data.redraw import redraw
from synctalkface.inputs import lower, upper
from synctalkface.metrics import l1, lip_sync_error, psnr
from synctalkface.models.generator import SyncTalkFace
from synctalkface.models.syncnet import SyncNet


class Scores(NamedTuple):
    """Means over clips; L1 and PSNR inside the mouth window."""

    right: float  # L1 with the clip's own speech
    wrong: float  # L1 with another clip's speech
    copy: float  # L1 of the first reference itself
    psnr: float  # dB, own speech
    copy_psnr: float
    slots: float  # perplexity of the mean address: how many slots are in use
    confidence: float  # LSE-C of the redrawn clips, own speech; 0 without a sync expert
    true_confidence: float  # LSE-C of the filmed clips
    within_one: float  # share of redrawn clips whose offset is within one frame of the filmed clip's


def validate(model: SyncTalkFace, clips: Clips, syncnet: SyncNet | None = None) -> Scores:
    """Score `model` (in evaluation mode) on `clips`. "Wrong" speech is that of the next clip of the list."""
    rows, addresses = [], []
    for index, clip in enumerate(clips.clips):
        true, mouth = lower(clips.faces(clip)), clips.mouths(clip)
        other = clips.clips[(index + 1) % len(clips.clips)]
        own = redraw(model, clips, clip)
        if own.address is not None:
            addresses.append(own.address)
        copied = true[clip.references().closed].expand_as(true)
        row = [
            l1(own.picture, true, mouth),
            l1(redraw(model, clips, clip, other.mel).picture, true, mouth),
            l1(copied, true, mouth),
            psnr(own.picture, true, mouth),
            psnr(copied, true, mouth),
        ]
        rows.append(row + _sync(syncnet, clips, clip, own.picture))
    means = np.mean(rows, axis=0)
    slots = float(losses.perplexity(torch.cat(addresses))) if addresses else 0.0
    right, wrong, copy, psnr_, copy_psnr, *sync = map(float, means)
    return Scores(right, wrong, copy, psnr_, copy_psnr, slots, *sync[:3])


def _sync(syncnet: SyncNet | None, clips: Clips, clip: Clip, drawn: Tensor) -> list[float]:
    if syncnet is None:
        return [0.0, 0.0, 0.0]
    seen, heard = features(syncnet, clips, clip)
    filmed = lip_sync_error(seen, heard)
    frames = clips.config.syncnet.frames
    with torch.no_grad():
        windows = drawn.unfold(0, frames, 1).movedim(-1, 1)  # (N, 5, 3, S/2, S)
        ours = lip_sync_error(syncnet.see(windows.to(next(syncnet.parameters()).device)).cpu(), heard)
    return [ours.confidence, filmed.confidence, float(abs(ours.offset - filmed.offset) <= 1)]


def sheet(
    model: SyncTalkFace, clips: Clips, count: int = 3, every: int = 9, config: Config | None = None
) -> NDArray[np.uint8]:
    """A picture to look at: for each clip the filmed faces, the redrawn ones, and those redrawn to a wrong speech."""
    bands = []
    for index, clip in enumerate(clips.clips[:count]):
        faces = clips.faces(clip)
        other = clips.clips[(index + 1) % len(clips.clips)]
        rows = [faces]
        for mel in (None, other.mel):
            drawn = redraw(model, clips, clip, mel).picture
            rows.append(torch.cat([upper(faces), drawn], dim=-2))
        bands += [torch.cat(list(row[::every]), dim=-1) for row in rows]
    width = min(band.shape[-1] for band in bands)
    stacked = torch.cat([band[..., :width] for band in bands], dim=-2)
    return stacked.clamp(0, 1).mul(255).round().byte().movedim(0, -1).numpy()
