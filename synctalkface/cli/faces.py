"""`synctalkface faces`: who is in a video, by number, and who of them speaks."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from synctalkface.cli.options import Device, Events
from synctalkface.cli.progress import conclude, listening


def faces(
    video: Annotated[Path, typer.Argument(help="The video with the faces.")],
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", help="A picture to write, with the numbers on the faces: .png or .jpg."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Write JSON instead of the table.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Overwrite an earlier picture.")] = False,
    weights: Annotated[
        str | None,
        typer.Option(help="A folder or Hub repository with a sync expert; default: the one that came along."),
    ] = None,
    device: Device = "auto",
    events: Events = False,
) -> None:
    """Tell the faces in VIDEO apart: their numbers are what `dub --face` takes.

    For each: when it is first seen and for how long, its height, by how much the head is turned aside, and how well its
    mouth fits the video's own sound (in standard errors: above 3 it probably speaks).
    """
    from synctalkface.person.numbered import as_dict, check_picture, table, write_picture
    from synctalkface.pipeline import LipSync

    if out is not None:
        check_picture(out, force)
    with listening(events) as listener:
        dubber = LipSync.from_pretrained(weights, device, engine="torch", remember=True)
        cast = dubber.faces(video, listen=True, on_progress=listener)
        if out is not None:
            write_picture(cast, out)
    found = as_dict(cast) | {"video": str(video), "picture": None if out is None else str(out)}
    conclude(found, json.dumps(found, indent=2) if as_json else table(cast), events)
