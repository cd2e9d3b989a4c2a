"""`synctalkface train`: first the sync expert, then the generator."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from synctalkface.cli.options import Data, Device, Events, Preset, Resume, RunFolder, Settings
from synctalkface.cli.progress import conclude, listening
from synctalkface.config import Config, override
from synctalkface.config import preset as find_preset

train = typer.Typer(name="train", help="Train the sync expert, then the generator, on prepared data.")


@train.command()
def syncnet(
    data: Data,
    out: RunFolder,
    preset: Preset = "base",
    settings: Settings = [],  # noqa: B006 - typer copies it; None would only hide the type
    resume: Resume = True,
    device: Device = "auto",
    events: Events = False,
) -> None:
    """Train the sync expert, which tells whether lips and speech belong together."""
    config = override(find_preset(preset), settings)
    from synctalkface.device import find_device
    from synctalkface.training.syncnet import train_syncnet

    with listening(events) as listener:
        scores = train_syncnet(data, out, config, resume=resume, device=str(find_device(device)), listener=listener)
    conclude({"folder": str(out), **scores._asdict()}, _ended("The sync expert", out, scores._asdict()), events)


@train.command()
def generator(
    data: Data,
    out: RunFolder,
    syncnet: Annotated[
        Path | None,
        typer.Option(help="The folder of a trained sync expert; default: that of --init. Without one: no sync term."),
    ] = None,
    init: Annotated[
        str | None,
        typer.Option(help="Weights to begin from, not random ones: a folder, owner/name on the Hub, or 'shipped'."),
    ] = None,
    preset: Annotated[
        str | None,
        typer.Option(help="The configuration to start from: base, paper or tiny; default: that of --init, or base."),
    ] = None,
    ablation: Annotated[
        str | None,
        typer.Option(
            help="Leave something out, as the paper does: no-memory, audio-visual-only, visual-visual-only, slots-24, "
            "slots-48, slots-96 or slots-120."
        ),
    ] = None,
    settings: Settings = [],  # noqa: B006 - as above
    resume: Resume = True,
    device: Device = "auto",
    events: Events = False,
) -> None:
    """Train the generator, which draws the mouths, with the help of a trained sync expert."""
    from synctalkface.training.ablations import ablate

    beginning = _beginning(preset, init)
    config = override(ablate(beginning, ablation) if ablation else beginning, settings)
    from synctalkface.device import find_device
    from synctalkface.training.generator import train_generator

    with listening(events) as listener:
        scores = train_generator(
            data,
            out,
            config,
            syncnet=syncnet,
            init=init,
            resume=resume,
            device=str(find_device(device)),
            listener=listener,
        )
    conclude({"folder": str(out), **scores._asdict()}, _ended("The generator", out, scores._asdict()), events)


def _beginning(preset: str | None, init: str | None) -> Config:
    """The configuration before any --set."""
    if preset or init is None:
        return find_preset(preset or "base")
    from synctalkface import hub

    return hub.load_config(hub.resolve(init))


def _ended(what: str, folder: Path, scores: dict[str, float]) -> str:
    numbers = ", ".join(f"{name.replace('_', ' ')} {value:.4g}" for name, value in scores.items())
    return f"{what} is in {folder}: {numbers}."
