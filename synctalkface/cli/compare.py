"""`synctalkface compare`: the table of docs/results: copying, other models, the weights, and what they are held to."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from synctalkface.cli.options import Data, Device, Events
from synctalkface.cli.progress import conclude, listening
from synctalkface.errors import ConfigError
from synctalkface.events import Listener, Warned

if TYPE_CHECKING:  # torch is imported when it is needed
    from synctalkface.data.manifest import Entry
    from synctalkface.evaluation.contest import Adapter, Contestant

TRAINED = {"no-memory": "no-memory", "paper-choices": "paper", "base": "base-short"}  # folder of a run -> its row


def compare(
    data: Data,
    out: Annotated[Path, typer.Option("--out", "-o", help="The folder for results.json and results.md.")],
    runs: Annotated[
        Path,
        typer.Option(
            help="Where the scores of single clips are noted, and where runs called no-memory, paper-choices and base "
            "are looked for: rows trained alike. What is not there is left out."
        ),
    ] = Path("runs/comparison"),
    weights: Annotated[
        str | None, typer.Option(help="A folder or Hub repository with weights; default: those that came along.")
    ] = None,
    wild: Annotated[
        Path | None, typer.Option(help="Another prepared folder, of clips from outside the corpus: a set of its own.")
    ] = None,
    adapt: Annotated[
        bool,
        typer.Option("--adapt", help="Adapt to half of each clip that is not of the validation; score the other half."),
    ] = False,
    seeds: Annotated[
        int, typer.Option(min=1, help="With --adapt: so often, in an order of its own each time; take the mean.")
    ] = 1,
    limit: Annotated[int | None, typer.Option(min=1, help="Score only so many clips of each set, spread.")] = None,
    workers: Annotated[int, typer.Option(min=1, help="Score clips in so many processes.")] = 1,
    device: Device = "auto",
    events: Events = False,
) -> None:
    """Compare the weights with copying and with models trained otherwise; write results.json and results.md."""
    from synctalkface.evaluation.compare import compare as run

    if seeds > 1 and not adapt:
        raise ConfigError("--seeds says how often to adapt. Add --adapt, or leave it away.")
    with listening(events) as listener:
        adapter, recipe = _adaptation(weights, device, listener) if adapt else (None, "")
        comparison = run(
            data,
            out,
            _trained(runs, listener),
            runs=runs,
            weights=weights,
            wild=wild,
            adapter=adapter,
            recipe=recipe,
            seeds=seeds,
            limit=limit,
            device=device,
            workers=workers,
            listener=listener,
        )
    said = {True: "holds", False: "does not hold", None: "not measured"}
    lines = [f"{said[claim.holds]:>13}: {claim.claim} ({claim.numbers})" for claim in comparison.claims]
    conclude(comparison.as_dict(), "\n".join([f"The table is in {out / 'results.md'}.", *lines]), events)


def _adaptation(weights: str | None, device: str, listener: Listener) -> tuple[Adapter, str]:
    """What adapts `weights` to half of a clip, and how it is done, in a word."""
    from synctalkface import hub
    from synctalkface.training.adapt import VERSION
    from synctalkface.training.adaptation import Recipe
    from synctalkface.training.half import adapt_to_half

    base = hub.resolve(weights)

    def adapter(data: Path, entry: Entry, second: bool, seed: int, out: Path) -> None:
        recipe = Recipe(seed=seed)
        adapt_to_half(data, entry, base, out, second=second, recipe=recipe, device=device, listener=listener)

    return adapter, f"{VERSION} {Recipe()}"


def _trained(runs: Path, listener: Listener) -> list[Contestant]:
    """The runs in `runs` that have reached their last step."""
    from synctalkface import hub
    from synctalkface.evaluation.contest import Contestant

    found = []
    for name, row in TRAINED.items():
        folder = runs / name
        if not hub.holds(folder, hub.GENERATOR):
            continue
        wanted, reached = hub.load_config(folder).training.steps, _reached(folder)
        if reached is not None and reached < wanted:
            listener(Warned(f"{folder} was trained for {reached} of {wanted} steps: its row is left out."))
            continue
        found.append(Contestant(row, folder, wanted))
    return found


def _reached(folder: Path) -> int | None:
    """The last step that a run's log tells of; None without a log, as where weights were copied alone."""
    from synctalkface.training import journal

    if not (folder / journal.NAME).is_file():
        return None
    return max((int(row["step"]) for row in journal.read(folder)), default=0)
