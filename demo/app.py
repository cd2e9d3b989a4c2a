"""The Gradio Space: loads the model once and serves the page. `python demo/app.py --help` says how."""

from __future__ import annotations

import argparse
import atexit
import importlib.util
import os
import shutil
import signal
import sys
import tempfile
from pathlib import Path


def prepare() -> tuple[Path, Path]:
    """Settings that must be made before gradio and torch are imported.

    Returns the folder of visitors' files, and that of what the library remembers of them.
    """
    os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
    os.environ["HF_HUB_DISABLE_TELEMETRY"] = "1"
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    files, memory = _own_folder("synctalkface-demo-"), _own_folder("synctalkface-cache-")
    os.environ["GRADIO_TEMP_DIR"], os.environ["SYNCTALKFACE_CACHE"] = files, memory
    if importlib.util.find_spec("spaces") is not None:
        importlib.import_module("spaces")  # before torch, which it teaches about shared GPUs
    return Path(files), Path(memory)


def _own_folder(prefix: str) -> str:
    """A new folder for this run alone, which goes when it ends."""
    above = os.environ.get("GRADIO_TEMP_DIR")
    if above:
        os.makedirs(above, exist_ok=True)
    folder = tempfile.mkdtemp(prefix=prefix, dir=above)
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


def main() -> None:
    """Serve the page until Ctrl-C or SIGTERM."""
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))  # so that files are deleted then, too
    parser = argparse.ArgumentParser(description="Serve the page that dubs faces.")
    parser.add_argument("--host", default=os.environ.get("GRADIO_SERVER_NAME", "127.0.0.1"), help="0.0.0.0: everyone")
    parser.add_argument("--port", type=int, default=int(os.environ.get("GRADIO_SERVER_PORT", "7860")))
    parser.add_argument("--weights", default=os.environ.get("SYNCTALKFACE_WEIGHTS"), help="folder or Hub repository")
    parser.add_argument("--device", default="auto", help="auto, cpu, cuda")
    parser.add_argument("--keep-minutes", type=float, help="how long files of visitors are kept")
    options = parser.parse_args()
    folders = prepare()
    from studio.house import KEPT_MINUTES
    from studio.page import build, launch_options
    from studio.studio import Studio
    from studio.sweep import sweep_for_ever
    from synctalkface import LipSync, SyncTalkFaceError

    try:
        dubber = LipSync.from_pretrained(options.weights, options.device)
    except SyncTalkFaceError as error:
        parser.exit(error.exit_code, f"Error: {error}\n")
    kept = 60 * (options.keep_minutes or KEPT_MINUTES)
    for folder in folders:
        sweep_for_ever(folder, kept)
    studio = Studio(dubber, options.weights, options.device)
    build(studio, kept).launch(server_name=options.host, server_port=options.port, **launch_options())


if __name__ == "__main__":
    main()
