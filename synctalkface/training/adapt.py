"""Adapt the generator to the very footage that will be dubbed: its own sound is the supervision. No peer does this."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path

from synctalkface import ffmpeg, hub
from synctalkface.device import find_device
from synctalkface.errors import ConfigError
from synctalkface.events import Listener, Warned, ignore
from synctalkface.training import kept
from synctalkface.training.adaptation import Adaptation, Recipe
from synctalkface.training.footage import read_footage
from synctalkface.training.kept import Adapted

VERSION = 9  # counts changes of the method that no setting tells: weights adapted before are not used any more


def adapt(
    videos: str | Path | Sequence[str | Path],
    out: str | Path | None = None,
    *,
    weights: str | Path | None = None,
    face: str = "largest",
    steps: int = Recipe.steps,
    overwrite: bool = False,
    device: str = "auto",
    on_progress: Listener = ignore,
) -> Adapted:
    """Fine-tune `weights` (None: those that ship) on one person's footage; the result goes to the folder `out`.

    `videos` is one clip or several of the same `face` (see faces.track.choose), each with the sound it was filmed with.
    Their last seconds are held out; weights that draw them better are kept, or else those it began with. Without `out`
    the folder lies in the user's cache: the same footage, weights and settings are then adapted once only.
    Raises MediaError, SilentSpeechError, NoFaceError for footage that cannot teach, OutputError if `out` cannot be
    written or is taken (`overwrite` replaces an earlier adaptation), WeightsError. A failure leaves nothing behind.
    """
    started, recipe, base = time.monotonic(), Recipe(steps=steps), hub.resolve(weights)
    clips = [ffmpeg.check_file(v) for v in ([videos] if isinstance(videos, str | Path) else videos)]
    if not clips or steps < 1:
        raise ConfigError("There is nothing to adapt to. Name a video of the face, and at least one step.")
    if out is None:
        folder = kept.place(clips, base, face, json.dumps(asdict(recipe)), str(VERSION))
        found = kept.find(folder)
        if found is not None:
            return found
    folder = folder if out is None else Path(out)
    kept.require_free(folder, overwrite or out is None)
    run = _prepared(clips, base, recipe, face, device, on_progress)
    outcome = run.adapt(on_progress)
    run.average.load_state_dict(outcome.state)
    config = outcome.applied(hub.load_config(base))
    report = Adapted(
        folder=folder,
        step=outcome.step,
        steps=outcome.steps,
        seconds=round(sum(one.seconds for one in run.footage), 2),
        offsets=tuple(one.offset for one in run.footage),
        l1_before=outcome.before.l1,
        l1_after=outcome.after.l1,
        psnr_before=outcome.before.psnr,
        psnr_after=outcome.after.psnr,
        lmd_before=outcome.before.lmd,
        lmd_after=outcome.after.lmd,
        times=round(outcome.times, 3),
        took=round(time.monotonic() - started, 1),
    )
    kept.keep(run.average, replace(config, name=f"{config.name}, adapted"), base, report)
    if out is None:
        kept.tidy()
    return report


def _prepared(
    clips: Sequence[Path], base: Path, recipe: Recipe, face: str, device: str, listener: Listener
) -> Adaptation:
    """The run, with its footage read."""
    where, config = find_device(device), hub.load_config(base)
    syncnet = hub.load_syncnet(base) if hub.holds(base, hub.SYNCNET) else None
    if syncnet is None:
        listener(Warned(f"{base} holds no sync expert: the footage is taken to be in sync."))
    footage = [read_footage(clip, config, syncnet, face, listener) for clip in clips]
    return Adaptation(footage, base, recipe, syncnet, where, listener)
