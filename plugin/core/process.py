"""Child processes that no thread has to watch: output into files, commands through stdin, an end that always comes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

from .messages import Message, Tail, as_line

_HIDDEN = 0x08000000 if sys.platform == "win32" else 0  # CREATE_NO_WINDOW
_OURS = ("PYTHON", "LD_LIBRARY_PATH", "DYLD_")  # Blender's settings, which would lead another Python astray


class StartError(Exception):
    """A program could not be started. `str(error)` is the sentence to show."""


def clean_environment() -> dict[str, str]:
    """The environment without what is meant for Blender's own Python."""
    return {name: value for name, value in os.environ.items() if not name.startswith(_OURS)}


def alive(pid: int) -> bool:
    """Does the process `pid` run?"""
    if sys.platform == "win32":
        import ctypes

        handle = ctypes.windll.kernel32.OpenProcess(0x1000, False, pid)  # PROCESS_QUERY_LIMITED_INFORMATION
        if handle:
            ctypes.windll.kernel32.CloseHandle(handle)
        return bool(handle)
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


class Child:
    """A process whose stdout goes to `events` and whose stderr goes to `log`, in `folder`. Ends with its stdin."""

    def __init__(self, command: list[str], folder: Path, events: str = "events.jsonl", log: str = "worker.log") -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.log = folder / log
        self.tail = Tail(folder / events)
        try:
            with (folder / events).open("wb") as out, self.log.open("wb") as errors:
                self._process = subprocess.Popen(
                    command,
                    stdin=subprocess.PIPE,
                    stdout=out,
                    stderr=errors,
                    env=clean_environment(),
                    creationflags=_HIDDEN,
                )
        except OSError as error:
            raise StartError(f"{command[0]} cannot be started ({error.strerror}).") from None

    @property
    def pid(self) -> int:
        """Of the process."""
        return self._process.pid

    @property
    def code(self) -> int | None:
        """The exit code; None while it runs."""
        code = self._process.poll()
        if code is not None:
            self.hang_up()  # nobody reads our end of its stdin any more
        return code

    def send(self, message: Message) -> bool:
        """Give it a command. False if it does not listen any more."""
        try:
            assert self._process.stdin is not None  # noqa: S101 (it was opened as a pipe)
            self._process.stdin.write(as_line(message))
            self._process.stdin.flush()
        except (OSError, ValueError):
            return False
        return True

    def hang_up(self) -> None:
        """Close its stdin: a worker takes that as the end, also in the middle of a job."""
        try:
            if self._process.stdin is not None:
                self._process.stdin.close()
        except OSError:
            return  # it has ended already

    def terminate(self) -> None:
        """Ask the system to end it."""
        if self.code is None:
            self._process.terminate()

    def kill(self) -> None:
        """End it now, and wait until it is gone."""
        self.hang_up()
        if self.code is None:
            self._process.kill()
        self._process.wait()

    def last_words(self) -> str:
        """The last line of its log."""
        try:
            lines = self.log.read_bytes()[-4096:].decode("utf-8", "replace").strip().splitlines()
        except OSError:
            return ""
        return lines[-1].strip()[:200] if lines else ""

    def how_it_ended(self) -> str:
        """In words: "signal SIGSEGV", "code 1: ModuleNotFoundError ..."."""
        code = self.code
        if code is not None and code < 0:
            try:
                return f"signal {signal.Signals(-code).name}"
            except ValueError:
                return f"signal {-code}"
        words = self.last_words()
        return f"code {code}: {words}" if words else f"code {code}"
