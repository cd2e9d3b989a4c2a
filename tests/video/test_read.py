"""The frame that is asked for is the frame that comes, from any place, in any order, and nothing keeps running."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from synctalkface import ffmpeg
from synctalkface.clock import Clock, Fit, fit_picture
from synctalkface.errors import MediaError
from synctalkface.video import Frame, Glances, probe, read_frames, read_sequence

GreyClip = Callable[..., Path]
Numbers = Callable[[Iterable[Frame]], list[int]]
MakeMedia = Callable[..., Path]


class Doors:
    """What a test opens to read from: ffmpegs, and files that are decoded here."""

    def __init__(self) -> None:
        self.processes: list[subprocess.Popen[bytes]] = []
        self.files: list[str] = []

    @property
    def open(self) -> list[object]:
        """Those that are not closed again."""
        return [*(one for one in self.processes if one.returncode is None), *(one for one in self.files if one)]


@pytest.fixture
def doors(monkeypatch: pytest.MonkeyPatch) -> Doors:
    """Every ffmpeg that the test starts, and every file that it decodes."""
    found = Doors()
    real, real_open = ffmpeg.start, ffmpeg.open_media

    def remember(*arguments: object, **more: object) -> subprocess.Popen[bytes]:
        found.processes.append(real(*arguments, **more))  # type: ignore[arg-type]
        return found.processes[-1]

    @contextmanager
    def open_media(path: str | Path) -> Iterator[object]:
        place = len(found.files)
        found.files.append(str(path))
        try:
            with real_open(path) as container:
                yield container
        finally:
            found.files[place] = ""

    monkeypatch.setattr(ffmpeg, "start", remember)
    monkeypatch.setattr(ffmpeg, "open_media", open_media)
    return found


@pytest.mark.usefixtures("each_ffmpeg")
@pytest.mark.parametrize("extension", ["mp4", "mkv", "mov"])
def test_reading_can_begin_and_end_at_any_frame(grey_clip: GreyClip, numbers: Numbers, extension: str) -> None:
    video = probe(grey_clip(f"grey.{extension}", 100))
    assert numbers(read_frames(video)) == list(range(100))
    for start, stop in [(1, 3), (37, 41), (98, None), (0, 2), (99, 100)]:
        assert numbers(read_frames(video, start, stop)) == list(range(start, stop or 100))


@pytest.mark.usefixtures("each_ffmpeg")
@pytest.mark.parametrize("name", ["grey.ts", "grey.avi", "grey.264"])
def test_containers_that_cannot_seek_are_read_exactly_too(grey_clip: GreyClip, numbers: Numbers, name: str) -> None:
    forced = ["-f", "h264"] if name.endswith("264") else []
    video = probe(grey_clip(name, 60, *forced))
    assert numbers(read_frames(video, 41, 44)) == [41, 42, 43]


@pytest.mark.parametrize("rate", ["30000/1001", "24000/1001", "60"])
def test_other_rates_seek_exactly(grey_clip: GreyClip, numbers: Numbers, rate: str) -> None:
    for name in ("grey.mp4", "grey.mkv"):
        video = probe(grey_clip(name, 100, rate=rate))
        assert numbers(read_frames(video, 83, 85)) == [83, 84]


@pytest.mark.usefixtures("each_ffmpeg")
def test_a_variable_rate_gives_each_frame_once(variable_clip: Callable[..., Path], numbers: Numbers) -> None:
    starts = [0.0, 0.04, 0.08, 0.5, 0.51, 0.52, 0.9, 1.9, 1.94]
    for name in ("variable.mp4", "variable.mkv"):
        video = probe(variable_clip(name, starts))
        assert numbers(read_frames(video)) == list(range(9))
        for start in range(1, 9):
            assert numbers(read_frames(video, start, start + 1)) == [start]


@pytest.mark.usefixtures("each_ffmpeg")
def test_seeking_minds_the_files_own_zero(make_media: MakeMedia, grey_clip: GreyClip, numbers: Numbers) -> None:
    grey = grey_clip("grey.mkv", 60)
    sound = ["-f", "lavfi", "-i", "sine=duration=3"]
    for name in ("late.mp4", "late.mkv"):
        video = probe(make_media(name, *sound, "-itsoffset", "0.5", "-i", str(grey), "-c:v", "copy"))
        assert numbers(read_frames(video, 33, 35)) == [33, 34]


@pytest.mark.parametrize("fit", ["loop", "bounce", "hold", "trim", "speech"])
def test_a_timeline_is_read_in_its_order(
    grey_clip: GreyClip, numbers: Numbers, monkeypatch: pytest.MonkeyPatch, fit: Fit
) -> None:
    monkeypatch.setattr("synctalkface.video.sequence._CHUNK", 7)
    video = probe(grey_clip(frames=20))
    source = fit_picture(video.clock, 2.3, fit).source
    assert numbers(read_sequence(video, source)) == source.tolist()


def test_any_order_can_be_read(grey_clip: GreyClip, numbers: Numbers) -> None:
    video = probe(grey_clip(frames=100))
    order = [5, 5, 90, 89, 88, 88, 87, 3, 4, 40, 42, 41, 41, 40, 99, 0]
    assert numbers(read_sequence(video, np.array(order))) == order


@pytest.mark.parametrize("start", [0, 3])
def test_a_forward_run_is_one_stream(grey_clip: GreyClip, doors: Doors, start: int) -> None:
    video = probe(grey_clip(frames=30))
    order = np.array([start, start + 1, start + 2, start + 2, start + 2, *range(start + 5, 20)])
    doors.files.clear()
    assert len(list(read_sequence(video, order))) == len(order)
    assert len(doors.processes) + len(doors.files) == 1


def test_painting_on_a_frame_does_not_change_its_repetition(grey_clip: GreyClip) -> None:
    video = probe(grey_clip(frames=5))
    for frame in read_sequence(video, np.array([3, 3, 3, 2, 1, 1])):
        assert frame.data.min() > 16
        frame.data[:] = 0


@pytest.mark.parametrize("here", [True, False])
def test_closing_early_closes_what_was_opened(
    grey_clip: GreyClip, doors: Doors, monkeypatch: pytest.MonkeyPatch, here: bool
) -> None:
    video = probe(grey_clip(frames=100))
    doors.files.clear()
    if not here:
        for room in ("read", "small"):
            monkeypatch.setattr(f"synctalkface.video.{room}.here", lambda *_: None)
    for frames in (
        read_frames(video),
        read_frames(video, 2),
        iter(Glances(video, 32)),
        iter(Glances(video, 32, 2)),
        read_sequence(video, np.arange(100)),
        read_sequence(video, np.arange(99, 0, -1)),
    ):
        next(frames)
        frames.close()  # type: ignore[attr-defined]
        assert not doors.open
    assert (len(doors.files), len(doors.processes)) == ((6, 0) if here else (0, 6))


@pytest.mark.parametrize("extension", ["mp4", "mkv"])
@pytest.mark.parametrize("pyramid", ["strict", "normal", "none"])
def test_a_frame_in_the_middle_is_the_one_that_is_read_from_the_beginning(
    make_media: MakeMedia, sample_face: Path, extension: str, pyramid: str
) -> None:
    coded = ["-an", "-bf", "3", "-g", "60", "-x264-params", f"b-pyramid={pyramid}:b-adapt=0:open-gop=1"]
    video = probe(make_media(f"clip.{extension}", "-i", str(sample_face), *coded))
    whole = [frame.data for frame in read_frames(video)]
    for start in (1, 2, 3, 4, 37, 58, 59, 60, 61, 62, len(whole) - 1):
        for number, frame in enumerate(read_frames(video, start, start + 6), start=start):
            assert np.array_equal(frame.data, whole[number]), (start, number)


def test_a_frame_that_is_not_where_it_should_be_is_left_to_ffmpeg(
    variable_clip: Callable[..., Path], numbers: Numbers, doors: Doors
) -> None:
    video = probe(variable_clip("variable.mkv", [0.0, 0.04, 0.08, 0.5, 0.54]))
    told = replace(video, clock=Clock(video.clock.rate, np.array([0.0, 0.04, 0.08, 0.3, 0.54])))
    assert numbers(read_frames(told, 3)) == [3, 4]
    assert len(doors.processes) == 1


def test_a_damaged_clip_gives_the_frames_that_ffmpeg_finds(
    make_media: MakeMedia, sample_face: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Bytes in its pictures are others: what is decoded here is what an ffmpeg gives."""
    path = make_media("damaged.mp4", "-i", str(sample_face), "-an", "-c:v", "copy")
    data = bytearray(path.read_bytes())
    begin = data.index(b"mdat") + 8
    end = data.index(b"moov", begin) if b"moov" in data[begin:] else len(data)
    for place in np.random.default_rng(4).integers(begin + (end - begin) // 4, end - 8, 40):
        data[place] ^= 0x55
    path.write_bytes(data)
    video = probe(path)
    here = [frame.data for frame in read_frames(video)]
    monkeypatch.setattr("synctalkface.video.read.here", lambda *_: None)
    there = [frame.data for frame in read_frames(video)]
    assert len(here) == len(there) == len(video.clock)
    # what is lost is filled in, maybe not alike by another version
    assert sum(np.array_equal(one, other) for one, other in zip(here, there, strict=True)) > 15


def test_a_clip_that_breaks_off_gives_what_it_has(grey_clip: GreyClip, numbers: Numbers) -> None:
    path = grey_clip("grey.mkv", 100, "-bf", "0", "-g", "5")
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    video = probe(path)
    read = numbers(read_frames(video))
    assert 20 < len(read) < 90
    assert read == list(range(len(read)))
    assert abs(len(video.clock) - len(read)) <= 1


def test_a_timeline_over_a_broken_clip_holds_the_last_frame(grey_clip: GreyClip, numbers: Numbers) -> None:
    video = probe(grey_clip("grey.mkv", 10))
    assert numbers(read_sequence(video, np.array([8, 9, 10, 11]))) == [8, 9, 9, 9]
    whole = [frame.data.copy() for frame in read_sequence(video, np.array([8, 9]))]
    for frame in read_sequence(video, np.array([9, 10, 11, 11])):
        assert np.array_equal(frame.data, whole[1]), "as it was filmed, whatever was painted on it"
        frame.data[:] = 0


def test_a_clip_of_which_nothing_decodes_is_an_error(grey_clip: GreyClip) -> None:
    video = probe(grey_clip(frames=10))
    video.path.write_bytes(video.path.read_bytes()[:200])
    for frames in (read_frames(video), iter(Glances(video, 32)), read_sequence(video, np.arange(3))):
        with pytest.raises(MediaError, match=r"No frame of .*grey\.mp4"):
            next(frames)


@pytest.mark.usefixtures("each_ffmpeg")
def test_small_frames_are_the_large_ones_seen_from_afar(sample_face: Path) -> None:
    import cv2

    video = probe(sample_face)
    small = list(Glances(video, 180))
    assert len(small) == 75
    assert small[0].shape == (144, 180, 3)
    large = next(read_frames(video)).rgb()
    expected = cv2.resize(large, (180, 144), interpolation=cv2.INTER_AREA).astype(int)
    assert np.abs(small[0] - expected).mean() < 1.5


def test_small_frames_are_never_enlarged(grey_clip: GreyClip) -> None:
    assert next(iter(Glances(probe(grey_clip(frames=2)), 640))).shape == (48, 64, 3)


@pytest.mark.usefixtures("each_ffmpeg")
@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("full.mp4", ["-pix_fmt", "yuvj420p"]),
        ("deep.mkv", ["-pix_fmt", "yuv420p10le", "-c:v", "ffv1"]),
        ("wide.mkv", ["-pix_fmt", "yuv422p", "-c:v", "ffv1"]),
        ("rgb.mkv", ["-pix_fmt", "bgr0", "-c:v", "ffv1"]),
        ("grey.mkv", ["-pix_fmt", "gray", "-c:v", "ffv1"]),
        ("small.gif", ["-vf", "split[a][b];[a]palettegen[p];[b][p]paletteuse=dither=none"]),
    ],
)
def test_every_pixel_format_keeps_its_colours(make_media: MakeMedia, name: str, arguments: list[str]) -> None:
    """Blocks of plain colour survive whatever way they are stored."""
    path = make_media(name, "-f", "lavfi", "-i", "smptebars=size=128x96:duration=0.2:rate=25", *arguments)
    frame = next(read_frames(probe(path))).rgb().astype(int)
    white, blue = frame[10, 4], frame[10, 122]
    grey = name == "grey.mkv"
    assert np.abs(white - 191).max() <= (3 if not grey else 4)
    assert np.abs(blue - ([22, 22, 22] if grey else [0, 0, 191])).max() <= 6
