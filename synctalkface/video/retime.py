"""Giving each picture of an encoded clip the timestamp it should have, for clips whose frame rate varies."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
from av.packet import Packet
from numpy.typing import NDArray

from synctalkface import ffmpeg
from synctalkface.clock import Clock

_TICKS = 90_000  # a second


def give_times(source: Path, target: Path, clock: Clock) -> None:
    """Copy `source` to `target`, without encoding again, with each picture shown when `clock` says.

    The packets of `source` come in the order of showing (no B-frames). Raises libav's errors, which are OSErrors.
    """
    starts = np.rint(clock.starts * _TICKS).astype(np.int64)
    lengths = np.maximum(1, np.rint(clock.lengths * _TICKS)).astype(np.int64)
    options = {} if target.suffix.lower() == ".mkv" else {"movflags": "faststart"}
    with (
        av.open(ffmpeg.file_url(source)) as old,
        av.open(ffmpeg.file_url(target), "w", options=options) as new,
    ):
        new.metadata.update({key: text for key, text in old.metadata.items() if key.lower() == "comment"})
        streams = {stream.index: new.add_stream_from_template(stream) for stream in old.streams}
        pictures = old.streams.video[0].index
        streams[pictures].time_base = Fraction(1, _TICKS)
        place = 0
        for packet in old.demux():
            if not packet.size:
                continue
            index = packet.stream_index
            if index == pictures:
                _retime(packet, starts, lengths, place)
                place += 1
            packet.stream = streams[index]
            new.mux(packet)


def _retime(packet: Packet[Any], starts: NDArray[np.int64], lengths: NDArray[np.int64], place: int) -> None:
    packet.time_base = Fraction(1, _TICKS)
    packet.pts = packet.dts = int(starts[place])
    packet.duration = int(lengths[place])
