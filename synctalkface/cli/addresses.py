"""`synctalkface addresses`: what a speech asks of the memory, as a track that can be edited and given to `dub`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from synctalkface.cli.options import Device
from synctalkface.clock import Fit


def addresses(
    speech: Annotated[Path, typer.Argument(help="The speech: a sound file, or a video whose sound is taken.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="The track to write: .json or .csv.")],
    video: Annotated[
        Path | None, typer.Option(help="The video that will be dubbed: one key for each frame of the result.")
    ] = None,
    fit: Annotated[Fit, typer.Option(help="As in `dub`, where speech and VIDEO differ in length.")] = "bounce",
    rate: Annotated[float, typer.Option(min=1, max=240, help="Keys a second, where no video is given.")] = 25.0,
    weights: Annotated[
        str | None, typer.Option(help="A folder or Hub repository with weights; default: those that came along.")
    ] = None,
    device: Device = "auto",
) -> None:
    """Write the memory addresses that SPEECH asks for: `dub --address` takes the track, edited or as it is."""
    from synctalkface.address import write_track
    from synctalkface.pipeline import LipSync

    dubber = LipSync.from_pretrained(weights, device)
    track = dubber.addresses(speech, video, fit=fit, frame_rate=rate)
    write_track(track, out)
    named = f" The shapes {', '.join(dubber.shapes)} can be used in it by name." if dubber.shapes else ""
    typer.echo(f"{out}: {len(track.times)} keys of {track.slots} slots.{named}")
