"""The whole training in one call that may be cut off: sync expert, generator with its adversarial phase, delivery.

Made for a GPU that is lent for minutes at a time. Call it again and it goes on where it stopped.
"""

from __future__ import annotations

from pathlib import Path

from synctalkface import hub
from synctalkface.config import Config
from synctalkface.data import manifest, pieces
from synctalkface.events import Listener, ignore
from synctalkface.training import checkpoint
from synctalkface.training.crew import Crew
from synctalkface.training.generator import train_generator
from synctalkface.training.syncnet import train_syncnet

SYNCNET, GENERATOR, WEIGHTS, DATA = "syncnet", "generator", "weights", "data"  # folders of a run
LARGEST_SHARD = 15_500_000  # bytes of tensors: with its header a file stays below 16 MB
# What a large GPU is given to do at once: four times the windows, and more negatives for the sync expert.
FOR_GPU = ["training.windows=32", "syncnet_training.clips=64", "syncnet_training.steps=3000"]


def follow_recipe(
    data: Path,
    out: Path,
    config: Config,
    crew: Crew,
    *,
    until: float | None = None,
    tensorboard: bool = False,
    listener: Listener = ignore,
) -> list[Path]:
    """Train on `data`, a prepared folder or its pieces, below the folder `out`; the files of the delivered weights.

    Raises loop.Paused, with everything saved, at the moment `until` of time.monotonic().
    """
    prepared = _prepared(data, out, crew)
    expert, run = out / SYNCNET, out / GENERATOR
    if checkpoint.reached(expert) < config.syncnet_training.steps:
        train_syncnet(prepared, expert, config, crew=crew, tensorboard=tensorboard, until=until, listener=listener)
        crew.wait()  # the first process writes what the others read next
    if checkpoint.reached(run) < config.training.steps:
        train_generator(
            prepared, run, config, syncnet=expert, crew=crew, tensorboard=tensorboard, until=until, listener=listener
        )
        crew.wait()
    return deliver(out, crew)


def deliver(out: Path, crew: Crew) -> list[Path]:
    """Write the trained weights of the run in `out` to its folder "weights", in shards below 16 MB.

    The folder is used like any other: `dub --weights`, `LipSync.from_pretrained`, `push`.
    """
    folder = out / WEIGHTS
    if crew.first:
        trained = hub.load_config(out / GENERATOR)
        for name, module in (
            (hub.SYNCNET, hub.load_syncnet(out / GENERATOR)),
            (hub.GENERATOR, hub.load_generator(out / GENERATOR)),
        ):
            hub.save_module(module, trained, folder, name, largest=LARGEST_SHARD)
    crew.wait()
    return sorted(folder.iterdir())


def _prepared(data: Path, out: Path, crew: Crew) -> Path:
    """`data` itself, or the folder below `out` that its pieces are joined to, once."""
    if (data / manifest.NAME).is_file() or not pieces.found(data):
        return data
    joined = out / DATA
    if crew.first and not (joined / manifest.NAME).is_file():
        pieces.join(data, joined)
    crew.wait()
    return joined
