"""Two fields of two moments become whole frames: as many as before, without combs, the same from wherever one reads."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from synctalkface.video import Frame, Glances, probe, read_frames, read_sequence, remarks

MakeMedia = Callable[..., Path]
MPEG2 = ["-c:v", "mpeg2video", "-flags", "+ilme+ildct", "-qscale:v", "2"]
H264 = ["-c:v", "libx264", "-flags", "+ilme+ildct", "-x264-params", "tff=1", "-crf", "8", "-bf", "0"]


@pytest.fixture
def interlaced(make_media: MakeMedia) -> Callable[..., Path]:
    """A function (name, arguments) -> path: a white bar that runs to the right, 50 fields a second, 30 frames."""

    def make(name: str, arguments: list[str]) -> Path:
        bar = "color=black:size=160x64:rate=50,geq=lum='if(between(X-2*N,8,23),220,30)':cb=128:cr=128"
        woven = f"{bar},interlace=scan=tff:lowpass=0,format=yuv420p,setfield=tff"
        return make_media(name, "-f", "lavfi", "-i", woven, "-frames:v", "30", *arguments)

    return make


def comb(frame: Frame) -> float:
    """How much neighbouring rows differ where every second one is alike."""
    y = frame.y.astype(int)
    return float(np.abs(y[1:-1] * 2 - y[:-2] - y[2:])[8:-8].mean())


@pytest.mark.usefixtures("each_ffmpeg")
@pytest.mark.parametrize(("name", "arguments"), [("tape.mpg", MPEG2), ("tape.mkv", H264), ("tape.mp4", H264)])
def test_the_combs_are_gone_and_no_frame_is(interlaced: Callable[..., Path], name: str, arguments: list[str]) -> None:
    path = interlaced(name, arguments)
    video = probe(path)
    assert video.interlaced
    frames = list(read_frames(video))
    assert len(frames) == len(video.clock) == 30
    assert max(comb(frame) for frame in frames[1:-1]) < 3
    places = [int(np.flatnonzero(frame.y[32] > 120)[0]) for frame in frames[:28]]
    assert [place - 8 - 4 * number for number, place in enumerate(places)] == pytest.approx([0] * 28, abs=2)


def test_the_test_would_see_a_comb(interlaced: Callable[..., Path]) -> None:
    from dataclasses import replace

    video = replace(probe(interlaced("tape.mkv", H264)), interlaced=False)
    assert comb(list(read_frames(video))[10]) > 6


@pytest.mark.parametrize(("name", "arguments"), [("tape.mpg", MPEG2), ("tape.mkv", H264)])
def test_a_frame_is_the_same_from_wherever_one_reads(
    interlaced: Callable[..., Path], name: str, arguments: list[str]
) -> None:
    video = probe(interlaced(name, arguments))
    whole = list(read_frames(video))
    for start in (1, 2, 17):
        part = list(read_frames(video, start, start + 2))
        assert [np.array_equal(a.data, b.data) for a, b in zip(part, whole[start:], strict=False)] == [True, True]
    order = np.array([5, 4, 3, 4, 5, 29, 28, 0])
    for frame, source in zip(read_sequence(video, order), order, strict=True):
        assert np.array_equal(frame.data, whole[source].data)
    assert len(list(Glances(video, 80, 3, 9))) == 6


def test_it_is_told(interlaced: Callable[..., Path], make_media: MakeMedia) -> None:
    assert remarks(probe(interlaced("tape.mkv", H264)), "tape.mkv") == [
        "tape.mkv is interlaced: it is deinterlaced, and the result has 25 whole frames a second."
    ]
    plain = make_media("plain.mp4", "-f", "lavfi", "-i", "testsrc=duration=0.2:size=64x48", "-pix_fmt", "yuv420p")
    assert remarks(probe(plain), "plain.mp4") == []
