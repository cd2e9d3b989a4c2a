"""`synctalkface export`: the network as a file, for a quicker engine or for other programs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer


def export(
    out: Annotated[
        Path, typer.Option("--out", "-o", help="The folder to write: a new one, or that of the weights themselves.")
    ],
    weights: Annotated[
        str | None, typer.Option(help="A folder or Hub repository with weights; default: those that came along.")
    ] = None,
    engine: Annotated[Literal["onnx", "openvino"], typer.Option(help="Which format: onnx or openvino.")] = "onnx",
    precision: Annotated[
        Literal["fp32", "int8"], typer.Option(help="fp32, or int8 calibrated on the sample clip.")
    ] = "fp32",
) -> None:
    """Write the network that draws as a file beside its weights, where `dub` finds it; all of it or nothing."""
    from synctalkface import hub
    from synctalkface.engines.export import export as write

    for path in write(hub.resolve(weights), out, engine, precision):
        typer.echo(f"{path}: {path.stat().st_size / 1e6:.1f} MB")
