"""Decoding a clip within this process, from any frame on: no pipe through which every frame is copied twice.

What the clip needs more than that (to be turned, made whole of fields, brought to another format) is read.py's to ask
of ffmpeg.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from fractions import Fraction
from itertools import accumulate, chain
from typing import Any

import av
import av.error
import cv2
import numpy as np
from av.container import InputContainer
from av.packet import Packet
from av.video.codeccontext import VideoCodecContext
from av.video.frame import VideoFrame
from av.video.stream import VideoStream
from numpy.typing import NDArray

from synctalkface import ffmpeg
from synctalkface.errors import MediaError
from synctalkface.video.frame import Frame, Samples, chroma_step, frame_bytes, sample_type
from synctalkface.video.probe import Video, pictures

_TRIES = 4  # key frames that are looked at: of those that come too late there is one at most


class Lost(Exception):
    """The file cannot tell where the frame is that is wanted: it must be counted from the first."""


def never() -> bool:
    """No frame may be passed over."""
    return False


def numbered(
    video: Video,
    start: int,
    stop: int | None,
    threads: int,
    options: Mapping[str, str],
    passing: Callable[[], bool] = never,
) -> Iterator[tuple[int, VideoFrame]]:
    """The frames start..stop of `video` (None: to its end) as they are stored, each with its number.

    As with ffmpeg, what cannot be decoded is left out, a file that breaks off ends there, and one that cannot even
    be opened has no frames. A frame that is unlike the first, where the stream changes on its way, is brought to its
    size and format. `options`: the decoder's. Raises Lost, before the first frame, if that is not where it should be.
    While `passing`, only frames come that others are made of. Frames are counted, and once some may have been passed
    over, known by their times; a clip whose times do not agree with the count is never passed over.
    """
    if start >= len(video.clock) or (stop is not None and stop <= start):
        return
    with suppress(MediaError), ffmpeg.open_media(video.path) as container:
        stream = pictures(container, video.path)
        context = stream.codec_context
        context.thread_count = threads
        context.options = dict(options)
        count = Count(video, container, stream, start, passing)
        if start:
            frames = _sought(video, container, stream, start, count.passing)
        else:
            frames = _frames(stream, container.demux(stream), None, count.passing)
        for frame in frames:
            number = count.of(frame)
            if number is not None and (stop is None or number < stop):
                yield number, _as_first(video, frame)
            if stop is not None and count.next >= stop:
                return


class Count:
    """Which frame of `video` each decoded one is: they come in their order. `next`: the least that can come now."""

    def __init__(
        self, video: Video, container: InputContainer, stream: VideoStream, start: int, passing: Callable[[], bool]
    ) -> None:
        self._starts, self._rate = video.clock.starts, float(video.clock.rate)
        self._zero = float(Fraction(container.start_time or 0, av.time_base))
        self._unit = stream.time_base
        self.next, self._asked = start, passing
        self._timed: bool | None = None  # so far time and count agree
        self._passed = False  # frames may be missing

    def passing(self) -> bool:
        """Whether frames may be passed over now; asked before each packet is decoded."""
        now = self._timed is True and self._asked()
        self._passed = self._passed or now
        return now

    def of(self, frame: VideoFrame) -> int | None:
        """The number of `frame`, the latest that was decoded; None if it is none of the clip's."""
        told = self._told(frame)
        if self._passed:
            number = told if told is not None and told >= self.next else None
        else:
            number = self.next
            self._timed = self._timed is not False and told == number
        if number is not None:
            self.next = number + 1
        return number

    def _told(self, frame: VideoFrame) -> int | None:
        """The number of the frame that is shown from when `frame` is on, to half a frame."""
        if frame.pts is None or self._unit is None:
            return None
        begins, half = float(frame.pts * self._unit) - self._zero, 0.5 / self._rate
        number = int(np.searchsorted(self._starts, begins - half))
        return number if number < len(self._starts) and self._starts[number] < begins + half else None


def _sought(
    video: Video, container: InputContainer, stream: VideoStream, start: int, passing: Callable[[], bool]
) -> Iterator[VideoFrame]:
    """The frames from number `start` on, found by its time: what no other is made of is not decoded on the way."""
    starts = video.clock.starts
    if stream.time_base is None:
        raise Lost
    zero = Fraction(container.start_time or 0, av.time_base)
    wanted = round((Fraction(starts[start]) + zero) / stream.time_base)
    early = wanted - (Fraction(starts[start] - starts[start - 1]) / stream.time_base) / 2
    late = 2 * wanted - early
    found = False
    for frame in _frames(stream, _from_key(container, stream, wanted), early, passing):
        if not found and (frame.pts is None or frame.pts > late):
            raise Lost
        found = found or (frame.pts is not None and frame.pts > early)
        if found:
            yield frame
    if not found:
        raise Lost


def _from_key(container: InputContainer, stream: VideoStream, wanted: int) -> Iterator[Packet[VideoStream]]:
    """The packets from the key frame on that is shown last before `wanted`, or then."""
    target = wanted
    for _ in range(_TRIES):
        try:
            container.seek(target, stream=stream)
            packets = container.demux(stream)
            first = next((packet for packet in packets if packet.size), None)
        except av.error.FFmpegError:
            break
        if first is None or first.pts is None:
            break
        if first.pts <= wanted:
            return chain([first], packets)
        if first.dts is None:
            break
        target = first.dts - 1  # it is decoded before, and shown after, the pictures that lead up to it
    raise Lost


def _frames(
    stream: VideoStream,
    packets: Iterator[Packet[VideoStream]],
    since: Fraction | None,
    passing: Callable[[], bool],
) -> Iterator[VideoFrame]:
    """What `packets` hold: before the time `since`, in the unit of the stream, only what others are made of.

    While `passing` it is so as well.
    """
    context = stream.codec_context
    with suppress(av.error.FFmpegError):  # breaks off
        for packet in packets:
            if packet.size:
                early = since is not None and packet.pts is not None and packet.pts < since
                context.skip_frame = "NONREF" if early or passing() else "DEFAULT"
                yield from _decode(context, packet)
    yield from _decode(context, None)  # what it still holds


def _decode(decoder: VideoCodecContext, packet: Packet[VideoStream] | None) -> list[VideoFrame]:
    try:
        return decoder.decode(packet)
    except av.error.FFmpegError:
        return []


def _as_first(video: Video, frame: VideoFrame) -> VideoFrame:
    if (frame.width, frame.height, frame.format.name) == (video.width, video.height, video.source_format):
        return frame
    return frame.reformat(video.width, video.height, video.source_format)


def whole(video: Video, frame: VideoFrame) -> Samples:
    """The samples of `frame` in memory of their own, plane after plane as a video.Frame holds them."""
    kind = sample_type(video.pixel_format)
    data = np.empty(frame_bytes(video.width, video.height, video.pixel_format) // kind.itemsize, kind)
    begin = 0
    for plane in planes(video, frame):
        data[begin : begin + plane.size].reshape(plane.shape)[:] = plane
        begin += plane.size
    return data


def small(video: Video, frame: VideoFrame, width: int, height: int) -> NDArray[np.uint8]:
    """A `frame` of yuv420p scaled down by area, as RGB (height, width, 3), both even; always as if it were BT.601."""
    rows = np.empty((height * 3 // 2, width), np.uint8)
    sizes = [(height, width), (height // 2, width // 2), (height // 2, width // 2)]
    begins = [0, *accumulate(rows * columns for rows, columns in sizes)]
    for plane, size, begin in zip(planes(video, frame), sizes, begins, strict=False):
        room = rows.reshape(-1)[begin : begin + size[0] * size[1]].reshape(size)
        cv2.resize(plane, size[::-1], dst=room, interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.cvtColor(rows, cv2.COLOR_YUV2RGB_I420), np.uint8)


def planes(like: Video | Frame, frame: VideoFrame) -> list[NDArray[Any]]:
    """Views (rows, columns) of Y, U and V of a `frame` with the size and format of `like`; they last as long as it."""
    down, across = chroma_step(like.pixel_format)
    width, height = like.width, like.height
    sizes = [(height, width), *[(height // down, width // across)] * 2]
    kind = sample_type(like.pixel_format)
    held = zip(frame.planes, sizes, strict=True)
    return [np.frombuffer(memoryview(plane), kind).reshape(rows, -1)[:, :columns] for plane, (rows, columns) in held]
