"""`synctalkface worker`: dub for a host program, such as the Blender add-on, that speaks JSON lines."""

from __future__ import annotations

import os
import sys
from typing import Annotated

import typer


def worker(
    idle: Annotated[float, typer.Option(min=1, help="Seconds without a command after which it ends.")] = 300.0,
) -> None:
    """Wait for commands on stdin and answer on stdout, one JSON object a line. For host programs, not for people.

    It ends with its stdin, so no worker outlives its host.
    """
    from synctalkface.worker import serve

    # What a library prints must not get between the events: they keep the real stdout, all else goes to stderr.
    events = os.fdopen(os.dup(1), "w", encoding="utf-8", newline="\n")
    os.dup2(2, 1)
    with events:
        serve(sys.stdin, events, idle)
