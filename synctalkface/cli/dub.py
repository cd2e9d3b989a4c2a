"""`synctalkface dub`: one video, one speech, one dubbed video."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from synctalkface.cli.options import Device, Events
from synctalkface.cli.progress import conclude, listening
from synctalkface.clock import Fit


def dub(
    video: Annotated[Path, typer.Argument(help="The video with the face.")],
    speech: Annotated[Path, typer.Argument(help="The speech: a sound file, or a video whose sound is taken.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="The video to write: .mp4, .mov or .mkv.")],
    weights: Annotated[
        str | None, typer.Option(help="A folder or Hub repository with weights; default: those that came along.")
    ] = None,
    fit: Annotated[Fit, typer.Option(help="What to show where speech and video differ in length.")] = "bounce",
    face: Annotated[
        str, typer.Option(help="Whose mouth: largest, a number (2: the second largest), or a point x,y in pixels.")
    ] = "largest",
    force: Annotated[bool, typer.Option("--force", help="Overwrite the result of an earlier run.")] = False,
    device: Device = "auto",
    crf: Annotated[int, typer.Option(min=0, max=51, help="x264 quality: 0 is lossless, 18 looks it.")] = 18,
    address: Annotated[
        Path | None, typer.Option(help="An address track that steers the lips: .json or .csv (see `addresses`).")
    ] = None,
    address_only: Annotated[
        bool, typer.Option("--address-only", help="The lips follow the address track alone, and not the sound.")
    ] = False,
    label: Annotated[bool, typer.Option("--label", help="Write into the picture that it is dubbed.")] = False,
    events: Events = False,
) -> None:
    """Dub VIDEO with SPEECH: only the mouth changes, and the new speech is its sound."""
    from synctalkface.pipeline import LipSync

    with listening(events) as listener:
        dubber = LipSync.from_pretrained(weights, device)
        report = dubber.dub(
            video,
            speech,
            out,
            fit=fit,
            face=face,
            overwrite=force,
            crf=crf,
            address=address,
            hear=not address_only,
            label=label,
            on_progress=listener,
        )
    conclude(report.as_dict(), report.summary(), events)
