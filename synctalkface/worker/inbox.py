"""The worker's ears: a thread that reads commands while the main one dubs, so that a cancel is heard at once."""

from __future__ import annotations

import json
import os
import queue
import threading
from typing import TextIO

from synctalkface.errors import ConfigError
from synctalkface.worker.commands import Cancel, Command, Dub, Quit, parse
from synctalkface.worker.voice import Voice

LAST_WORDS = 2.0  # s that the main thread may take to clean up once the host has gone


class Inbox:
    """Commands from `stream`, in order. Its end means that the host has gone: everything stops."""

    def __init__(self, stream: TextIO, voice: Voice) -> None:
        self._stream, self._voice = stream, voice
        self._commands: queue.Queue[Command] = queue.Queue()
        self._lock = threading.Lock()
        self._waiting: set[str] = set()
        self._running = ""
        self._unwanted = False
        self._closed = False
        self._finished = threading.Event()
        threading.Thread(target=self._listen, name="inbox", daemon=True).start()

    def next(self, patience: float) -> Command | None:
        """The next command; None if none came for `patience` seconds."""
        try:
            return self._commands.get(timeout=patience)
        except queue.Empty:
            return None

    def begin(self, job: str) -> bool:
        """Is `job` still wanted? If so it is the running one now."""
        with self._lock:
            if job not in self._waiting or self._closed:
                return False
            self._waiting.remove(job)
            self._running, self._unwanted = job, False
            return True

    @property
    def unwanted(self) -> bool:
        """Has the running job been cancelled?"""
        return self._unwanted or self._closed

    def finish(self) -> None:
        """The main thread has cleaned up and is about to end."""
        self._finished.set()

    def _listen(self) -> None:
        for line in self._stream:
            if line.strip():
                self._take(line)
            if self._closed:
                break
        self._closed = True
        self._commands.put(Quit())
        if not self._finished.wait(LAST_WORDS):
            os._exit(3)  # stuck in a long computation that nobody waits for any more

    def _take(self, line: str) -> None:
        try:
            command = parse(line)
        except ConfigError as error:
            self._voice.say("failed", kind="ConfigError", message=str(error), **_job_in(line))
            return
        if isinstance(command, Quit):
            self._closed = True
        elif isinstance(command, Cancel):
            self._cancel(command.job)
        else:
            if isinstance(command, Dub):
                with self._lock:
                    self._waiting.add(command.job)
            self._commands.put(command)

    def _cancel(self, job: str) -> None:
        with self._lock:
            if job == self._running:
                self._unwanted = True  # the main thread answers when it has cleaned up
                return
            known = job in self._waiting
            self._waiting.discard(job)
        if known:
            self._voice.say("cancelled", job=job)


def _job_in(line: str) -> dict[str, str]:
    """The job that a command which cannot be understood was about, so that its host does not wait for ever."""
    try:
        job = json.loads(line)["job"]
    except (ValueError, TypeError, KeyError):
        return {}
    return {"job": str(job)}
