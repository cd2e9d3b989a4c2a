"""`synctalkface`: the sub-commands, and the one door where errors become a sentence and an exit code.

Exit codes: 0 done, 2 an error with a sentence, 75 call it again (`train recipe`), 130 stopped by Ctrl-C, 143 by a
signal to terminate; 1 is a bug, or a batch of which some jobs failed.
"""

from __future__ import annotations

import contextlib
import io
import os
import signal
import sys
from collections.abc import Sequence
from types import FrameType
from typing import Annotated, NoReturn

import typer

from synctalkface import __version__
from synctalkface.cli.adapt import adapt
from synctalkface.cli.addresses import addresses
from synctalkface.cli.atlas import atlas
from synctalkface.cli.check import check
from synctalkface.cli.compare import compare
from synctalkface.cli.demo import demo
from synctalkface.cli.dub import dub
from synctalkface.cli.dub_many import dub_many
from synctalkface.cli.evaluate import evaluate
from synctalkface.cli.export import export
from synctalkface.cli.faces import faces
from synctalkface.cli.info import info
from synctalkface.cli.many.hand import hand
from synctalkface.cli.prepare import prepare
from synctalkface.cli.pull import pull
from synctalkface.cli.push import push
from synctalkface.cli.train import train
from synctalkface.cli.worker import worker
from synctalkface.errors import SyncTalkFaceError
from synctalkface.events import Failed, json_lines

STOPPED = 130  # what shells report for Ctrl-C

app = typer.Typer(
    help="Dub a face: give a talking-face video the mouth that fits new speech.",
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command()(dub)
app.command()(dub_many)
app.command()(adapt)
app.command()(faces)
app.command()(addresses)
app.command()(demo)
app.command()(check)
app.command()(evaluate)
app.command()(compare)
app.command()(atlas)
app.command()(export)
app.command()(info)
app.command()(prepare)
app.command()(pull)
app.command()(push)
app.command()(worker)
app.command(hidden=True)(hand)
app.add_typer(train)


def run(arguments: Sequence[str] | None = None) -> NoReturn:
    """Carry out `arguments` (default: those of the process) and exit."""
    # Must be set before torch is imported: threads that spin while they wait starve a busy machine.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    signal.signal(signal.SIGTERM, _leave)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # file names may hold what the terminal's encoding does not
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")
    sys.exit(answer(sys.argv[1:] if arguments is None else list(arguments)))


def answer(arguments: list[str]) -> int:
    """Carry out `arguments` and return the exit code. Errors are said on stderr and, with --events, on stdout too."""
    events = "--events" in arguments
    try:
        code = app(args=arguments or ["--help"], prog_name="synctalkface", standalone_mode=False)
    except SyncTalkFaceError as error:
        return _fail(type(error).__name__, _in_one_line(str(error)), error.exit_code, events)
    except typer.TyperException as error:
        return _fail("UsageError", error.format_message(), error.exit_code, events)
    if code == STOPPED:
        return _fail("Stopped", "Stopped at your request.", STOPPED, events)
    return code if isinstance(code, int) else 0


def _fail(kind: str, message: str, code: int, events: bool) -> int:
    with contextlib.suppress(BrokenPipeError):  # whoever listened has gone; the exit code still tells
        if events:
            json_lines(sys.stdout)(Failed(kind, message))
        typer.echo(message if code == STOPPED else f"Error: {message}", err=True)
    return code


def _in_one_line(message: str) -> str:
    """`message` without the means to command a terminal, which the name of a file may hold."""
    return "".join(sign if sign.isprintable() else repr(sign)[1:-1] for sign in message)


def _leave(signum: int, frame: FrameType | None) -> NoReturn:
    """Unwind like any exit, so that half-written files are removed and child processes ended."""
    raise SystemExit(128 + signum)


def _say_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"synctalkface {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_say_version, is_eager=True, help="Say the version and exit.")
    ] = False,
) -> None:
    """Options before the sub-command."""
