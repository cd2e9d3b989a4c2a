"""Pictures that are encoded here are whole or not there, and say so in a sentence where the disk is full."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from synctalkface.errors import OutputError
from synctalkface.video import Frame, Pictures, Video, VideoWriter, probe, read_frames

GreyClip = Callable[..., Path]
MakeMedia = Callable[..., Path]
Pattern = Callable[[Video], Frame]


def encode(video: Video, path: Path, finish: bool = True) -> None:
    with Pictures(path, video, video.clock.rate, 5, 18, "veryfast", path.with_name("dub.mp4")) as pictures:
        for frame in read_frames(video):
            pictures.write(frame)
        if finish:
            pictures.finish()


def test_a_file_of_pictures_is_gone_unless_it_was_finished(grey_clip: GreyClip, tmp_path: Path) -> None:
    video, path = probe(grey_clip(frames=5)), tmp_path / "pictures.mp4"
    encode(video, path)
    assert len(probe(path).clock) == 5
    encode(video, path, finish=False)
    assert not path.exists()


def test_a_folder_that_is_not_there_is_told(grey_clip: GreyClip, tmp_path: Path) -> None:
    video = probe(grey_clip(frames=5))
    with pytest.raises(OutputError, match=r"dub\.mp4 could not be encoded \(No such file or directory\)"):
        encode(video, tmp_path / "nowhere" / "pictures.mp4")


@pytest.mark.skipif(sys.platform == "win32", reason="Windows limits no file's size")
@pytest.mark.parametrize("frames", [5, 60])
def test_a_file_that_cannot_grow_is_told(
    patterned_frame: Pattern, grey_clip: GreyClip, tmp_path: Path, frames: int
) -> None:
    import resource

    video = replace(probe(grey_clip(frames=frames)), width=640, height=480)
    frame, limits = patterned_frame(video), resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, limits[1]))
    try:
        with (
            pytest.raises(OutputError, match=r"dub\.mp4 could not be encoded \(File too large\).*free space"),
            VideoWriter(tmp_path / "dub.mp4", video, video.clock, None) as writer,
        ):
            for _ in range(frames):
                writer.write(frame)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert not list(tmp_path.glob("*dub*"))


def test_a_frame_may_be_painted_on_once_it_is_written(
    patterned_frame: Pattern, grey_clip: GreyClip, tmp_path: Path
) -> None:
    video = replace(probe(grey_clip(frames=30)), width=640, height=480)
    frame = patterned_frame(video)
    before = frame.data.copy()
    with VideoWriter(tmp_path / "dub.mp4", video, video.clock, None, crf=0) as writer:
        for _ in range(30):
            frame.data[:] = before
            writer.write(frame)
            frame.data[:] = 0
    for written in read_frames(probe(tmp_path / "dub.mp4")):
        assert np.array_equal(written.data, before)


def test_missing_frames_are_no_clip(grey_clip: GreyClip, tmp_path: Path) -> None:
    video = probe(grey_clip(frames=5))
    with (
        pytest.raises(OutputError, match="1 frames came, 5 were expected"),
        VideoWriter(tmp_path / "dub.mp4", video, video.clock, None) as writer,
    ):
        writer.write(next(read_frames(video)))
    assert not (tmp_path / "dub.mp4").exists()


def test_a_frame_of_another_clip_is_refused(grey_clip: GreyClip, tmp_path: Path) -> None:
    small, large = probe(grey_clip("a.mp4", 2)), probe(grey_clip("b.mp4", 2, size="128x96"))
    with (
        pytest.raises(ValueError, match="not like the clip"),
        VideoWriter(tmp_path / "dub.mp4", small, small.clock, None) as writer,
    ):
        writer.write(next(read_frames(large)))


@pytest.mark.parametrize("size", ["450x450", "66x50", "64x46", "50x64", "64x48"])
def test_every_plane_comes_back_whatever_the_size(make_media: MakeMedia, tmp_path: Path, size: str) -> None:
    """Colours that differ everywhere: a plane that is taken from the wrong place is far off."""
    source = f"testsrc2=size={size}:rate=25:duration=0.2"
    video, path = probe(make_media("source.mp4", "-f", "lavfi", "-i", source, "-crf", "4")), tmp_path / "pictures.mp4"
    encode(video, path)
    for before, after in zip(read_frames(video), read_frames(probe(path)), strict=True):
        assert (after.width, after.height) == (before.width, before.height)
        for plane, same in ((before.y, after.y), (before.u, after.u), (before.v, after.v)):
            assert np.abs(plane.astype(int) - same).mean() < 3
