"""`synctalkface prepare`: a corpus of talking faces becomes packed training data."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Annotated

import typer

from synctalkface.cli.options import Events
from synctalkface.cli.progress import conclude, listening


def prepare(
    source: Annotated[Path, typer.Argument(help="The folder with the corpus, or with any videos of one face each.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="The folder for the packed clips.")],
    corpus: Annotated[str, typer.Option(help="How SOURCE is laid out: auto, grid, lrs2, lrw or folder.")] = "auto",
    workers: Annotated[int, typer.Option(min=1, help="Processes that work side by side.")] = 1,
    events: Events = False,
) -> None:
    """Decode the clips of SOURCE, follow the face, cut it out and pack it. A second call does only what is missing."""
    from synctalkface.data.prepare import prepare as pack_corpus

    with listening(events) as listener:
        summary = pack_corpus(source, out, corpus, workers, listener)
    conclude(dataclasses.asdict(summary), summary.sentence(), events)
