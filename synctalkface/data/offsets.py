"""How far sound and picture of a prepared clip are apart, by the sync expert; and putting it into the manifest.

A clip in which the expert finds no sync at any offset - dubbed, or the wrong face - teaches the wrong thing and is left
out. The confidence depends on the expert: the shipped one gives no clip of GRID less than 0.06, and 0.02 to 0.1 to most
clips with the speech of another (docs/log.md).
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from synctalkface.config import Config
from synctalkface.data import manifest
from synctalkface.data.clip import Clip, read
from synctalkface.data.dataset import Clips
from synctalkface.errors import DataError
from synctalkface.events import Listener, Progress, ignore
from synctalkface.metrics import LARGEST_SHIFT, LipSyncError, lip_sync_error
from synctalkface.models.syncnet import SyncNet

LEAST_CONFIDENCE = 0.05  # LSE-C


@torch.no_grad()
def features(net: SyncNet, clips: Clips, clip: Clip, largest: int = LARGEST_SHIFT) -> tuple[Tensor, Tensor]:
    """Mouths (F, C) of the frames that have a full window, and sounds (2 * largest + 1, F, C) around each."""
    half = clips.config.syncnet.frames // 2
    centres = np.arange(half, len(clip.crops) - half)
    net.eval()
    device = next(net.parameters()).device
    batch = clips.sync_windows(clip, centres)
    seen = net.see(batch.faces.to(device))
    around = np.arange(half - largest, len(clip.crops) - half + largest)
    heard = net.hear(clips.sync_sounds(clip, around).to(device)).cpu()  # each sound once, for all the shifts
    return seen.cpu(), heard.unfold(0, len(centres), 1).movedim(-1, 1)  # (2 * largest + 1, F, C)


def measure(net: SyncNet, clips: Clips, clip: Clip) -> LipSyncError:
    """Offset and confidence of one clip."""
    return lip_sync_error(*features(net, clips, clip))


def measure_all(
    folder: Path, net: SyncNet, config: Config, listener: Listener = ignore, least: float = LEAST_CONFIDENCE
) -> int:
    """Measure every clip of the prepared `folder` that has no offset yet; returns how many were measured.

    Clips whose confidence is below `least`, new or old, are left out and counted in the manifest; 0 takes all back.
    `config` is the one that `net` was trained with. Raises DataError if the folder was not prepared, or none is left.
    """
    book = manifest.load(folder)
    waiting = [entry for _, entry in sorted(book.entries.items()) if entry.offset is None]
    for count, entry in enumerate(waiting, start=1):
        clip = read(folder, entry, config)
        error = measure(net, Clips([clip], config, book.size), clip)
        book.measured(entry.identifier, error.offset, round(error.confidence, 4))
        if count % 100 == 0:
            book.save(folder)
        listener(Progress("measure offsets", count, len(waiting)))
    left_out = book.sift(least)
    book.save(folder)
    if left_out and not book.usable():
        raise DataError(
            f"In no clip of {folder} do lips and sound belong together with a confidence of {least:g}. Lower it."
        )
    return len(waiting)
