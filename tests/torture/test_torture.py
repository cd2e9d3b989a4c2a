"""Whatever is given as video and as speech: the command line finishes right or says one sentence, leaving nothing."""

from __future__ import annotations

import os
import sys
import wave
from collections.abc import Callable
from pathlib import Path

import av
import pytest

from synctalkface.audio import read_waveform
from synctalkface.video import Video, probe, read_frames

MakeMedia = Callable[..., Path]
Cut = Callable[..., Path]
Door = Callable[..., object]


def finished(answer: object, frames: int, size: tuple[int, int] = (360, 288)) -> Video:
    """The result, which has that many pictures of that size and sound to the end."""
    assert answer.code == 0, answer.sentence  # type: ignore[attr-defined]
    video = probe(answer.out)  # type: ignore[attr-defined]
    assert (video.width, video.height, len(video.clock)) == (*size, frames)
    assert sum(1 for _ in read_frames(video)) == frames
    assert len(read_waveform(video.path)) / 16_000 == pytest.approx(video.clock.duration, abs=0.03)
    assert video.clock.rate == 25
    return video


def refused(answer: object, *words: str) -> None:
    assert answer.code == 2  # type: ignore[attr-defined]
    for word in words:
        assert word in answer.sentence  # type: ignore[attr-defined]


# Videos


def test_no_frame(door: Door, words: Cut, tmp_path: Path) -> None:
    path = tmp_path / "none.mp4"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=25)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        container.start_encoding()
    refused(door(path, words()), "none.mp4")


def test_one_frame(door: Door, talk: Cut, words: Cut) -> None:
    finished(door(talk("one.mp4", "-frames:v", "1", "-an"), words()), 5)


@pytest.mark.parametrize("name", ["half.mkv", "half.avi", "half.ts"])
def test_half_a_clip_is_dubbed_as_far_as_it_goes(door: Door, talk: Cut, words: Cut, name: str) -> None:
    path = talk(name, "-g", "2", "-bf", "0", seconds="0.6")
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) * 2 // 3])
    left = len(probe(path).clock)
    assert 3 < left < 15
    finished(door(path, words(seconds="0.1")), left)


def test_an_mp4_without_its_end_cannot_be_read(door: Door, talk: Cut, words: Cut) -> None:
    path = talk("half.mp4")
    path.write_bytes(path.read_bytes()[:-400])
    refused(door(path, words()), "half.mp4", "damaged")


@pytest.mark.parametrize(
    ("given", "named", "arguments"),
    [
        ("clip.mkv", "clip.mp4", []),
        ("clip.mp4", "clip.wav", []),
        ("clip.mp4", "clip.png", []),
        ("clip.avi", "clip", []),
        ("face.png", "face.jpg", ["-frames:v", "1", "-c:v", "png"]),
        ("face.jpg", "face.mp4", ["-frames:v", "1", "-c:v", "mjpeg"]),
        ("face.webp", "face.jpeg", ["-frames:v", "1", "-c:v", "libwebp"]),
    ],
)
def test_a_wrong_extension_does_no_harm(
    door: Door, talk: Cut, words: Cut, given: str, named: str, arguments: list[str]
) -> None:
    path = talk(given, *arguments, "-an")
    finished(door(path.rename(path.with_name(named)), words()), 5)


@pytest.mark.parametrize("name", ["letter.mp4", "letter.png", "letter.txt"])
def test_a_text_is_refused(door: Door, words: Cut, tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("This is no video. " * 100)
    refused(door(tmp_path / name, words()), name)


@pytest.mark.parametrize(("size", "frames"), [("8x8", 2), ("8200x16", 1), ("16x8200", 1)])
def test_impossible_sizes_are_refused_by_their_number(
    door: Door, make_media: MakeMedia, words: Cut, size: str, frames: int
) -> None:
    source = ["-f", "lavfi", "-i", f"color=red:size={size}:rate=25", "-frames:v", str(frames)]
    path = make_media("size.mkv", *source, "-c:v", "ffv1", "-pix_fmt", "yuv420p")
    refused(door(path, words()), size.replace("x", " x "), "Scale it")


@pytest.mark.parametrize(("width", "height"), [(3840, 2160), (7680, 1024), (361, 287)])
def test_large_and_odd_sizes_are_dubbed(door: Door, talk: Cut, words: Cut, width: int, height: int) -> None:
    pixels = "yuv444p" if width % 2 else "yuv420p"
    picture = f"scale=-2:{height + height % 2},pad={width + width % 2}:ih:(ow-iw)/2,crop={width}:{height}:exact=1"
    path = talk("size.mp4", "-vf", f"format=yuv444p,{picture},format={pixels}", "-frames:v", "2", "-an")
    finished(door(path, words(), "--fit", "trim"), 2, (width, height))


def test_sound_alone_is_no_video(door: Door, words: Cut) -> None:
    refused(door(words("song.m4a"), words()), "song.m4a", "no moving picture")


def test_a_song_with_a_cover_is_no_video(door: Door, talk: Cut, words: Cut, make_media: MakeMedia) -> None:
    cover, sound = talk("cover.png", "-frames:v", "1", "-c:v", "png"), words()
    both = ["-i", str(sound), "-i", str(cover), "-map", "0", "-map", "1"]
    path = make_media("song.m4a", *both, "-c:a", "aac", "-c:v", "png", "-disposition:v:0", "attached_pic")
    refused(door(path, words()), "song.m4a", "no moving picture")


def test_nothing_and_nowhere_and_a_folder_are_named(door: Door, talk: Cut, words: Cut, tmp_path: Path) -> None:
    (tmp_path / "empty.mp4").touch()
    refused(door(tmp_path / "empty.mp4", words()), "empty.mp4 is empty")
    refused(door(talk(), tmp_path / "empty.mp4"), "empty.mp4 is empty")
    refused(door(tmp_path / "gone.mp4", words()), "no file", "gone.mp4")
    refused(door(talk(), tmp_path / "gone.wav"), "no file", "gone.wav")
    refused(door(tmp_path, words()), "is a folder")


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such pipes")
def test_a_pipe_is_refused_and_not_waited_for(door: Door, talk: Cut, words: Cut, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.mp4")
    refused(door(tmp_path / "pipe.mp4", words()), "pipe.mp4", "no plain file")
    refused(door(talk(), tmp_path / "pipe.mp4"), "pipe.mp4", "no plain file")


def test_what_is_changed_on_the_way_is_told(door: Door, talk: Cut, words: Cut) -> None:
    path = talk("deep.mov", "-c:v", "ffv1", "-f", "matroska", "-pix_fmt", "yuva420p10le", "-an")
    answer = door(path, words())
    finished(answer, 5)
    deep, seen = answer.warnings  # type: ignore[attr-defined]
    assert "deep.mov has 10 bits" in deep
    assert "deep.mov is transparent in places" in seen
    assert probe(answer.out).source_format == "yuv420p10le"  # type: ignore[attr-defined]


# Speech


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("telephone.wav", ["-ar", "8000", "-ac", "1"]),
        ("studio.wav", ["-ar", "96000", "-ac", "2", "-c:a", "pcm_s24le"]),
        ("surround.flac", ["-ac", "6"]),
        ("voice.amr.mkv", ["-ar", "8000", "-c:a", "pcm_mulaw"]),
    ],
)
def test_speech_of_every_rate_is_heard(door: Door, talk: Cut, words: Cut, name: str, arguments: list[str]) -> None:
    finished(door(talk(), words(name, *arguments, seconds="0.4")), 10)


def test_half_a_speech_is_heard_as_far_as_it_goes(door: Door, talk: Cut, words: Cut) -> None:
    speech = words(seconds="0.8")
    speech.write_bytes(speech.read_bytes()[: speech.stat().st_size // 2])
    finished(door(talk(), speech), 10)


def test_a_clip_can_speak_for_itself(door: Door, talk: Cut) -> None:
    path = talk("talk.mov", "-c:a", "pcm_s16le", seconds="0.4")
    finished(door(path, path), 10)


def test_speech_without_a_voice_is_refused(door: Door, talk: Cut, make_media: MakeMedia, tmp_path: Path) -> None:
    clip = talk("mute.mp4", "-an")
    refused(door(clip, clip), "mute.mp4 has no sound")
    refused(door(clip, talk("face.png", "-frames:v", "1", "-c:v", "png")), "face.png")
    silent = make_media("silent.wav", "-f", "lavfi", "-i", "anullsrc=r=16000", "-t", "0.5")
    refused(door(clip, silent), "Nobody can be heard")
    with wave.open(str(tmp_path / "none.wav"), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(16_000)
    refused(door(clip, tmp_path / "none.wav"), "none.wav")
    (tmp_path / "letter.wav").write_text("This is no speech. " * 100)
    refused(door(clip, tmp_path / "letter.wav"), "letter.wav")


# Names


NAMES = ['it\'s a "face"', " two  words ", "-y", "--out", "顔 и Öl", "100%03d", "a:b|c,d;e[f]", "#1?*"]


@pytest.mark.skipif(sys.platform == "win32", reason="Windows forbids these names")
@pytest.mark.parametrize("name", [*NAMES, "two\nlines", "\x1b[31mred"])
def test_any_name_will_do(
    door: Door, talk: Cut, words: Cut, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    clip, speech = talk("one.mp4", "-frames:v", "1", "-an"), words()
    clip, speech = clip.rename(tmp_path / f"{name}.mp4"), speech.rename(tmp_path / f"{name}.wav")
    monkeypatch.chdir(tmp_path)
    finished(door(clip.name, speech.name, "--fit", "trim", out=f"{name}.mp4"), 1)


@pytest.mark.parametrize("name", ["two\nlines.mp4", "\x1b[31mred.mp4"])
def test_a_name_cannot_write_on_the_terminal(door: Door, words: Cut, tmp_path: Path, name: str) -> None:
    answer = door(tmp_path / name, words())
    refused(answer, name.encode("unicode_escape").decode())


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has such names")
def test_a_name_that_is_not_text_is_refused(door: Door, talk: Cut, words: Cut, tmp_path: Path) -> None:
    name = os.fsdecode(b"caf\xe9.mp4")
    clip, speech = talk(), words()
    refused(door(clip, speech, out=name), "not Unicode", "Choose another")
    refused(door(clip.rename(tmp_path / name), speech), "caf\\udce9.mp4", "not Unicode", "Rename")


def test_a_picture_without_a_face_is_called_by_its_own_name(door: Door, make_media: MakeMedia, words: Cut) -> None:
    path = make_media("view.png", "-f", "lavfi", "-i", "testsrc=size=160x120", "-frames:v", "1")
    refused(door(path, words()), f"No face in {path}.")


def test_a_way_of_coding_that_nobody_knows_is_refused(door: Door, talk: Cut, words: Cut) -> None:
    clip, speech = talk("clip.mp4", "-an"), words()
    whole = speech.read_bytes()
    speech.write_bytes(whole[:20] + b"\x77\x77" + whole[22:])  # the number of the codec
    refused(door(clip, speech), "words.wav")
    clip.write_bytes(clip.read_bytes().replace(b"avc1", b"zzzz"))
    refused(door(clip, words()), "clip.mp4 is coded in a way that is not known")
