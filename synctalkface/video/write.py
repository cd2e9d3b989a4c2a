"""Writing a clip: frames through a pipe to x264, speech to AAC, under a temporary name that is renamed at the end.

The file appears complete or not at all: after an error or an interrupt nothing is left behind.
"""

from __future__ import annotations

import os
import subprocess
import tempfile
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self, cast

import ffmpeg as ffmpeg_python

from synctalkface import ffmpeg
from synctalkface.clock import JITTER, Clock
from synctalkface.errors import OutputError
from synctalkface.video.encoder import picture_options
from synctalkface.video.frame import Frame
from synctalkface.video.leftover import clear_leftovers, temporary
from synctalkface.video.probe import Video
from synctalkface.video.retime import give_times

EXTENSIONS = (".mp4", ".mkv", ".mov")
_SOUND = {"acodec": "aac", "audio_bitrate": "192k"}


class VideoWriter:
    """A context that takes the frames of a new clip one by one.

    Size, pixel format, colour and pixel aspect are those of `like`, the timestamps those of `clock`. The sound is
    `speech`, begun `speech_offset` seconds into the clip, then silence or a cut at the clip's end; None: no sound.
    crf and preset are x264's (see video.encoder); `comment` is a note in the file.
    Raises OutputError if `path` cannot be written, exists (without `overwrite`), has another
    extension than mp4, mkv or mov, or is itself one of the sources; MediaError if `speech` is no file.
    """

    def __init__(
        self,
        path: str | Path,
        like: Video,
        clock: Clock,
        speech: str | Path | None,
        speech_offset: float = 0.0,
        overwrite: bool = False,
        crf: int = 18,
        preset: str = "veryfast",
        comment: str = "",
    ) -> None:
        self._path = Path(path)
        self._like, self._clock = like, clock
        check_output(self._path, [like.path, *([speech] if speech else [])], overwrite)
        self._own_times = clock.variable or abs(clock.starts[0]) > JITTER
        self._part, self._timed = temporary(self._path, "part"), temporary(self._path, "timed")
        streams, options = [_picture(like, clock)], self._encoder(crf, preset)
        if speech is not None:
            streams.append(_sound(speech, speech_offset, clock.duration))
            # the language of the speech, input 1, which ffmpeg forgets on the way through filters
            options |= {**_SOUND, "map_metadata:s:a:0": "1:s:a:0"}
        if comment:
            options["metadata"] = f"comment={comment}"
        self._output = ffmpeg.media_output(self._part, *streams, **options)
        self._written = 0

    def __enter__(self) -> Self:
        clear_leftovers(self._path)
        self._errors = tempfile.TemporaryFile()
        arguments = self._output.get_args(overwrite_output=True)
        self._process = ffmpeg.start(arguments, self._errors, stdin=subprocess.PIPE)
        return self

    def write(self, frame: Frame) -> None:
        """Append `frame`. Raises OutputError if the encoder has given up, for instance on a full disk."""
        if (frame.width, frame.height, frame.pixel_format) != (
            self._like.width,
            self._like.height,
            self._like.pixel_format,
        ):
            raise ValueError(f"A frame of {frame.width} x {frame.height} {frame.pixel_format} is not like the clip.")
        try:
            cast(BinaryIO, self._process.stdin).write(frame.data.data)
        except OSError:
            self._process.wait()
            raise self._failure() from None
        self._written += 1

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if kind is None:
                self._finish()
        finally:
            ffmpeg.stop(self._process)
            self._errors.close()
            for left in (self._part, self._timed):
                left.unlink(missing_ok=True)

    def _finish(self) -> None:
        if self._written != len(self._clock):
            raise OutputError(
                f"{self._path} was not written: {self._written} frames came, {len(self._clock)} were expected. "
                "The source clip may be damaged; export it again."
            )
        try:
            cast(BinaryIO, self._process.stdin).close()
        except OSError:
            self._process.wait()
        if self._process.wait() != 0:
            raise self._failure()
        finished = self._part
        try:
            if self._own_times:
                give_times(self._part, self._timed, self._clock)
                finished = self._timed
            os.replace(finished, self._path)
        except OSError as error:  # libav's errors too
            raise OutputError(f"{self._path} cannot be written ({error.strerror}). Choose another folder.") from None

    def _failure(self) -> OutputError:
        reason = ffmpeg.complaint(self._errors)
        return OutputError(
            f"{self._path} could not be encoded: ffmpeg ended with code {self._process.returncode} ({reason}). "
            "Check the free space on the disk, or choose another folder."
        )

    def _encoder(self, crf: int, preset: str) -> dict[str, object]:
        options = picture_options(crf, preset)
        options |= {"pix_fmt": self._like.pixel_format, "color_range": _values(self._like), **_tags(self._like)}
        if self._own_times:
            options["bf"] = 0  # packets in the order of showing, so that each can be given its time
        if self._path.suffix.lower() != ".mkv":
            options["movflags"] = "+faststart"
        return options


def write_sound(path: Path, speech: str | Path, offset: float, duration: float) -> None:
    """Write `path`, the sound alone that a VideoWriter gives a clip. Raises OutputError if that fails."""
    track = _sound(speech, offset, duration)
    output = ffmpeg.media_output(path, track, **_SOUND, **{"map_metadata:s:a:0": "0:s:a:0"})
    code, complaint = ffmpeg.run(output)
    if code != 0:
        raise OutputError(
            f"The sound of {speech} could not be encoded: ffmpeg ended with code {code} ({complaint}). "
            "Check the free space on the disk."
        )


def check_output(path: str | Path, sources: list[str | Path], overwrite: bool) -> None:
    """OutputError if the clip `path`, made from `sources`, cannot or must not be written: ask before long work."""
    path = Path(path)
    if not ffmpeg.is_unicode(path):
        raise OutputError(f"{path} is a name that is not Unicode. Choose another one.")
    if path.suffix.lower() not in EXTENSIONS:
        raise OutputError(f"{path} does not end in .mp4, .mkv or .mov. Choose one of these.")
    if path.is_dir():
        raise OutputError(f"{path} is a folder. Name a file in it.")
    if not path.parent.is_dir():
        raise OutputError(f"There is no folder {path.parent}. Make it, or write elsewhere.")
    if path.exists():
        if any(os.path.exists(source) and os.path.samefile(path, source) for source in sources):
            raise OutputError(f"{path} is the source itself. Give the result another name.")
        if not overwrite:
            raise OutputError(f"{path} exists already. Choose another name, or allow it to be overwritten.")
    if not os.access(path.parent, os.W_OK):
        raise OutputError(f"The folder {path.parent} may not be written to. Choose another one.")


def _picture(like: Video, clock: Clock) -> ffmpeg_python.Stream:
    """The raw frames from the pipe, marked with the colours and the pixel aspect of `like`."""
    rate = f"{clock.rate.numerator}/{clock.rate.denominator}"
    size = (like.width, like.height)
    raw = ffmpeg_python.input("pipe:0", format="rawvideo", pix_fmt=like.pixel_format, video_size=size, framerate=rate)
    # old versions take the tags from the encoder's options, new ones from the frames
    tagged = raw.filter("setparams", range=_values(like), **_tags(like))
    return tagged.filter("setsar", f"{like.sample_aspect.numerator}/{like.sample_aspect.denominator}")


def _values(like: Video) -> str:
    return "pc" if like.colour.full_range else "tv"


def _tags(like: Video) -> dict[str, int]:
    colour = like.colour
    return {"colorspace": colour.space, "color_primaries": colour.primaries, "color_trc": colour.transfer}


def _sound(speech: str | Path, offset: float, duration: float) -> ffmpeg_python.Stream:
    """The speech, begun at `offset` and brought to exactly `duration` seconds."""
    ffmpeg.check_file(speech)
    begun = ffmpeg.media_input(speech, itsoffset=f"{offset:.6f}")["a:0"]
    even = begun.filter("aresample", 48000, **{"async": 1, "first_pts": 0})
    return even.filter("apad", whole_dur=f"{duration:.6f}").filter("atrim", end=f"{duration:.6f}")
