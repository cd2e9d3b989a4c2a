"""With `keep_audio` the clip's own sound lies under the speech, to the last frame; what cannot be kept is told."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from synctalkface.audio import read_waveform
from synctalkface.clock import Fit
from synctalkface.events import Event, Warned
from synctalkface.pipeline import LipSync
from synctalkface.video import probe, read_frames

MakeMedia = Callable[..., Path]
Said = Callable[[float], Path]
TONE = ["-f", "lavfi", "-i", "sine=frequency=3000:sample_rate=48000,volume=6dB"]  # an amplitude of 1/4


@pytest.fixture
def humming(make_media: MakeMedia, sample_face: Path) -> Callable[..., Path]:
    """A function (name, *arguments of ffmpeg) -> path of 10 frames of a face in a room that hums at 3 kHz."""

    def make(name: str = "room.mkv", *arguments: str) -> Path:
        cut = ["-ss", "1", "-t", "0.4", "-i", str(sample_face), *TONE, "-map", "0:v", "-map", "1:a"]
        quick = ["-c:v", "libx264", "-preset", "ultrafast", "-c:a", "pcm_s16le", "-t", "0.4"]
        return make_media(name, *cut, *arguments, *quick)

    return make


def hum(path: Path) -> NDArray[np.float64]:
    """The amplitude of 3 kHz in each 20 ms of the sound of `path`."""
    heard = read_waveform(path).astype(float)
    blocks = heard[: len(heard) // 320 * 320].reshape(-1, 320) * np.hanning(320)
    wave = np.exp(-2j * np.pi * 3000 / 16_000 * np.arange(320))
    return np.abs(blocks @ wave) * 2 / np.hanning(320).sum()


@pytest.mark.parametrize(("fit", "frames"), [("bounce", 25), ("loop", 25), ("trim", 10), ("speech", 25), ("hold", 25)])
def test_the_room_is_heard_while_the_picture_moves(
    lipsync: LipSync, humming: Callable[..., Path], said: Said, tmp_path: Path, fit: Fit, frames: int
) -> None:
    out = tmp_path / "out.mp4"
    report = lipsync.dub(humming(), said(1.0), out, fit=fit, keep_audio=True)
    assert report.frames == len(list(read_frames(probe(out)))) == frames
    # the result's sound ends with its last frame, but for the last block of AAC
    assert len(read_waveform(out)) / 16_000 == pytest.approx(frames / 25, abs=0.025)
    moving = 20 if fit in ("hold", "trim") else 50  # blocks of 20 ms
    room = hum(out)
    # two channels that are alike become one that is 3 dB louder as they are read
    assert np.median(room[:moving]) == pytest.approx(0.25 * 10 ** (-12 / 20) * 2**0.5, rel=0.1)
    assert np.mean(room[: moving - 2] > 0.04) > 0.9
    if fit == "hold":
        assert np.median(room[24:50]) < 0.01


def test_without_it_the_room_is_silent(
    lipsync: LipSync, humming: Callable[..., Path], said: Said, tmp_path: Path
) -> None:
    lipsync.dub(humming(), said(0.4), tmp_path / "out.mp4")
    assert np.median(hum(tmp_path / "out.mp4")) < 0.01


def test_in_segments_it_is_kept_too(lipsync: LipSync, humming: Callable[..., Path], said: Said, tmp_path: Path) -> None:
    for name, resume in (("a.mp4", False), ("b.mp4", True)):
        lipsync.dub(humming(), said(1.0), tmp_path / name, keep_audio=True, resume=resume)
    assert hum(tmp_path / "b.mp4") == pytest.approx(hum(tmp_path / "a.mp4"), abs=1e-3)


def test_what_cannot_be_kept_and_what_is_chosen_is_told(
    lipsync: LipSync, humming: Callable[..., Path], face_clip: Callable[..., Path], said: Said, tmp_path: Path
) -> None:
    def warnings(clip: Path, speech: Path) -> list[str]:
        heard: list[Event] = []
        lipsync.dub(
            clip, speech, tmp_path / "o.mp4", fit="trim", keep_audio=True, overwrite=True, on_progress=heard.append
        )
        return [event.message for event in heard if isinstance(event, Warned)]

    both = humming("both.mkv", "-map", "0:a")
    assert warnings(face_clip(), said(0.4)) == [
        "clip.mp4 has no sound of its own that could be kept: the new speech stands alone."
    ]
    assert warnings(both, said(0.4)) == ["both.mkv has 2 tracks of sound: the first is kept under the speech."]
    assert warnings(humming(), both) == ["both.mkv has 2 tracks of sound: the first is the speech."]
