"""Adapt to the first half of a prepared clip and leave the second unseen: what adaptation is examined by."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from synctalkface import hub
from synctalkface.config import Config
from synctalkface.data import manifest, pack
from synctalkface.data.clip import unpacked
from synctalkface.device import find_device
from synctalkface.events import Listener, ignore
from synctalkface.training.adaptation import Adaptation, Recipe
from synctalkface.training.footage import Footage


def adapt_to_first_half(
    data: Path,
    entry: manifest.Entry,
    base: Path,
    out: Path,
    *,
    recipe: Recipe | None = None,
    device: str = "auto",
    listener: Listener = ignore,
) -> None:
    """Write to the folder `out` the weights in `base`, adapted to the first half of a clip of the folder `data`.

    The references are frames of the first half, also where the second is scored. Raises DataError or WeightsError.
    """
    syncnet = hub.load_syncnet(base) if hub.holds(base, hub.SYNCNET) else None
    config = hub.load_config(base)
    footage = [first_half(pack.load(data / entry.file), entry, config)]
    run = Adaptation(footage, base, recipe or Recipe(), syncnet, find_device(device))
    run.average.load_state_dict(run.adapt(listener).state)
    hub.save_module(run.average, config, out, hub.GENERATOR)


def first_half(stored: pack.Pack, entry: manifest.Entry, config: Config) -> Footage:
    """The first half of the frames of `stored`, with the sound up to there."""
    frames = len(stored.crops) // 2
    end = float(stored.centres[frames - 1] + stored.centres[frames]) / 2 + entry.correction  # seconds
    rest = pack.Pack(
        stored.crops[:frames],
        stored.waveform[: max(1, round(end * stored.sample_rate))],
        stored.sample_rate,
        stored.centres[:frames],
        stored.landmarks[:frames],
    )
    clip = unpacked(rest, entry, config)
    heard = replace(clip, centres=clip.centres + entry.correction)
    return Footage(rest, heard, ((0, frames),), np.array([heard.references()] * frames))
