"""`synctalkface info`: what the models cost, and which weights came along."""

from __future__ import annotations

import json
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from synctalkface import __version__
from synctalkface.config import PRESETS, preset


def info(
    name: Annotated[str | None, typer.Argument(metavar="[PRESET]", help="base, paper or tiny; default: all.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Write JSON instead of a table.")] = False,
) -> None:
    """Say how large and how costly the models are, and where the weights that came along lie."""
    from synctalkface.hub import shipped
    from synctalkface.models.cost import cost

    costs = {config.name: cost(config) for config in ([preset(name)] if name else PRESETS.values())}
    facts: dict[str, Any] = {
        "version": __version__,
        "presets": {
            key: {
                "parameters_training": value.parameters_training,
                "parameters_use": value.parameters_use,
                "gmac_frame": round(value.macs_frame / 1e9, 3),
            }
            for key, value in costs.items()
        },
        "weights": [str(path) for path in sorted(shipped().glob("*.safetensors"))],
    }
    if as_json:
        typer.echo(json.dumps(facts, indent=2))
    else:
        _show(facts)


def _show(facts: dict[str, Any]) -> None:
    table = Table(title=f"synctalkface {facts['version']}")
    table.add_column("preset")
    for heading in ("parameters in training", "in use", "GMAC a frame"):
        table.add_column(heading, justify="right")
    for name, row in facts["presets"].items():
        sizes = (f"{row[key] / 1e6:.2f} M" for key in ("parameters_training", "parameters_use"))
        table.add_row(name, *sizes, f"{row['gmac_frame']:.3f}")
    Console().print(table)
    for path in facts["weights"] or ["none came along; pass --weights to the commands that need them"]:
        typer.echo(f"weights: {path}")
