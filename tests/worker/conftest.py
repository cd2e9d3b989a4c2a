"""A worker with a tiny model, and one to talk to through its pipes."""

from __future__ import annotations

import json
import os
import queue
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest


@pytest.fixture(scope="session")
def tiny_weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with random weights of the tiny preset."""
    import torch

    from synctalkface import hub
    from synctalkface.config import preset
    from synctalkface.models.generator import SyncTalkFace

    torch.manual_seed(0)
    config = preset("tiny")
    folder = tmp_path_factory.mktemp("weights")
    hub.save_module(SyncTalkFace(config), config, folder, hub.GENERATOR)
    return folder


class Spoken:
    """`python -m synctalkface worker` as its host sees it."""

    def __init__(self, *options: str) -> None:
        command = [sys.executable, "-X", "utf8", "-u", "-m", "synctalkface", "worker", *options]
        self.process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            encoding="utf-8",
            env={**os.environ, "OMP_NUM_THREADS": "1"},
        )
        self._events: queue.Queue[dict[str, Any]] = queue.Queue()
        self._listener = threading.Thread(target=self._listen)
        self._listener.start()

    def _listen(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self._events.put(json.loads(line))

    def send(self, line: dict[str, Any] | str) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write((line if isinstance(line, str) else json.dumps(line)) + "\n")
        self.process.stdin.flush()

    def until(self, *names: str) -> dict[str, Any]:
        """The next event of one of these names; the ones before it are forgotten."""
        while True:
            event = self._events.get(timeout=90)
            if event["event"] in names:
                return event

    def hang_up(self) -> int:
        """Close its stdin; its exit code."""
        assert self.process.stdin is not None
        self.process.stdin.close()
        return self.process.wait(timeout=60)

    def end(self) -> None:
        self.process.kill()
        self.process.wait()
        self._listener.join()
        for pipe in (self.process.stdin, self.process.stdout):
            assert pipe is not None
            try:
                pipe.close()
            except BrokenPipeError:
                continue


@pytest.fixture
def start_worker() -> Iterator[Callable[..., Spoken]]:
    """A function (*options) -> a running worker that has been greeted; ended after the test."""
    started: list[Spoken] = []

    def start(*options: str) -> Spoken:
        started.append(Spoken(*options))
        started[-1].send({"do": "hello", "protocol": 1})
        return started[-1]

    yield start
    for worker in started:
        worker.end()
