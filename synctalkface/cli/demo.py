"""`synctalkface demo`: the web page on this machine, in a process of its own."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from pathlib import Path
from typing import Annotated

import typer

import synctalkface
from synctalkface.cli.options import Device
from synctalkface.errors import ConfigError

FOLDER = Path(synctalkface.__file__).parents[1] / "demo"


def demo(
    port: Annotated[int, typer.Option(min=1, max=65535, help="Where the page is: http://127.0.0.1:PORT.")] = 7860,
    host: Annotated[
        str, typer.Option(help="127.0.0.1: this machine alone; 0.0.0.0: whoever can reach it.")
    ] = "127.0.0.1",
    weights: Annotated[
        str | None, typer.Option(help="A folder or Hub repository with weights; default: those that came along.")
    ] = None,
    device: Device = "auto",
    keep_minutes: Annotated[float, typer.Option(min=0.1, help="How long files of visitors are kept.")] = 30,
) -> None:
    """Serve the web page: upload a face and speech, watch the result. Ctrl-C ends it."""
    app = FOLDER / "app.py"
    if not app.is_file():
        raise ConfigError(
            "The web page lies in the repository, beside the package. Clone it and run the command there."
        )
    if importlib.util.find_spec("gradio") is None:
        raise ConfigError("The web page needs gradio. Run pip install -e '.[demo]' in the repository.")
    arguments = ["--port", str(port), "--host", host, "--device", device, "--keep-minutes", str(keep_minutes)]
    arguments += [] if weights is None else ["--weights", weights]
    path = os.pathsep.join(part for part in (str(FOLDER.parent), os.environ.get("PYTHONPATH")) if part)
    page = subprocess.Popen([sys.executable, str(app), *arguments], env={**os.environ, "PYTHONPATH": path})
    try:
        code = page.wait()
    except (KeyboardInterrupt, SystemExit):
        page.terminate()
        page.wait()
        raise
    if code:
        raise typer.Exit(code)
