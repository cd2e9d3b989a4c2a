"""Options that several sub-commands share, each described once."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from synctalkface.engines.names import EngineName, Precision

Events = Annotated[
    bool, typer.Option("--events", help="Write progress, warnings and the result to stdout as JSON lines.")
]
Device = Annotated[str, typer.Option(help="Where the model runs: auto, cpu, cuda, cuda:1, mps.")]
Adapt = Annotated[
    bool, typer.Option("--adapt", help="First adapt the weights to VIDEO and its own sound; done once for each video.")
]
Engine = Annotated[
    EngineName, typer.Option(help="What draws the mouth: torch, onnx, openvino; auto: the quickest on this machine.")
]
Numbers = Annotated[
    Precision,
    typer.Option("--precision", help="In which numbers: fp32, bf16, int8; auto: the quickest at full quality."),
]
Speech = Annotated[
    list[Path] | None,
    typer.Argument(help="The speech: a sound file, or a video whose sound is taken; several for several faces."),
]
Speeches = Annotated[
    list[Path] | None,
    typer.Option("--speech", metavar="FILE", help="Instead of SPEECH, once for each --face, in the same order."),
]
Segments = Annotated[
    bool,
    typer.Option(
        "--resume", help="Work in segments: the same command, after a kill, goes on from those that are finished."
    ),
]
KeepAudio = Annotated[
    bool, typer.Option("--keep-audio", help="Keep the video's own sound under the speech, 12 dB softer.")
]
NoCache = Annotated[
    bool, typer.Option("--no-cache", help="Look for the faces anew, and do not remember where they are.")
]
Faces = Annotated[
    list[str] | None,
    typer.Option(
        help="Whose mouth: largest (the default), speaker (who fits the video's own sound), a number (2: the second "
        "largest; see `faces`), a point x,y in pixels, or all. Repeatable."
    ),
]
Preset = Annotated[str, typer.Option(help="The configuration to start from: base, paper or tiny.")]
Settings = Annotated[
    list[str],
    typer.Option(
        "--set", metavar="NAME=VALUE", help="Change one setting, for instance training.steps=500. Repeatable."
    ),
]
Data = Annotated[Path, typer.Option(help="A folder made by `synctalkface prepare`.")]
RunFolder = Annotated[Path, typer.Option("--out", "-o", help="The folder for checkpoints, weights and the log.")]
Resume = Annotated[bool, typer.Option(help="Go on from the newest checkpoint in the run's folder, if there is one.")]
