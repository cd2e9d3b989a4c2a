"""Publish what the project makes: its weights, the Space, the Blender add-on. Shows first, uploads only when told to.

python hub/publish.py weights OWNER/NAME           the weights that ship, with their card
python hub/publish.py check OWNER/NAME             whether the published weights are those that ship
python hub/publish.py addon OWNER/NAME             the zips of dist/ into the same repository
python hub/publish.py space OWNER/SPACE            the page of demo/, with the library and the weights in it
"""

from __future__ import annotations

import shutil
import sys
import tempfile
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer
from huggingface_hub import RepoCard

from synctalkface import SyncTalkFaceError, hub
from synctalkface.errors import DataError, WeightsError
from synctalkface.hub.sums import digest
from synctalkface.pipeline.trial import try_weights

ROOT = Path(__file__).parents[1]
LEFT_OUT = shutil.ignore_patterns("__pycache__", "*.pyc", ".*")

Name = Annotated[str, typer.Argument(metavar="OWNER/NAME", help="The repository on the Hub.")]
Upload = Annotated[bool, typer.Option("--upload", help="Do it, instead of only showing it.")]
Public = Annotated[bool, typer.Option("--public", help="Let everybody see it, not only the owner.")]

app = typer.Typer(help=__doc__, add_completion=False, pretty_exceptions_enable=False)


@app.command()
def weights(
    name: Name,
    folder: Annotated[Path | None, typer.Option(help="Other weights than those that ship.")] = None,
    results: Annotated[Path, typer.Option(help="The scores, in Markdown.")] = ROOT / "docs" / "results.md",
    public: Public = False,
    upload: Upload = False,
) -> None:
    """Publish the weights: build the folder, load it, dub a frame with it, write its card."""
    with tempfile.TemporaryDirectory(prefix="synctalkface-") as built:
        parcel = hub.pack(
            folder or hub.shipped(), Path(built), name, facts(results), beside=[ROOT / "LICENSE", ROOT / "NOTICE"]
        )
        try_weights(parcel.folder)
        _send(parcel, name, "Weights", public, upload)


@app.command()
def check(name: Name) -> None:
    """Compare the published weights with those that ship, by hash."""
    differing = differences(hub.resolve(name), hub.shipped())
    if differing:
        raise WeightsError(
            f"'{name}' differs from the weights that ship in {', '.join(differing)}. Publish them again."
        )
    typer.echo(f"{name} holds the weights that ship.")


@app.command()
def addon(
    name: Name,
    folder: Annotated[Path, typer.Option(help="Where `make plugin-zips` has put them.")] = ROOT / "dist",
    public: Public = False,
    upload: Upload = False,
) -> None:
    """Put the zips of the Blender add-on beside the weights, in blender/; older ones go."""
    zips = sorted(folder.glob("*.zip"))
    if not zips:
        raise DataError(f"There is no zip in {folder}. Run `make plugin-zips` first.")
    with tempfile.TemporaryDirectory(prefix="synctalkface-") as built:
        place = Path(built) / "blender"
        place.mkdir()
        for path in zips:
            shutil.copyfile(path, place / path.name)
        _send(hub.parcel(Path(built)), name, "Blender add-on", public, upload, replaced=["blender/*.zip"])


@app.command()
def space(
    name: Name,
    model: Annotated[
        str | None,
        typer.Option(help="The repository of the weights, to be named on the page's card and loaded when it is built."),
    ] = None,
    public: Public = False,
    upload: Upload = False,
) -> None:
    """Publish the web page: what lies in demo/, and the library with its weights beside it."""
    with tempfile.TemporaryDirectory(prefix="synctalkface-") as built:
        build_space(Path(built), model)
        _send(hub.parcel(Path(built)), name, "Space", public, upload, kind="space", replaced=["*"])


def facts(results: Path, about: Path = ROOT / "hub" / "weights.toml") -> hub.Facts:
    """What the card of the project's weights says; the scores are those of `results`."""
    if not results.is_file():
        raise DataError(f"{results} is missing: a card without scores is not published. Run `synctalkface evaluate`.")
    said = tomllib.loads(about.read_text(encoding="utf-8"))
    text = results.read_text(encoding="utf-8").replace("\n#", "\n##")  # its headings become parts of the card's
    below = text.partition("\n")[2] if text.startswith("# ") else text
    return hub.Facts(data=said["data"], licence=said["licence"], limits=said["limits"], results=below)


def differences(one: Path, other: Path) -> list[str]:
    """The names of the weights and configurations that are not the same in both folders."""
    names = {p.name for folder in (one, other) for p in folder.glob("*") if p.suffix in (".json", ".safetensors")}
    both = [name for name in names if (one / name).is_file() and (other / name).is_file()]
    return sorted(name for name in names if name not in both or digest(one / name) != digest(other / name))


def build_space(into: Path, model: str | None = None) -> None:
    """Lay out in `into` what the Space holds. Raises WeightsError if no weights ship: the page would not start."""
    hub.load_generator(hub.shipped())
    shutil.copytree(ROOT / "demo", into, ignore=LEFT_OUT, dirs_exist_ok=True)
    shutil.copytree(ROOT / "synctalkface", into / "synctalkface", ignore=LEFT_OUT)
    for name in ("LICENSE", "NOTICE"):
        shutil.copyfile(ROOT / name, into / name)
    if model is not None:
        card = RepoCard.load(into / "README.md")
        card.data["models"] = card.data["preload_from_hub"] = [model]
        card.save(into / "README.md")


def _send(
    parcel: hub.Parcel,
    name: str,
    message: str,
    public: bool,
    upload: bool,
    *,
    kind: hub.Kind = "model",
    replaced: Sequence[str] | None = None,
) -> None:
    """Show the parcel; upload it when told to."""
    typer.echo(f"{name}, {kind}, {'public' if public else 'private'}:\n{parcel.listing()}")
    if not upload:
        typer.echo("Nothing was uploaded: add --upload for that.")
        return
    more = {} if replaced is None else {"replaced": replaced}
    typer.echo("Uploaded: " + hub.upload(parcel, name, message, kind=kind, private=not public, **more))


def main(arguments: Sequence[str] | None = None) -> int:
    """Carry out `arguments` (default: those of the process). Returns the exit code: 0, or 2 with a sentence."""
    try:
        code = app(args=None if arguments is None else list(arguments), prog_name="publish.py", standalone_mode=False)
    except SyncTalkFaceError as error:
        typer.echo(f"Error: {error}", err=True)
        return error.exit_code
    except typer.TyperException as error:
        typer.echo(f"Error: {error.format_message()}", err=True)
        return error.exit_code
    return code if isinstance(code, int) else 0


if __name__ == "__main__":
    sys.exit(main())
