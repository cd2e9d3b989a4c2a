"""A clip's size, colour and every timestamp are known before a frame of it is read."""

from __future__ import annotations

import gc
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from synctalkface.errors import MediaError
from synctalkface.video import probe, read_frames

MakeMedia = Callable[..., Path]


def pattern(size: str = "64x48", rate: str = "25", seconds: float = 1) -> list[str]:
    return ["-f", "lavfi", "-i", f"testsrc=duration={seconds}:size={size}:rate={rate}"]


@pytest.mark.parametrize("rate", ["25", "30", "60", "30000/1001", "24000/1001", "25/2"])
@pytest.mark.parametrize("extension", ["mp4", "mkv", "mov", "avi", "ts"])
def test_a_constant_rate_is_found_exactly_in_every_container(make_media: MakeMedia, rate: str, extension: str) -> None:
    if extension == "ts" and rate == "25/2":
        pytest.skip("MPEG-TS has no such rate")
    video = probe(make_media(f"clip.{extension}", *pattern(rate=rate), "-pix_fmt", "yuv420p"))
    assert video.clock.rate == Fraction(rate)
    assert not video.clock.variable
    assert video.clock.starts[0] == 0
    assert len(video.clock) == sum(1 for _ in read_frames(video)) == int(np.ceil(float(Fraction(rate))))


def test_the_sample_is_what_it_is(sample_face: Path) -> None:
    video = probe(sample_face)
    assert (video.width, video.height, video.clock.rate, len(video.clock)) == (360, 288, 25, 75)
    assert video.has_audio
    assert video.pixel_format == "yuv420p"


def test_a_picture_that_begins_after_the_sound_says_so(make_media: MakeMedia) -> None:
    sound = ["-f", "lavfi", "-i", "sine=duration=2"]
    picture = make_media("picture.mkv", *pattern(), "-pix_fmt", "yuv420p")
    for name in ("late.mp4", "late.mkv"):
        video = probe(make_media(name, *sound, "-itsoffset", "0.48", "-i", str(picture), "-c:v", "copy"))
        assert video.clock.starts[0] == pytest.approx(0.48, abs=0.025)  # the sound may begin with a codec's priming
        assert len(video.clock) == 25


def test_a_variable_rate_keeps_its_timestamps(variable_clip: Callable[..., Path]) -> None:
    starts = [0.0, 0.04, 0.08, 0.12, 0.3, 0.34, 0.38, 0.42, 0.46, 0.9]
    for name in ("variable.mp4", "variable.mkv"):
        video = probe(variable_clip(name, starts))
        assert video.clock.variable
        assert video.clock.rate == 25
        assert video.clock.starts == pytest.approx(starts, abs=1e-3)


@pytest.mark.parametrize(("degrees", "size"), [(0, (64, 48)), (90, (48, 64)), (180, (64, 48)), (270, (48, 64))])
def test_a_turned_clip_has_the_size_it_is_shown_in(make_media: MakeMedia, degrees: int, size: tuple[int, int]) -> None:
    flat = make_media("flat.mp4", *pattern(), "-pix_fmt", "yuv420p", "-vf", "setsar=4/3")
    turned = flat.with_name("turned.mp4")
    turn_metadata(flat, turned, degrees)
    video = probe(turned)
    assert (video.width, video.height) == size
    assert video.sample_aspect == (Fraction(3, 4) if degrees in (90, 270) else Fraction(4, 3))
    frame = next(read_frames(video))
    upright = next(read_frames(probe(flat)))
    assert np.array_equal(frame.y, np.rot90(upright.y, degrees // 90))


def turn_metadata(source: Path, target: Path, degrees: int) -> None:
    import av

    with av.open(str(source)) as old, av.open(str(target), "w") as new:
        stream = new.add_stream_from_template(old.streams.video[0])
        stream.set_display_rotation(degrees)
        for packet in old.demux(video=0):
            if packet.size:
                packet.stream = stream
                new.mux(packet)


@pytest.mark.parametrize(
    ("arguments", "matrix", "full"),
    [
        (["-colorspace", "bt709", "-color_range", "tv"], "bt709", False),
        (["-colorspace", "smpte170m"], "bt601", False),
        (["-colorspace", "bt2020nc"], "bt2020", False),
        ([], "bt601", False),
        (["-pix_fmt", "yuvj420p"], "bt601", True),
    ],
)
def test_colour_is_read_from_the_tags_or_guessed_from_the_size(
    make_media: MakeMedia, arguments: list[str], matrix: str, full: bool
) -> None:
    colour = probe(make_media("c.mp4", *pattern(), "-pix_fmt", "yuv420p", *arguments)).colour
    assert (colour.matrix, colour.full_range) == (matrix, full)


def test_a_large_picture_without_tags_is_meant_in_bt709(make_media: MakeMedia) -> None:
    video = probe(make_media("hd.mp4", *pattern("1280x720", seconds=0.04), "-pix_fmt", "yuv420p"))
    assert video.colour.matrix == "bt709"
    assert video.colour.space == 2  # still untagged: nothing is claimed that the file does not say


def test_odd_sizes_are_read_without_subsampling(make_media: MakeMedia) -> None:
    video = probe(make_media("odd.mp4", *pattern("65x49"), "-pix_fmt", "yuv444p"))
    assert (video.width, video.height, video.pixel_format) == (65, 49, "yuv444p")


@pytest.mark.parametrize("name", ["zwei Wörter.mp4", 'it\'s "quoted".mp4', "-y.mp4", "100%d.mp4", "a:b.mp4", "#1?.mp4"])
def test_any_name_can_be_read(make_media: MakeMedia, name: str) -> None:
    assert next(read_frames(probe(make_media(name, *pattern(), "-pix_fmt", "yuv420p")))).width == 64


def test_a_missing_clip_is_named(tmp_path: Path) -> None:
    with pytest.raises(MediaError, match=r"no file .*gone\.mp4"):
        probe(tmp_path / "gone.mp4")


def test_a_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(MediaError, match="is a folder"):
        probe(tmp_path)


def test_noise_is_no_clip(tmp_path: Path) -> None:
    path = tmp_path / "noise.mp4"
    path.write_bytes(np.random.default_rng(0).bytes(5000))
    with pytest.raises(MediaError, match=r"noise\.mp4 is not a media file"):
        probe(path)


def test_sound_alone_is_no_clip(make_media: MakeMedia) -> None:
    with pytest.raises(MediaError, match=r"tone\.wav has no moving picture"):
        probe(make_media("tone.wav", "-f", "lavfi", "-i", "sine=duration=0.2"))


def test_a_cover_is_no_moving_picture(make_media: MakeMedia) -> None:
    cover = make_media("cover.png", *pattern(seconds=0.04), "-frames:v", "1")
    song = ["-f", "lavfi", "-i", "sine=duration=0.5", "-i", str(cover), "-map", "0", "-map", "1"]
    path = make_media("song.m4a", *song, "-c:a", "aac", "-c:v", "png", "-disposition:v:0", "attached_pic")
    with pytest.raises(MediaError, match="no moving picture"):
        probe(path)


@pytest.mark.parametrize("name", ["face.png", "face 100%d.png", "face.jpg"])
def test_a_picture_is_a_clip_of_one_frame_that_goes_when_it_is_forgotten(make_media: MakeMedia, name: str) -> None:
    source = ["-f", "lavfi", "-i", "color=0x4080c0:size=65x49"]
    made = make_media(f"made{Path(name).suffix}", *source, "-frames:v", "1")
    video = probe(made.rename(made.with_name(name)))
    assert (video.width, video.height, len(video.clock)) == (64, 48, 1)
    assert np.abs(next(read_frames(video)).rgb().astype(int) - (0x40, 0x80, 0xC0)).max() <= 3
    copy = video.path
    assert copy.exists()
    del video
    gc.collect()
    assert not copy.exists()


def test_a_picture_of_another_kind_says_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "face.heic").write_bytes(b"picture")
    with pytest.raises(MediaError, match=r"face\.heic is a picture.*PNG or JPEG"):
        probe(tmp_path / "face.heic")


def test_a_tiny_clip_is_refused(make_media: MakeMedia) -> None:
    with pytest.raises(MediaError, match="8 x 8 px"):
        probe(make_media("tiny.mp4", *pattern("8x8"), "-pix_fmt", "yuv420p"))


@pytest.mark.parametrize(
    ("starts", "sentence"),
    [
        ([0.0, 0.04, 0.08, 7200.08], "frame 4 comes 7200 s after the one before"),
        ([0.0, 90_000.0], "frame 2 comes 90000 s after the one before"),
        ([0.0, 0.0004, 0.0008, 0.0012], "more than 1000 come in a second"),
    ],
)
def test_times_that_nobody_can_mean_are_damage(tmp_path: Path, starts: list[float], sentence: str) -> None:
    with pytest.raises(MediaError, match=rf"The times of the frames of .*odd\.mov are damaged: {sentence}"):
        probe(packed(tmp_path / "odd.mov", starts))


def test_a_screen_may_stand_still_for_minutes(tmp_path: Path) -> None:
    patient = probe(packed(tmp_path / "patient.mov", [0.0, 0.04, 0.08, 300.0]))
    assert patient.clock.duration == pytest.approx(300.04, abs=0.01)


def packed(path: Path, starts: list[float]) -> Path:
    """Grey pictures with these timestamps."""
    import av

    with av.open(str(path), "w") as container:
        stream = container.add_stream("mjpeg", rate=25)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuvj420p"
        stream.time_base = stream.codec_context.time_base = Fraction(1, 10_000)
        for start in starts:
            frame = av.VideoFrame.from_ndarray(np.full((72, 64), 128, np.uint8), "yuvj420p")
            frame.pts, frame.time_base = round(start * 10_000), Fraction(1, 10_000)
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path
