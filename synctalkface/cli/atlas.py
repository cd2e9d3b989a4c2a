"""`synctalkface atlas`: which slot of the memory stands for which sound and which mouth."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from synctalkface.cli.options import Data, Device, Events
from synctalkface.cli.progress import conclude, listening


def atlas(
    data: Data,
    words: Annotated[Path, typer.Option(help="When each word is spoken: a words.tsv, as that of GRID.")],
    face: Annotated[Path, typer.Option(help="A video or picture of the face on which the mouths are drawn.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="The folder for report.html and its pictures.")],
    weights: Annotated[
        str | None, typer.Option(help="A folder or Hub repository with weights; default: those that came along.")
    ] = None,
    split: Annotated[
        Literal["train", "validation", "test"], typer.Option(help="Which clips of DATA are heard.")
    ] = "validation",
    limit: Annotated[int | None, typer.Option(min=1, help="Hear only so many clips, spread over the split.")] = None,
    name_shapes: Annotated[
        bool, typer.Option("--name-shapes", help="Write the shapes found beside the weights, for address tracks.")
    ] = False,
    device: Device = "auto",
    events: Events = False,
) -> None:
    """Make an atlas of the memory: slots and phonemes, every slot on a face, shapes with names, words over time."""
    from synctalkface.evaluation.report import make_atlas

    with listening(events) as listener:
        made = make_atlas(
            data,
            words,
            face,
            out,
            weights,
            split,
            limit=limit,
            keep_shapes=name_shapes,
            device=device,
            listener=listener,
        )
    conclude(made.as_dict(), "\n".join([*made.sentences(), f"Open {made.report}."]), events)
