"""What each stage of a dub costs by itself: processor time a frame, that of ffmpeg included."""

from __future__ import annotations

import resource
from collections.abc import Callable
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from synctalkface import LipSync
from synctalkface.audio import log_mel
from synctalkface.person import Hearing, Mouth, stills
from synctalkface.pipeline.dubbing import BATCH
from synctalkface.pipeline.stages import one_thread_each
from synctalkface.video import VideoWriter, probe, read_frames

FRAMES = 20 * BATCH  # of which the drawing is timed


def stages(dubber: LipSync, clip: Path, speech: Path, folder: Path) -> dict[str, float]:
    """Name -> milliseconds a frame."""
    video, spent = probe(clip), dict[str, float]()
    count = min(FRAMES, len(video.clock)) // BATCH * BATCH

    def take(name: str, frames: int, work: Callable[[], Any]) -> Any:
        before = _spent()
        result = work()
        spent[name] = spent.get(name, 0.0) + 1000 * (_spent() - before) / frames
        return result

    with one_thread_each():
        followed = take("find faces", len(video.clock), lambda: dubber.follow(video))
        shown = take("decode", count, lambda: list(islice(read_frames(video), count)))
        lent = stills(video, followed, followed.references_of(followed.first))
        mouth = Mouth(dubber.model, dubber.config, lent)
        hearing = Hearing(dubber.model, dubber.config, log_mel(dubber.waveform(speech), dubber.config.audio))
        full = np.ones(BATCH, np.float32)
        for begin in range(0, count, BATCH):
            batch = range(begin, begin + BATCH)
            places = [place for index in batch if (place := followed.at(index)) is not None]
            frames = shown[begin : begin + BATCH]
            if len(places) < BATCH:
                continue
            filmed = take("cut", count, lambda f=frames, p=places: mouth.cut(f, p))
            heard = take("hear", count, lambda b=batch: hearing.at(video.clock.centres[list(b)]))
            lower = take("generate", count, lambda f=filmed, h=heard: mouth.generate(f, h))
            take("paste", count, lambda f=frames, p=places, w=lower, c=filmed: mouth.paste(f, p, w, c, full))

        def encode() -> None:
            clock = type(video.clock).constant(video.clock.rate, count)
            with VideoWriter(folder / "stage.mp4", video, clock, None, overwrite=True) as writer:
                for frame in shown:
                    writer.write(frame)

        take("encode", count, encode)
    return spent


def _spent() -> float:
    both = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(used.ru_utime + used.ru_stime for used in both)
