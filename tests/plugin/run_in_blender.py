"""Runs pytest inside a Blender: blender -b --factory-startup --python run_in_blender.py -- tests/plugin/blender."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

INI = Path(__file__).parent / "blender" / "pytest.ini"

if __name__ == "__main__":
    arguments = sys.argv[sys.argv.index("--") + 1 :] if "--" in sys.argv else sys.argv[1:]
    code = pytest.main(["-c", str(INI), *arguments])
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)  # some Blenders hang on their way out, and some eat the exit code
