"""Adapt to one half of a prepared clip and leave the other unseen: what adaptation is examined by."""

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


def adapt_to_half(
    data: Path,
    entry: manifest.Entry,
    base: Path,
    out: Path,
    *,
    second: bool = False,
    recipe: Recipe | None = None,
    device: str = "auto",
    listener: Listener = ignore,
) -> None:
    """Write to the folder `out` the weights in `base`, adapted to half of a clip of the folder `data`.

    It is the first half, or the `second`. The references are frames of it, also where the other is scored. Raises
    DataError or WeightsError.
    """
    syncnet = hub.load_syncnet(base) if hub.holds(base, hub.SYNCNET) else None
    config = hub.load_config(base)
    footage = [half(pack.load(data / entry.file), entry, config, second)]
    run = Adaptation(footage, base, recipe or Recipe(), syncnet, find_device(device), listener)
    outcome = run.adapt(listener)
    run.average.load_state_dict(outcome.state)
    hub.save_module(run.average, outcome.applied(config), out, hub.GENERATOR)


def half(stored: pack.Pack, entry: manifest.Entry, config: Config, second: bool = False) -> Footage:
    """The first half of the frames of `stored`, or the `second`; what is heard stays the whole, as loud as it is.

    Sound is no supervision: the speech to be dubbed is known as well. The lips of the other half are not seen.
    """
    middle = len(stored.crops) // 2
    frames = slice(middle, None) if second else slice(middle)
    seen = replace(
        stored, crops=stored.crops[frames], centres=stored.centres[frames], landmarks=stored.landmarks[frames]
    )
    clip = unpacked(stored, entry, config).part(frames.start or 0, frames.stop)
    told = replace(clip, centres=clip.centres + entry.correction)
    return Footage(seen, told, ((0, len(seen.crops)),), np.array([told.references()] * len(seen.crops)))
