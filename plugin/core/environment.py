"""Making an environment for the worker: a Python of its own with synctalkface in it, step by step and in view."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from .process import Child, StartError, clean_environment

OLDEST = (3, 11)
_NAMES = ("python3.13", "python3.12", "python3.11", "python3.14", "python3", "python")
_ASK = "import sys, venv, ensurepip; print(*sys.version_info[:2])"
_HIDDEN = 0x08000000 if sys.platform == "win32" else 0


def environment_python(folder: Path) -> Path:
    """The Python of the environment in `folder`."""
    return folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python3")


def base_python(chosen: str = "", last_resort: str = "") -> str | None:
    """A Python new enough to make an environment with: `chosen`, else one on the PATH, else `last_resort`."""
    named = [chosen] if chosen else [path for name in _NAMES if (path := shutil.which(name))] + [last_resort]
    return next((path for path in named if path and _suits(path)), None)


def _suits(python: str) -> bool:
    command = [python, "-I", "-c", _ASK]
    try:
        answer = subprocess.run(
            command,
            capture_output=True,
            text=True,
            timeout=10,
            check=False,
            env=clean_environment(),
            creationflags=_HIDDEN,
        )
        return answer.returncode == 0 and tuple(map(int, answer.stdout.split())) >= OLDEST
    except (OSError, ValueError, subprocess.TimeoutExpired):
        return False


def steps(base: str, folder: Path, package: str, wheels: str) -> list[list[str]]:
    """The commands that make the environment in `folder`. wheels: a folder to install from without a network, or ""."""
    install = [str(environment_python(folder)), "-I", "-m", "pip", "install", "--no-input", "--progress-bar", "off"]
    install += ["--disable-pip-version-check", *(["--no-index", "--find-links", wheels] if wheels else []), package]
    return [[base, "-I", "-m", "venv", str(folder)], install]


class Setup:
    """Runs `commands` one after another, their output in `folder`. A second run goes on where pip had come to."""

    def __init__(self, commands: Sequence[Sequence[str]], folder: Path) -> None:
        self._left, self._folder = [list(command) for command in commands], folder
        self.trouble = ""  # the sentence, if it failed
        self._child: Child | None = None
        self.cancelled = False

    @property
    def log(self) -> Path:
        """What pip said."""
        return self._folder / "setup.txt"

    @property
    def running(self) -> bool:
        """Is there anything left to do?"""
        return bool(self._left or self._child) and not self.trouble and not self.cancelled

    @property
    def line(self) -> str:
        """The latest line of the log."""
        try:
            lines = self.log.read_bytes()[-2048:].decode("utf-8", "replace").strip().splitlines()
        except OSError:
            return ""
        return lines[-1].strip() if lines else ""

    def tick(self) -> None:
        """Take the next step."""
        if not self.running:
            return
        if self._child is not None:
            code = self._child.code
            if code is None:
                return
            ended, self._child = self._child, None
            if code != 0:
                self.trouble = f"The environment could not be made ({ended.how_it_ended()}). Its log says more."
                return
        if self._left:
            try:
                self._child = Child(self._left.pop(0), self._folder, "setup.txt", "setup.log")
            except StartError as error:
                self.trouble = f"The environment could not be made: {error}"

    def cancel(self) -> None:
        """Stop. What was downloaded stays in pip's cache."""
        self.cancelled = True
        if self._child is not None:
            self._child.kill()
            self._child = None
