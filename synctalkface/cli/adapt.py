"""`synctalkface adapt`: fine-tune the generator on the footage that will be dubbed."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from synctalkface.cli.options import Device, Events
from synctalkface.cli.progress import conclude, listening


def adapt(
    videos: Annotated[list[Path], typer.Argument(help="Footage of one person, with the sound it was filmed with.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="The folder for the adapted weights.")],
    weights: Annotated[
        str | None, typer.Option(help="A folder or Hub repository with weights; default: those that came along.")
    ] = None,
    face: Annotated[
        str, typer.Option(help="Whose face: largest, a number (2: the second largest), or a point x,y in pixels.")
    ] = "largest",
    steps: Annotated[int, typer.Option(min=1, help="The most steps; fewer if nothing learnt is better.")] = 200,
    force: Annotated[bool, typer.Option("--force", help="Replace the weights of an earlier adaptation.")] = False,
    device: Device = "auto",
    events: Events = False,
) -> None:
    """Learn how the face in VIDEOS looks when it speaks, from its own sound. `dub --adapt` does it by itself."""
    from synctalkface.training.adapt import adapt as adapt_to

    with listening(events) as listener:
        report = adapt_to(
            videos, out, weights=weights, face=face, steps=steps, overwrite=force, device=device, on_progress=listener
        )
    conclude(report.as_dict(), report.summary(), events)
