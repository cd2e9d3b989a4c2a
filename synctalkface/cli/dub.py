"""`synctalkface dub`: one video, one speech, one dubbed video."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from synctalkface.cli.options import (
    Adapt,
    Device,
    Engine,
    Events,
    Faces,
    KeepAudio,
    NoCache,
    Numbers,
    Segments,
    Speech,
    Speeches,
)
from synctalkface.cli.progress import conclude, listening
from synctalkface.clock import Fit
from synctalkface.errors import ConfigError
from synctalkface.events import Listener

if TYPE_CHECKING:
    from synctalkface.engines.names import EngineName, Precision
    from synctalkface.pipeline import LipSync


def dub(
    video: Annotated[Path, typer.Argument(help="The video with the face.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="The video to write: .mp4, .mov or .mkv.")],
    speech: Speech = None,
    weights: Annotated[
        str | None, typer.Option(help="A folder or Hub repository with weights; default: those that came along.")
    ] = None,
    fit: Annotated[Fit, typer.Option(help="What to show where speech and video differ in length.")] = "bounce",
    face: Faces = None,
    speeches: Speeches = None,
    force: Annotated[bool, typer.Option("--force", help="Overwrite the result of an earlier run.")] = False,
    resume: Segments = False,
    adapt: Adapt = False,
    device: Device = "auto",
    engine: Engine = "auto",
    precision: Numbers = "auto",
    crf: Annotated[int, typer.Option(min=0, max=51, help="x264 quality: 0 is lossless, 18 looks it.")] = 18,
    preset: Annotated[
        str, typer.Option(help="x264 effort, ultrafast to placebo: slower is smaller. nvenc: an NVIDIA GPU.")
    ] = "veryfast",
    address: Annotated[
        Path | None, typer.Option(help="An address track that steers the lips: .json or .csv (see `addresses`).")
    ] = None,
    address_only: Annotated[
        bool, typer.Option("--address-only", help="The lips follow the address track alone, and not the sound.")
    ] = False,
    label: Annotated[bool, typer.Option("--label", help="Write into the picture that it is dubbed.")] = False,
    keep_audio: KeepAudio = False,
    no_cache: NoCache = False,
    events: Events = False,
) -> None:
    """Dub VIDEO with SPEECH: only the mouth changes, and the new speech is its sound."""
    from synctalkface.pipeline import LipSync
    from synctalkface.video import check_output

    spoken, faces = _speeches(speech, speeches), face or ["largest"]
    with listening(events) as listener:
        if adapt:
            check_output(out, [video, *spoken], force)  # before minutes of work, not after them
            weights = _adapted(video, weights, _only(faces), device, listener)
        dubber = _load(LipSync, weights, device, engine, precision, not no_cache)
        report = dubber.dub(
            video,
            spoken,
            out,
            fit=fit,
            face=faces,
            overwrite=force,
            crf=crf,
            preset=preset,
            address=address,
            hear=not address_only,
            label=label,
            keep_audio=keep_audio,
            resume=resume,
            on_progress=listener,
        )
    conclude(report.as_dict(), report.summary(), events)


def _speeches(named: list[Path] | None, optional: list[Path] | None) -> list[Path]:
    """The speeches, from wherever they were named. Raises ConfigError if there is none, or it is not clear."""
    if named and optional:
        raise ConfigError("Speeches were named both after the video and with --speech. Name them in one way.")
    if not named and not optional:
        raise ConfigError("There is no speech to dub with. Name a sound file after the video.")
    return named or optional or []


def _only(faces: list[str]) -> str:
    """The one face that weights can be adapted to."""
    if len(faces) > 1:
        raise ConfigError("Weights can be adapted to one face only. Leave --adapt away, or dub the faces one by one.")
    return faces[0]


@functools.lru_cache(maxsize=1)  # `dub-many` dubs job after job in one process
def _load(
    kind: type[LipSync], weights: str | None, device: str, engine: EngineName, precision: Precision, remember: bool
) -> LipSync:
    return kind.from_pretrained(weights, device, engine=engine, precision=precision, remember=remember)


def _adapted(video: Path, weights: str | None, face: str, device: str, listener: Listener) -> str:
    """The folder of the weights adapted to `video`, from the cache if they are there."""
    from synctalkface.training.adapt import adapt

    return str(adapt(video, weights=weights, face=face, device=device, on_progress=listener).folder)
