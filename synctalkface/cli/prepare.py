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
    syncnet: Annotated[
        str | None, typer.Option(help="Folder or Hub name of the sync expert that measures offsets; default: shipped.")
    ] = None,
    ray: Annotated[
        str | None,
        typer.Option(metavar="ADDRESS", help="Share the work with a Ray cluster; 'local' starts one on this machine."),
    ] = None,
    offsets: Annotated[bool, typer.Option(help="Measure how far sound and picture of each clip are apart.")] = True,
    confidence: Annotated[
        float,
        typer.Option(min=0, help="Leave clips out in which the sync expert is less sure than this (LSE-C); 0: none."),
    ] = 0.05,
    pieces: Annotated[
        Path | None, typer.Option(help="Also write all of it here as files of at most 60 MB, to be carried elsewhere.")
    ] = None,
    events: Events = False,
) -> None:
    """Decode the clips of SOURCE, follow the face, cut it out and pack it. A second call does only what is missing."""
    from synctalkface import hub
    from synctalkface.data.offsets import measure_all
    from synctalkface.data.pieces import cut
    from synctalkface.data.prepare import prepare as pack_corpus
    from synctalkface.data.prepare import summary

    with listening(events) as listener:
        pack_corpus(source, out, corpus, workers, listener, ray)
        if offsets:
            folder = hub.resolve(syncnet)
            measure_all(out, hub.load_syncnet(folder), hub.load_config(folder), listener, confidence)
    if pieces is not None:
        cut(out, pieces)
    held = summary(out)
    conclude(dataclasses.asdict(held), held.sentence(), events)
