"""Deletes the files of visitors when their time is over: uploads, results, and whatever was made on the way.

Gradio can do that itself, but it forgets results and does not spare the examples.
"""

from __future__ import annotations

import threading
import time
from pathlib import Path


def sweep(folder: Path, seconds: float) -> None:
    """Delete what was put into `folder` more than `seconds` ago, and folders in it that are empty for that long."""
    limit = time.time() - seconds
    for path in sorted(folder.rglob("*"), reverse=True):  # what lies in a folder before the folder itself
        try:
            if path.lstat().st_ctime > limit:
                continue
            if path.is_dir() and not path.is_symlink():
                if not any(path.iterdir()):
                    path.rmdir()
            else:
                path.unlink()
        except FileNotFoundError:
            continue  # a job that was stopped has cleaned up after itself


def sweep_for_ever(folder: Path, seconds: float) -> threading.Thread:
    """Keep `folder` swept, in a thread that ends with the program; nothing in it gets older than `seconds`."""
    every = min(60.0, seconds / 4)

    def work() -> None:
        while True:
            time.sleep(every)
            sweep(folder, seconds - every)

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    return thread
