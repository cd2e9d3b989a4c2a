"""`synctalkface train`: first the sync expert, then the generator."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from synctalkface.cli.options import Data, Device, Events, Preset, Resume, RunFolder, Settings
from synctalkface.cli.progress import conclude, listening
from synctalkface.config import Config, override
from synctalkface.config import preset as find_preset
from synctalkface.events import Listener, ignore

if TYPE_CHECKING:
    from synctalkface.training.crew import Crew

AGAIN = 75  # exit code: nothing is wrong, but there is more to do (EX_TEMPFAIL)

Processes = Annotated[
    int | None,
    typer.Option(min=1, help="How many processes there must be (torchrun starts them); default: as many as came."),
]
TensorBoard = Annotated[bool, typer.Option("--tensorboard", help="Write the log for TensorBoard too, with pictures.")]

train = typer.Typer(name="train", help="Train the sync expert, then the generator, on prepared data.")


@train.command()
def syncnet(
    data: Data,
    out: RunFolder,
    preset: Preset = "base",
    settings: Settings = [],  # noqa: B006 - typer copies it; None would only hide the type
    resume: Resume = True,
    device: Device = "auto",
    processes: Processes = None,
    tensorboard: TensorBoard = False,
    events: Events = False,
) -> None:
    """Train the sync expert, which tells whether lips and speech belong together."""
    config = override(find_preset(preset), settings)
    from synctalkface.training.syncnet import train_syncnet

    with _company(device, processes, events) as (crew, listener):
        scores = train_syncnet(data, out, config, resume=resume, crew=crew, tensorboard=tensorboard, listener=listener)
    if crew.first:
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
            "slots-48, slots-96 or slots-120. Or paper-choices: the paper's head, sound encoder and losses, no "
            "augmentation, at the preset's widths."
        ),
    ] = None,
    steps: Annotated[
        int | None, typer.Option(min=1, help="Train for so many steps, with the whole schedule squeezed into them.")
    ] = None,
    settings: Settings = [],  # noqa: B006 - as above
    resume: Resume = True,
    device: Device = "auto",
    processes: Processes = None,
    tensorboard: TensorBoard = False,
    events: Events = False,
) -> None:
    """Train the generator, which draws the mouths, with the help of a trained sync expert."""
    from synctalkface.training.ablations import ablate, shortened

    beginning = _beginning(preset, init)
    beginning = ablate(beginning, ablation) if ablation else beginning
    config = override(shortened(beginning, steps) if steps else beginning, settings)
    from synctalkface.training.generator import train_generator

    with _company(device, processes, events) as (crew, listener):
        scores = train_generator(
            data,
            out,
            config,
            syncnet=syncnet,
            init=init,
            resume=resume,
            crew=crew,
            tensorboard=tensorboard,
            listener=listener,
        )
    if crew.first:
        conclude({"folder": str(out), **scores._asdict()}, _ended("The generator", out, scores._asdict()), events)


@train.command()
def recipe(
    data: Annotated[Path, typer.Option(help="A folder made by `synctalkface prepare`, or its pieces.")],
    out: RunFolder,
    minutes: Annotated[
        float | None, typer.Option(min=0, help="Save and stop after so long; call it again to go on. Default: never.")
    ] = None,
    preset: Preset = "base",
    settings: Settings = [],  # noqa: B006 - as above
    device: Device = "auto",
    processes: Processes = None,
    tensorboard: TensorBoard = False,
    events: Events = False,
) -> int:
    """Train everything: sync expert, generator, delivery in shards. Ends with 75 while there is more to do."""
    until = None if minutes is None else time.monotonic() + 60 * minutes
    from synctalkface.training.loop import Paused
    from synctalkface.training.recipe import FOR_GPU, follow_recipe

    with _company(device, processes, events) as (crew, listener):
        chosen = [*FOR_GPU, *settings] if crew.device.type == "cuda" else settings
        config = override(find_preset(preset), chosen)
        try:
            files = follow_recipe(data, out, config, crew, until=until, tensorboard=tensorboard, listener=listener)
            result, sentence = {"files": list(map(str, files))}, f"The weights are in {out / 'weights'}."
        except Paused as pause:
            result, sentence = {"files": []}, str(pause)
    if crew.first:
        conclude(result, sentence, events)
    return 0 if result["files"] else AGAIN


@contextmanager
def _company(device: str, processes: int | None, events: bool) -> Iterator[tuple[Crew, Listener]]:
    """Who trains, and who listens: of several processes the first one talks."""
    from synctalkface.device import find_device
    from synctalkface.training.muster import mustered

    with mustered(find_device(device), processes) as crew:
        if crew.first:
            with listening(events) as listener:
                yield crew, listener
        else:
            yield crew, ignore


def _beginning(preset: str | None, init: str | None) -> Config:
    """The configuration before any --set."""
    if preset or init is None:
        return find_preset(preset or "base")
    from synctalkface import hub

    return hub.load_config(hub.resolve(init))


def _ended(what: str, folder: Path, scores: dict[str, float]) -> str:
    numbers = ", ".join(f"{name.replace('_', ' ')} {value:.4g}" for name, value in scores.items())
    return f"{what} is in {folder}: {numbers}."
