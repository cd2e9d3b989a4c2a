"""`python -m synctalkface`: the command line, for hosts that know a Python but not where its scripts are."""

from __future__ import annotations

from synctalkface.cli.main import run

if __name__ == "__main__":
    run()
