"""Joining the segments of a clip, encoded one by one, and its sound to one file, without encoding again.

Each segment is a closed run of pictures from the same encoder with the same settings, so their packets follow each
other as they are; only their times are given anew, each picture's from the clock of the whole.
"""

from __future__ import annotations

import heapq
import os
from collections.abc import Iterator, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import av.error
import numpy as np
from av.packet import Packet
from av.video.stream import VideoStream
from numpy.typing import NDArray

from synctalkface import ffmpeg
from synctalkface.clock import JITTER, Clock
from synctalkface.errors import OutputError

_TICKS = 90_000  # a second, where frames lie on no grid
_FINEST = 10_000  # ticks a second at least, where they do


def pictures_in(path: Path) -> int:
    """How many pictures the clip `path` holds; 0 if it is none, or damaged."""
    try:
        with av.open(ffmpeg.file_url(path)) as container:
            return sum(1 for packet in container.demux(video=0) if packet.size)
    except (av.error.FFmpegError, OSError, IndexError):
        return 0


def join(
    segments: Sequence[Path], sound: Path | None, target: Path, part: Path, clock: Clock, comment: str = ""
) -> None:
    """Write `target`: the pictures of `segments`, one after another, shown when `clock` says, and the track `sound`.

    It is written as `part`, on the same disk, and renamed when it is whole. The same segments always give the same
    bytes. Raises OutputError if it cannot be written, ValueError if there are not as many pictures as `clock` has
    frames.
    """
    try:
        _join(segments, sound, part, clock, comment)
        os.replace(part, target)
    except OSError as error:  # libav's errors too
        part.unlink(missing_ok=True)
        raise OutputError(
            f"{target} cannot be written ({error.strerror}). "
            "Check the free space on the disk, or choose another folder."
        ) from None


def _join(segments: Sequence[Path], sound: Path | None, target: Path, clock: Clock, comment: str) -> None:
    places = _places(segments)
    if sum(map(len, places)) != len(clock):
        raise ValueError(f"{sum(map(len, places))} pictures in the segments, {len(clock)} frames in the clock.")
    options = {"fflags": "+bitexact"}  # Matroska files have random numbers in them otherwise
    if target.suffix.lower() != ".mkv":
        options["movflags"] = "faststart"
    with (
        av.open(ffmpeg.file_url(segments[0])) as first,
        av.open(ffmpeg.file_url(target), "w", options=options) as new,
    ):
        new.metadata.update({"comment": comment} if comment else {})
        shown = new.add_stream_from_template(first.streams.video[0])
        tracks = [_pictures(segments, places, shown, clock)]
        if sound is not None:
            tracks.append(_sounds(sound, new))
        for packet in heapq.merge(*tracks, key=_decoded_at):
            new.mux(packet)


def _places(segments: Sequence[Path]) -> list[NDArray[np.int64]]:
    """For each segment, the place in the order of showing of each of its packets, which come in that of decoding."""
    places = []
    for path in segments:
        with av.open(ffmpeg.file_url(path)) as container:
            stamps = [packet.pts for packet in container.demux(video=0) if packet.size]
        places.append(np.argsort(np.argsort(np.array(stamps, dtype=np.int64))))
    return places


def _pictures(
    segments: Sequence[Path], places: Sequence[NDArray[np.int64]], stream: VideoStream, clock: Clock
) -> Iterator[Packet[Any]]:
    """The packets of `segments` for `stream`, timed by `clock`."""
    tick, shown = _grid(clock)
    stream.time_base = tick
    lengths = np.append(np.diff(shown), round(float(1 / clock.rate / tick)))
    # how many pictures are decoded before the first can be shown: packet j is decoded when picture j - delay is shown
    delay = max(int((np.arange(len(order)) - order).max()) for order in places)
    ahead = shown[0] - np.arange(delay, 0, -1) * lengths[-1]
    decoded = np.concatenate([ahead, shown])
    begin = 0
    for path, order in zip(segments, places, strict=True):
        with av.open(ffmpeg.file_url(path)) as container:
            coming = (packet for packet in container.demux(video=0) if packet.size)
            for number, (packet, place) in enumerate(zip(coming, order, strict=True), start=begin):
                packet.time_base = tick
                packet.pts, packet.dts = int(shown[begin + place]), int(decoded[number])
                packet.duration = int(lengths[begin + place])
                packet.stream = stream
                yield packet
        begin += len(order)


def _grid(clock: Clock) -> tuple[Fraction, NDArray[np.int64]]:
    """The unit of time of a clip with `clock`, in seconds, and the tick at which each frame is shown."""
    if clock.variable:
        return Fraction(1, _TICKS), np.rint(clock.starts * _TICKS).astype(np.int64)
    finer = -(-_FINEST // clock.rate.numerator)
    begin = float(clock.starts[0]) if abs(clock.starts[0]) > JITTER else 0.0
    tick = Fraction(1, clock.rate.numerator * finer)
    step = clock.rate.denominator * finer
    return tick, round(begin / float(tick)) + np.arange(len(clock), dtype=np.int64) * step


def _sounds(path: Path, new: av.container.OutputContainer) -> Iterator[Packet[Any]]:
    """The packets of the sound track of `path`, for a track of `new` that is made here."""
    with av.open(ffmpeg.file_url(path)) as old:
        source = old.streams.audio[0]
        stream = new.add_stream_from_template(source)
        stream.metadata.update(source.metadata)
        for packet in old.demux(source):
            if packet.size:
                packet.stream = stream
                yield packet


def _decoded_at(packet: Packet[Any]) -> Fraction:
    assert packet.dts is not None and packet.time_base is not None  # noqa: S101 (what a muxer has written)
    return packet.dts * packet.time_base
