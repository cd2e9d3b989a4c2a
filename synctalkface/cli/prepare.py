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
    corpus: Annotated[str, typer.Option(help="How SOURCE is laid out: auto, grid or folder.")] = "auto",
    workers: Annotated[int, typer.Option(min=1, help="Processes that work side by side.")] = 1,
    syncnet: Annotated[
        str | None, typer.Option(help="Folder or Hub name of the sync expert that measures offsets; default: shipped.")
    ] = None,
    offsets: Annotated[bool, typer.Option(help="Measure how far sound and picture of each clip are apart.")] = True,
    events: Events = False,
) -> None:
    """Decode the clips of SOURCE, follow the face, cut it out and pack it. A second call does only what is missing."""
    from synctalkface import hub
    from synctalkface.data.offsets import measure_all
    from synctalkface.data.prepare import prepare as pack_corpus

    with listening(events) as listener:
        summary = pack_corpus(source, out, corpus, workers, listener)
        if offsets:
            folder = hub.resolve(syncnet)
            measure_all(out, hub.load_syncnet(folder), hub.load_config(folder), listener)
    conclude(dataclasses.asdict(summary), summary.sentence(), events)
