"""From drawn frames to the file: in one go, or in segments that outlive a kill and are joined at the end.

In one go is the ordinary way: one encoder, nothing beside the result. In segments, asked for by `resume`, a run that is
killed loses the segment it was at; the price is a key frame at the begin of each and the space for all until the end.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Generator, Iterator
from contextlib import closing
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from synctalkface.clock import Clock
from synctalkface.pipeline.dubbing import BATCH
from synctalkface.pipeline.parts import Parts
from synctalkface.video import Frame, Pictures, Video, VideoWriter, write_sound
from synctalkface.video.join import join, pictures_in
from synctalkface.video.leftover import clear_leftovers, temporary

SECONDS = 10.0  # of a segment, about: x264 begins anew that often by itself at 25 frames a second

Drawn = Callable[
    [int], Generator[Frame, None, None]
]  # the frames of the result from one on, which is a multiple of BATCH


@dataclass(frozen=True)
class Delivery:
    """The file that is to be made: see VideoWriter."""

    out: Path
    like: Video
    clock: Clock
    speech: Path
    offset: float
    overwrite: bool
    crf: int
    comment: str
    preset: str = "veryfast"

    def write(self, drawn: Drawn, parts: Parts | None) -> None:
        """Write the file, in segments if there are `parts` to keep them in."""
        if parts:
            self.in_segments(drawn, parts)
        else:
            self.at_once(drawn)

    def at_once(self, drawn: Drawn) -> None:
        """Write the file."""
        with closing(drawn(0)) as frames, self._writer() as writer:
            for frame in frames:
                writer.write(frame)

    def _writer(self) -> VideoWriter:
        return VideoWriter(
            self.out,
            self.like,
            self.clock,
            self.speech,
            self.offset,
            self.overwrite,
            self.crf,
            self.preset,
            self.comment,
        )

    def in_segments(self, drawn: Drawn, parts: Parts) -> None:
        """Write what is missing of the segments in `parts`, then the file: the same one, however often it was begun."""
        clear_leftovers(self.out)
        with parts:
            lengths = self._lengths()
            done = _finished(parts, lengths)
            with closing(drawn(sum(lengths[:done]))) as frames:
                for number, length in enumerate(lengths[done:], start=done):
                    self._segment(parts.segment(number), islice(frames, length), length)
            self._join(parts, [parts.segment(number) for number in range(len(lengths))])

    def _lengths(self) -> list[int]:
        """How many frames each segment has."""
        usual = max(1, round(SECONDS * float(self.clock.rate) / BATCH)) * BATCH
        count = len(self.clock)
        return [min(usual, count - begin) for begin in range(0, count, usual)]

    def _segment(self, path: Path, frames: Iterator[Frame], length: int) -> None:
        part = temporary(path, "part")
        with Pictures(part, self.like, self.clock.rate, length, self.crf, self.preset, self.out) as pictures:
            for frame in frames:
                pictures.write(frame)
            pictures.finish()
        os.replace(part, path)

    def _join(self, parts: Parts, segments: list[Path]) -> None:
        sound, joined = (parts.temporary(name, self.out.suffix) for name in ("sound", "joined"))  # alike, as in one go
        write_sound(sound, self.speech, self.offset, self.clock.duration, self.out)
        join(segments, sound, self.out, joined, self.clock, self.comment)


def _finished(parts: Parts, lengths: list[int]) -> int:
    """How many segments, from the first on, are there and whole."""
    for number, length in enumerate(lengths):
        if pictures_in(parts.segment(number)) != length:
            return number
    return len(lengths)
