"""`synctalkface push`: build the repository of a trained model, try it, and upload it when told to."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from synctalkface.cli.options import Events
from synctalkface.cli.progress import conclude
from synctalkface.errors import ConfigError, DataError

if TYPE_CHECKING:
    from synctalkface import hub


def push(
    folder: Annotated[Path, typer.Argument(help="The folder of a trained generator.")],
    name: Annotated[str, typer.Argument(metavar="OWNER/NAME", help="The repository on the Hub.")],
    syncnet: Annotated[Path | None, typer.Option(help="The folder of the sync expert, if FOLDER has none.")] = None,
    base: Annotated[str | None, typer.Option(help="What was fine-tuned: OWNER/NAME; default: the log's.")] = None,
    data: Annotated[str | None, typer.Option(help="What it was trained on, for the model card.")] = None,
    dataset: Annotated[list[str], typer.Option(help="The Hub name of a data set. Repeatable.")] = [],  # noqa: B006
    licence: Annotated[str, typer.Option(help="As the Hub names it, for instance cc-by-4.0.")] = "other",
    results: Annotated[Path | None, typer.Option(help="A Markdown file with the scores; default: the log's.")] = None,
    out: Annotated[Path | None, typer.Option("--out", "-o", help="Keep what was built in this new folder.")] = None,
    public: Annotated[bool, typer.Option("--public", help="Let everybody see it, not only the owner.")] = False,
    upload: Annotated[bool, typer.Option("--upload", help="Do it, instead of only showing it.")] = False,
    events: Events = False,
) -> None:
    """Build the repository OWNER/NAME from FOLDER, load it and dub with it. With --upload, it goes to the Hub."""
    from synctalkface import hub
    from synctalkface.pipeline.trial import try_weights

    facts = _facts(folder, base, data, dataset, licence, results)
    with _place(out) as built:
        parcel = hub.pack(folder, built, name, facts, syncnet)
        try_weights(built)
        if not events:
            typer.echo(f"{name}, {'public' if public else 'private'}:\n{parcel.listing()}")
        url = hub.upload(parcel, name, "Weights", private=not public) if upload else None
    files = [item._asdict() for item in parcel.items]
    said = f"Uploaded: {url}" if url else "Loaded, and dubbed a frame. Nothing was uploaded: add --upload for that."
    conclude({"name": name, "private": not public, "files": files, "uploaded": url}, said, events)


def _facts(
    folder: Path, base: str | None, data: str | None, datasets: list[str], licence: str, results: Path | None
) -> hub.Facts:
    """What the user says about the weights, and the log of the run where the user is silent."""
    from synctalkface import hub
    from synctalkface.training.story import tell

    story = tell(folder)
    named = None if base is None else hub.repository(base)
    if base is not None and named is None:
        raise ConfigError(f"'{base}' is not the name of a repository. Write --base owner/name.")
    silent = hub.Facts()
    return hub.Facts(
        data=data or silent.data,
        licence=licence,
        datasets=tuple(datasets),
        base=named or story.base,
        training=story.training,
        results=(_text(results) if results else story.results) or silent.results,
    )


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{path} cannot be read ({error}). Name a Markdown file.") from None


@contextmanager
def _place(out: Path | None) -> Iterator[Path]:
    """The folder to build in: one of the user's choice that stays, or one that goes."""
    if out is not None:
        yield out
        return
    with tempfile.TemporaryDirectory(prefix="synctalkface-") as built:
        yield Path(built)
