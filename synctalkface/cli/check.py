"""`synctalkface check`: do lips and sound of a video fit?"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from synctalkface.cli.options import Device, Events
from synctalkface.cli.progress import conclude, listening


def check(
    video: Annotated[Path, typer.Argument(help="Any video with a face and sound.")],
    as_json: Annotated[bool, typer.Option("--json", help="Write all numbers as JSON instead of the sentence.")] = False,
    face: Annotated[
        str, typer.Option(help="Whose lips: largest, a number (1 is the largest), or a point x,y in pixels.")
    ] = "largest",
    weights: Annotated[
        str | None,
        typer.Option(help="A folder or Hub repository with a sync expert; default: the one that came along."),
    ] = None,
    syncnet: Annotated[
        Path | None, typer.Option(help="The published SyncNet as safetensors, to judge with instead of our own.")
    ] = None,
    device: Device = "auto",
    events: Events = False,
) -> None:
    """Say how far the sound of VIDEO and the lips of its face are apart, and how sure that is."""
    from synctalkface.evaluation.check import check as measure

    with listening(events) as listener:
        report = measure(
            video, face=face, weights=weights, published_syncnet=syncnet, device=device, on_progress=listener
        )
    conclude(report.as_dict(), json.dumps(report.as_dict(), indent=2) if as_json else report.verdict, events)
