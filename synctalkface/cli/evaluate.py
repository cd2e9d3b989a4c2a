"""`synctalkface evaluate`: the paper's scores, and two more, on prepared clips."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from synctalkface.cli.options import Data, Device, Events
from synctalkface.cli.progress import conclude, listening


def evaluate(
    data: Data,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="The folder for scores.json and scores.md; default: none.")
    ] = None,
    weights: Annotated[
        str | None, typer.Option(help="A folder or Hub repository with weights; default: those that came along.")
    ] = None,
    split: Annotated[
        Literal["train", "validation", "test"], typer.Option(help="Which clips of DATA to score.")
    ] = "validation",
    syncnet: Annotated[
        Path | None, typer.Option(help="The published SyncNet as safetensors, to judge sync instead of our own.")
    ] = None,
    words: Annotated[
        Path | None, typer.Option(help="A words.tsv: can the words be read from the lips? Trains a small classifier.")
    ] = None,
    fid: Annotated[
        bool, typer.Option("--fid", help="Also the Fréchet inception distance; needs the extra fid.")
    ] = False,
    limit: Annotated[int | None, typer.Option(min=1, help="Score only so many clips, spread over the split.")] = None,
    device: Device = "auto",
    events: Events = False,
) -> None:
    """Score a model on the clips of DATA: PSNR, SSIM, LMD, LSE-D, LSE-C, offset, movement under silence, words."""
    from synctalkface.evaluation.evaluate import evaluate as score
    from synctalkface.evaluation.table import markdown, write

    with listening(events) as listener:
        evaluation = score(
            data,
            weights,
            split,
            published_syncnet=syncnet,
            word_times=words,
            fid=fid,
            limit=limit,
            device=device,
            listener=listener,
        )
    if out is not None:
        write(evaluation, out)
    conclude(evaluation.as_dict(), markdown(evaluation), events)
