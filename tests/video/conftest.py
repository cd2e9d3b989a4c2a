"""Clips that say which frame is which: frame n is a plain grey of 16 + 2 n."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import imageio_ffmpeg
import numpy as np
import pytest

from synctalkface.ffmpeg import find_ffmpeg
from synctalkface.video import Frame, Video

MakeMedia = Callable[..., Path]


def number(frame: Frame) -> int:
    """The number of a frame of a grey clip."""
    return round((float(np.median(frame.y)) - 16) / 2)


@pytest.fixture(params=["found", "bundled"])
def each_ffmpeg(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """The test runs with the machine's own ffmpeg and with the one that comes as a Python package."""
    program: str = imageio_ffmpeg.get_ffmpeg_exe() if request.param == "bundled" else find_ffmpeg()
    monkeypatch.setenv("SYNCTALKFACE_FFMPEG", program)
    return program


@pytest.fixture
def grey_clip(make_media: MakeMedia) -> Callable[..., Path]:
    """A function (name, frames, *arguments) -> path: numbered greys, 64 x 48 px, 25 a second, B-frames."""

    def make(name: str = "grey.mp4", frames: int = 100, *arguments: str, size: str = "64x48", rate: str = "25") -> Path:
        source = f"color=black:size={size}:rate={rate},geq=lum='16+2*N':cb=128:cr=128,format=yuv420p"
        coded = ["-bf", "3", "-g", "250", "-x264-params", "b-adapt=0:scenecut=0", "-crf", "4"]
        chosen = arguments if "-c:v" in arguments else (*coded, *arguments)
        return make_media(name, "-f", "lavfi", "-i", source, "-frames:v", str(frames), *chosen)

    return make


@pytest.fixture
def numbers() -> Callable[..., list[int]]:
    """A function (frames) -> their numbers."""
    return lambda frames: [number(frame) for frame in frames]


def write_variable(path: Path, starts: list[float]) -> Path:
    """A grey clip with these timestamps, made with PyAV."""
    from fractions import Fraction

    import av

    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=25)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        stream.time_base = stream.codec_context.time_base = Fraction(1, 1000)
        stream.options = {"crf": "4", "bf": "2"}
        for place, start in enumerate(starts):
            grey = np.full((72, 64), 128, np.uint8)
            grey[:48] = 16 + 2 * place
            frame = av.VideoFrame.from_ndarray(grey, "yuv420p")
            frame.pts, frame.time_base = round(start * 1000), Fraction(1, 1000)
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path


@pytest.fixture
def variable_clip(tmp_path: Path) -> Callable[[str, list[float]], Path]:
    """A function (name, starts in s) -> path of a numbered clip of variable rate."""
    return lambda name, starts: write_variable(tmp_path / name, starts)


@pytest.fixture
def patterned_frame() -> Callable[[Video], Frame]:
    """A function (video) -> a random frame like it."""

    def make(video: Video) -> Frame:
        from synctalkface.video.frame import frame_bytes

        size = frame_bytes(video.width, video.height, video.pixel_format)
        data = np.random.default_rng(0).integers(30, 220, size, dtype=np.uint8)
        return Frame(video.width, video.height, video.pixel_format, video.colour, data)

    return make
