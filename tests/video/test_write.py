"""The clip that is written has the frames, the times, the colours and the sound it should have, or is not there."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from synctalkface.audio import read_waveform
from synctalkface.clock import Clock, fit_picture
from synctalkface.errors import MediaError, OutputError
from synctalkface.video import Frame, Video, VideoWriter, check_output, probe, read_frames, read_sequence

GreyClip = Callable[..., Path]
Numbers = Callable[[Iterable[Frame]], list[int]]
MakeMedia = Callable[..., Path]
Pattern = Callable[[Video], Frame]


def speech(make_media: MakeMedia, seconds: float) -> Path:
    return make_media("speech.wav", "-f", "lavfi", "-i", f"sine=frequency=440:duration={seconds}:sample_rate=16000")


def copy(video: Video, target: Path, sound: Path | None = None, clock: Clock | None = None) -> Video:
    with VideoWriter(target, video, clock or video.clock, sound, crf=4) as writer:
        for frame in read_frames(video):
            writer.write(frame)
    return probe(target)


@pytest.mark.usefixtures("each_ffmpeg")
@pytest.mark.parametrize("extension", ["mp4", "mkv", "mov"])
@pytest.mark.parametrize("rate", ["25", "30000/1001"])
def test_frames_and_rate_come_back(
    grey_clip: GreyClip, numbers: Numbers, tmp_path: Path, extension: str, rate: str
) -> None:
    video = probe(grey_clip(frames=40, rate=rate))
    written = copy(video, tmp_path / f"copy.{extension}")
    assert written.clock.rate == Fraction(rate)
    assert written.clock.starts == pytest.approx(video.clock.starts)
    assert numbers(read_frames(written)) == list(range(40))
    assert not written.has_audio


@pytest.mark.usefixtures("each_ffmpeg")
@pytest.mark.parametrize("extension", ["mp4", "mkv"])
def test_a_variable_rate_comes_back(
    variable_clip: Callable[..., Path], make_media: MakeMedia, numbers: Numbers, tmp_path: Path, extension: str
) -> None:
    video = probe(variable_clip("variable.mp4", [0.0, 0.04, 0.08, 0.5, 0.51, 0.52, 0.9, 1.9, 1.94]))
    written = copy(video, tmp_path / f"copy.{extension}", speech(make_media, 1.0))
    assert written.clock.starts == pytest.approx(video.clock.starts, abs=1.1e-3)
    assert numbers(read_frames(written)) == list(range(9))
    heard = read_waveform(tmp_path / f"copy.{extension}")
    assert np.abs(heard[8_000:15_000]).max() > 0.05
    assert np.abs(heard[17_500:]).max() < 0.01


@pytest.mark.usefixtures("each_ffmpeg")
@pytest.mark.parametrize("extension", ["mp4", "mkv"])
def test_a_picture_that_began_late_begins_late_again(
    grey_clip: GreyClip, make_media: MakeMedia, tmp_path: Path, extension: str
) -> None:
    video = probe(grey_clip(frames=20))
    late = Clock.constant(Fraction(25), 20, 0.4)
    written = copy(video, tmp_path / f"late.{extension}", speech(make_media, 1.2), late)
    assert written.clock.starts == pytest.approx(late.starts, abs=0.025)


@pytest.mark.usefixtures("each_ffmpeg")
@pytest.mark.parametrize(
    ("seconds", "offset", "sounding"),
    [(0.5, 0.0, (0.0, 0.5)), (3.0, 0.0, (0.0, 1.6)), (0.5, 0.7, (0.7, 1.2)), (1.0, -0.6, (0.0, 0.4))],
)
def test_speech_is_placed_padded_and_cut(
    grey_clip: GreyClip,
    make_media: MakeMedia,
    tmp_path: Path,
    seconds: float,
    offset: float,
    sounding: tuple[float, float],
) -> None:
    video = probe(grey_clip(frames=40))
    target = tmp_path / "dub.mp4"
    with VideoWriter(target, video, video.clock, speech(make_media, seconds), offset) as writer:
        for frame in read_frames(video):
            writer.write(frame)
    heard = read_waveform(target)
    assert len(heard) / 16_000 == pytest.approx(1.6, abs=0.03)
    loud = np.flatnonzero(np.abs(heard) > 0.05) / 16_000
    assert (loud[0], loud[-1]) == pytest.approx(sounding, abs=0.03)


@pytest.mark.usefixtures("each_ffmpeg")
def test_the_language_of_the_speech_comes_along(grey_clip: GreyClip, make_media: MakeMedia, tmp_path: Path) -> None:
    french = make_media("speech.m4a", "-f", "lavfi", "-i", "sine=duration=0.2", "-metadata:s:a:0", "language=fra")
    copy(probe(grey_clip(frames=5)), tmp_path / "dub.mp4", french)
    with av.open(str(tmp_path / "dub.mp4")) as container:
        assert container.streams.audio[0].metadata["language"] == "fra"


@pytest.mark.usefixtures("each_ffmpeg")
@pytest.mark.parametrize(
    "arguments",
    [
        ["-pix_fmt", "yuv420p", "-vf", "setparams=range=tv:colorspace=bt709:color_primaries=bt709:color_trc=bt709"],
        ["-pix_fmt", "yuv420p", "-vf", "setparams=colorspace=smpte170m:color_primaries=smpte170m:color_trc=smpte170m"],
        ["-pix_fmt", "yuv420p"],
        ["-pix_fmt", "yuvj420p"],
        ["-pix_fmt", "yuv444p", "-vf", "setsar=4/3"],
    ],
)
@pytest.mark.parametrize("extension", ["mp4", "mkv"])
def test_colours_and_pixel_aspect_come_back(
    make_media: MakeMedia, tmp_path: Path, arguments: list[str], extension: str
) -> None:
    size = "65x49" if "yuv444p" in arguments else "64x48"
    source = ["-f", "lavfi", "-i", f"smptebars=duration=0.2:size={size}:rate=25", "-crf", "1"]
    video = probe(make_media("source.mp4", *source, *arguments))
    written = copy(video, tmp_path / f"copy.{extension}")
    assert written.colour == video.colour
    told = {"bt709": (1, 1, 1), "smpte170m": (6, 6, 6)}
    for name, tags in told.items():
        if any(name in argument for argument in arguments):
            assert (video.colour.space, video.colour.primaries, video.colour.transfer) == tags
    assert written.sample_aspect == video.sample_aspect
    assert written.pixel_format == video.pixel_format
    assert (written.width, written.height) == (video.width, video.height)
    one, other = next(read_frames(video)), next(read_frames(written))
    assert np.abs(one.data.astype(int) - other.data).mean() < 1.0


def test_a_clip_made_longer_by_going_back_and_forth_is_written(
    grey_clip: GreyClip, make_media: MakeMedia, numbers: Numbers, tmp_path: Path
) -> None:
    video = probe(grey_clip(frames=10))
    timeline = fit_picture(video.clock, 1.0, "bounce")
    with VideoWriter(tmp_path / "long.mp4", video, timeline.clock, speech(make_media, 1.0), crf=4) as writer:
        for frame in read_sequence(video, timeline.source):
            writer.write(frame)
    assert numbers(read_frames(probe(tmp_path / "long.mp4"))) == timeline.source.tolist()


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux keeps names that are not Unicode")
def test_a_name_that_is_not_unicode_is_refused(grey_clip: GreyClip, tmp_path: Path) -> None:
    video = probe(grey_clip(frames=3))
    before = set(os.listdir(tmp_path))
    with pytest.raises(OutputError, match="not Unicode"):
        copy(video, tmp_path / os.fsdecode(b"caf\xe9.mp4"))
    assert set(os.listdir(tmp_path)) == before


@pytest.mark.parametrize("name", ["-n.mp4", "ein 'Wort' \"zwei\" größer.mkv", "100%d.mp4", "a:b.MP4"])
def test_any_name_can_be_written(
    grey_clip: GreyClip, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.chdir(tmp_path)
    video = probe(grey_clip(frames=3))
    assert len(copy(video, Path(name)).clock) == 3


def test_nothing_is_seen_before_the_end_and_nothing_is_left_after_it(grey_clip: GreyClip, tmp_path: Path) -> None:
    video = probe(grey_clip(frames=5))
    before = set(os.listdir(tmp_path))
    with VideoWriter(tmp_path / "dub.mp4", video, video.clock, None) as writer:
        for frame in read_frames(video):
            writer.write(frame)
        assert not (tmp_path / "dub.mp4").exists()
    assert set(os.listdir(tmp_path)) == before | {"dub.mp4"}


@pytest.mark.parametrize("interruption", [RuntimeError, KeyboardInterrupt, GeneratorExit])
def test_an_interrupted_clip_leaves_nothing(
    grey_clip: GreyClip, make_media: MakeMedia, tmp_path: Path, interruption: type[BaseException]
) -> None:
    video, sound = probe(grey_clip(frames=5)), speech(make_media, 0.5)
    before = set(os.listdir(tmp_path))
    with pytest.raises(interruption), VideoWriter(tmp_path / "dub.mp4", video, video.clock, sound) as writer:
        writer.write(next(read_frames(video)))
        raise interruption
    assert set(os.listdir(tmp_path)) == before


def test_an_interruption_spares_the_clip_that_was_there(grey_clip: GreyClip, tmp_path: Path) -> None:
    video = probe(grey_clip(frames=5))
    (tmp_path / "dub.mp4").write_bytes(b"precious")
    with pytest.raises(RuntimeError), VideoWriter(tmp_path / "dub.mp4", video, video.clock, None, overwrite=True):
        raise RuntimeError
    assert (tmp_path / "dub.mp4").read_bytes() == b"precious"


def test_speech_that_is_no_sound_leaves_nothing(grey_clip: GreyClip, tmp_path: Path) -> None:
    video = probe(grey_clip(frames=5))
    (tmp_path / "letter.wav").write_text("Dear reader")
    with pytest.raises(OutputError, match=r"dub\.mp4 could not be encoded"):
        copy(video, tmp_path / "dub.mp4", tmp_path / "letter.wav")
    assert not (tmp_path / "dub.mp4").exists()
    with pytest.raises(MediaError, match="no file"):
        VideoWriter(tmp_path / "dub.mp4", video, video.clock, tmp_path / "gone.wav")


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("dub.avi", "does not end in .mp4, .mkv or .mov"),
        ("dub", "does not end in"),
        ("nowhere/dub.mp4", "no folder"),
        ("there.mp4", "exists already.*overwritten"),
        ("folder.mp4", "is a folder"),
        ("source.mp4", "is the source itself"),
    ],
)
def test_what_must_not_be_written_is_refused_before_the_work(tmp_path: Path, name: str, sentence: str) -> None:
    (tmp_path / "folder.mp4").mkdir()
    for there in ("there.mp4", "source.mp4"):
        (tmp_path / there).write_bytes(b"precious")
    with pytest.raises(OutputError, match=sentence):
        check_output(tmp_path / name, [tmp_path / "source.mp4"], overwrite=False)
    if name == "source.mp4":
        with pytest.raises(OutputError, match=sentence):
            check_output(tmp_path / name, [tmp_path / "source.mp4"], overwrite=True)


def test_a_clip_that_is_there_can_be_replaced_when_asked(tmp_path: Path) -> None:
    (tmp_path / "there.mp4").touch()
    check_output(tmp_path / "there.mp4", [], overwrite=True)


def test_a_folder_without_permission_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    with pytest.raises(OutputError, match="may not be written to"):
        check_output(tmp_path / "dub.mp4", [], overwrite=False)
