"""The clip's own sound kept under the new speech: laid along the pictures of the result, mixed without clipping.

Where the pictures run forwards, their sound is heard; where they run backwards, the sound of the same stretch is played
forwards, as sound backwards is no sound of a room; where they stand still, there is none.
"""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, NamedTuple, cast

import ffmpeg as ffmpeg_python
import numpy as np
from numpy.typing import NDArray

from synctalkface import ffmpeg
from synctalkface.clock import Clock, Timeline
from synctalkface.errors import MediaError
from synctalkface.video.probe import Video
from synctalkface.video.scratch import Scratch

RATE, CHANNELS = 48_000, 2
LEVEL = 10 ** (-12 / 20)  # of the clip's own sound: people in it are heard to speak, but not over the speech
CEILING = 10 ** (-1 / 20)  # of the mixture; AAC may overshoot what it is given
FADE = 480  # samples at both ends of a stretch, against clicks
BLOCK = RATE  # samples mixed at once

Sound = NDArray[np.float32]  # (n, 2) in [-1, 1]


class Stretch(NamedTuple):
    """A piece of the clip's sound in the result, in seconds."""

    begin: float  # in the result
    seconds: float
    clip: float  # where it begins in the clip


def stretches(clock: Clock, timeline: Timeline) -> list[Stretch]:
    """The pieces of the sound of a clip with `clock` that belong to the pictures of `timeline`, in their order."""
    source, shown = timeline.source, timeline.clock
    ends = np.append(shown.starts, shown.duration)
    ends[0] = 0.0  # pictures that begin late have sound before them
    pieces, first = [], 0
    while first < len(source):
        last = _run_end(source, first)
        # a picture that only repeats the one before stands still
        if last > first or first == 0 or source[first] != source[first - 1]:
            begin, lowest = float(ends[first]), int(min(source[first], source[last]))
            early = float(shown.starts[first]) - begin
            clip = max(0.0, float(clock.starts[lowest]) - early)
            pieces.append(Stretch(begin, float(ends[last + 1]) - begin, clip))
        first = last + 1
    return pieces


def _run_end(source: NDArray[np.int64], first: int) -> int:
    """The last picture of the run that begins at `first`: all forwards, or all backwards, skipping one at most."""
    last, way = first, 0
    while last + 1 < len(source):
        step = int(source[last + 1] - source[last])
        if not 1 <= abs(step) <= 2 or (way and np.sign(step) != way):
            break
        way, last = int(np.sign(step)), last + 1
    return last


@contextmanager
def sound_of_result(
    video: Video, timeline: Timeline, speech: str | Path, offset: float, keep_audio: bool
) -> Iterator[tuple[Path, float]]:
    """The sound of the result as a file, and the second at which it begins: what VideoWriter takes.

    That is `speech` and `offset` themselves, or, with `keep_audio`, a temporary file with the sound of `video` under
    it, 12 dB softer. The sum is made softer as a whole if it would clip. Raises MediaError if either cannot be decoded.
    """
    if not keep_audio or not video.has_audio:
        yield Path(speech), offset
        return
    with Scratch() as scratch:
        yield _mixed(video, timeline, Path(speech), offset, scratch.path), 0.0


def _mixed(video: Video, timeline: Timeline, speech: Path, offset: float, folder: Path) -> Path:
    pieces = stretches(video.clock, timeline)
    needed = max(piece.clip + piece.seconds for piece in pieces)
    # on the disk, so that memory does not grow with the clip
    own = folder / "own.raw"
    with own.open("wb") as file:
        for block in decoded(video.path, 0.0):
            file.write(np.rint(block.clip(-1, 1) * 32767).astype("<i2").tobytes())
            if file.tell() >= needed * RATE * 2 * CHANNELS:
                break
    if not own.stat().st_size:
        raise MediaError(f"The sound of {video.path} cannot be decoded. Dub it without its own sound.")
    bed = np.memmap(own, "<i2", "r").reshape(-1, CHANNELS)
    total, peak, done = round(timeline.clock.duration * RATE), 0.0, 0
    mixture = folder / "mixture.raw"
    with mixture.open("wb") as file:
        for spoken in _padded(decoded(speech, offset), total):
            block = spoken + LEVEL * _laid(bed, pieces, done, len(spoken))
            peak = max(peak, float(np.abs(block).max()))
            file.write(block.astype("<f4").tobytes())
            done += len(block)
    return stored(mixture, min(1.0, CEILING / max(peak, 1e-9)), folder / "mixture.mka", _language(speech))


def _laid(bed: NDArray[np.int16], pieces: list[Stretch], begin: int, count: int) -> Sound:
    """The samples begin..begin+count of the clip's sound as it lies in the result."""
    laid = np.zeros((count, CHANNELS), np.float32)
    for piece in pieces:
        first, length, clip = (round(seconds * RATE) for seconds in piece)
        low, high = max(first, begin), min(first + length, begin + count)
        if low >= high:
            continue
        taken = bed[clip + low - first : clip + high - first].astype(np.float32) / 32767
        place = np.arange(low - first, low - first + len(taken))
        fade = np.minimum(1.0, (length - place) / FADE)
        if first > 0:
            fade = np.minimum(fade, (place + 1) / FADE)
        laid[low - begin : low - begin + len(taken)] = taken * fade[:, None]
    return laid


def _padded(blocks: Iterator[Sound], total: int) -> Iterator[Sound]:
    """`blocks`, cut or prolonged with silence to `total` samples."""
    left = total
    for block in blocks:
        if left > 0:
            yield block[:left]
        left -= len(block)
        if left <= 0:
            return
    while left > 0:
        yield np.zeros((min(left, BLOCK), CHANNELS), np.float32)
        left -= BLOCK


def decoded(path: Path, offset: float) -> Iterator[Sound]:
    """The first track of sound of `path` from the file's time zero, moved by `offset` seconds, block by block."""
    sound = ffmpeg.media_input(path, itsoffset=f"{offset:.6f}")["a:0"]
    even = sound.filter("aresample", RATE, **{"async": 1, "first_pts": 0})
    with ffmpeg.open_media(path) as container:
        # ffmpeg would make a mono track 3 dB softer on its way to two channels
        coded = container.streams.audio[0].codec_context
        if coded is None:
            raise MediaError(f"The sound of {path} is coded in a way that is not known. Export it again as WAV.")
        channels = 1 if coded.layout.nb_channels == 1 else CHANNELS
    output = even.output("pipe:1", format="f32le", ac=channels, ar=RATE)
    with tempfile.TemporaryFile() as errors:
        process = ffmpeg.start(output.get_args(), errors, stdout=subprocess.PIPE)
        try:
            source = cast(BinaryIO, process.stdout)
            while data := source.read(BLOCK * channels * 4):
                whole = len(data) // (channels * 4) * channels
                block = np.frombuffer(data, "<f4", whole).reshape(-1, channels)
                yield np.broadcast_to(block, (len(block), CHANNELS)).astype(np.float32)
        finally:
            ffmpeg.stop(process)


def _language(speech: Path) -> str | None:
    with ffmpeg.open_media(speech) as container:
        return container.streams.audio[0].metadata.get("language")


def stored(raw: Path, gain: float, target: Path, language: str | None) -> Path:
    """`raw` times `gain` as a sound file, which can say its language. The raw file is removed."""
    sound = ffmpeg_python.input(ffmpeg.file_url(raw), format="f32le", ar=RATE, ac=CHANNELS)
    tags = {"metadata:s:a:0": f"language={language}"} if language else {}
    options = {"acodec": "pcm_f32le", **tags}
    output = ffmpeg.media_output(target, sound.audio.filter("volume", f"{gain:.6f}"), **options)
    code, complaint = ffmpeg.run(output)
    if code != 0:
        raise MediaError(
            f"Speech and the clip's own sound could not be mixed ({complaint}). "
            "Check the free space on the disk of temporary files."
        )
    raw.unlink()
    return target
