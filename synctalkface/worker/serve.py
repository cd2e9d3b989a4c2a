"""The worker's round: wait for a job, dub it, tell how it went; keep the model loaded; end when nobody asks."""

from __future__ import annotations

import hashlib
import platform
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

import numpy as np

from synctalkface import __version__, ffmpeg
from synctalkface.clock import Clock, Timeline, shown_at
from synctalkface.errors import SyncTalkFaceError
from synctalkface.events import Done, Event, Failed, Listener
from synctalkface.worker.commands import PROTOCOL, Dub, Hello, Quit
from synctalkface.worker.inbox import Inbox
from synctalkface.worker.voice import Voice

if TYPE_CHECKING:
    from synctalkface.pipeline import LipSync


class _CancelledError(Exception):
    """The host does not want the running job any more."""


def serve(commands: TextIO, events: TextIO, idle: float) -> None:
    """Carry out `commands` until they end, until told to quit, or until none came for `idle` seconds."""
    voice = Voice(events)
    inbox = Inbox(commands, voice)
    dubber = _Dubber()
    while True:
        command = inbox.next(idle)
        if command is None or isinstance(command, Quit):
            voice.say("bye")
            break
        if isinstance(command, Hello):
            _answer(command, voice)
        elif isinstance(command, Dub) and inbox.begin(command.job):
            _carry_out(command, dubber, inbox, voice)
    inbox.finish()


def _answer(hello: Hello, voice: Voice) -> None:
    """Say who this is, and once torch has been loaded, what it computes on."""
    voice.say("hello", protocol=PROTOCOL, version=__version__, python=platform.python_version())
    if hello.protocol != PROTOCOL:
        return
    import torch

    device = f"GPU ({torch.cuda.get_device_name(0)})" if torch.cuda.is_available() else "CPU"
    try:
        found = "{}.{}".format(*ffmpeg.version(ffmpeg.find_ffmpeg()))
    except SyncTalkFaceError as error:
        voice.say("warning", message=str(error))
        found = ""
    voice.say("ready", device=device, torch=torch.__version__, ffmpeg=found)


def _carry_out(command: Dub, dubber: _Dubber, inbox: Inbox, voice: Voice) -> None:
    """Dub, and say how it ended."""
    import torch

    def listen(event: Event) -> None:
        if inbox.unwanted:
            raise _CancelledError
        voice.tell(command.job, event)

    voice.say("started", job=command.job)
    try:
        result = dubber.dub(command, listen)
    except _CancelledError:
        voice.say("cancelled", job=command.job)
    except SyncTalkFaceError as error:
        voice.tell(command.job, Failed(type(error).__name__, str(error)))
    except (torch.OutOfMemoryError, MemoryError):
        dubber.forget()
        voice.tell(
            command.job,
            Failed("OutOfMemory", "The memory of the device is full. Close other programs, or choose the CPU."),
        )
    else:
        voice.tell(command.job, Done(result))


def timeline_of(command: Dub, clip: Clock) -> Timeline:
    """What `command` wants to be shown of `clip`; beyond its end, the last frame.

    Editors count the frames of a clip by a constant rate, also where the frames vary in length.
    """
    source = command.source
    if clip.variable and command.clip_rate > 0:
        source = shown_at(clip, source / command.clip_rate)
    return Timeline(np.minimum(source, len(clip) - 1), Clock.constant(command.rate, len(source)))


class _Dubber:
    """Keeps the model of the latest job for the next one."""

    def __init__(self) -> None:
        self._key: tuple[str | None, str] | None = None
        self._model: LipSync | None = None

    def forget(self) -> None:
        """Give the model's memory back."""
        self._key = self._model = None

    def dub(self, command: Dub, listen: Listener) -> dict[str, Any]:
        """The result as plain data, with the checksum of its file."""
        from synctalkface.video import probe

        report = self._load(command).dub(
            command.video,
            command.speech,
            command.out,
            face=command.face,
            crf=command.crf,
            timeline=timeline_of(command, probe(command.video).clock),
            speech_begin=command.speech_begin,
            on_progress=listen,
        )
        with Path(command.out).open("rb") as file:
            return {**report.as_dict(), "sha256": hashlib.file_digest(file, "sha256").hexdigest()}

    def _load(self, command: Dub) -> LipSync:
        from synctalkface.pipeline import LipSync

        key = (command.weights, command.device)
        if self._model is None or key != self._key:
            self.forget()  # never two in memory
            self._model, self._key = LipSync.from_pretrained(command.weights, command.device, remember=True), key
        return self._model
