"""Small frames of which some may be passed over: each that comes is the one of its number, and all can be had again."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from synctalkface.clock import Clock
from synctalkface.video import Glances, Video, probe

MakeMedia = Callable[..., Path]


@pytest.fixture
def coded(make_media: MakeMedia, sample_face: Path) -> Callable[..., Video]:
    """A function (name, *arguments) -> the sample face with three B-frames in a row, of which some hold up others."""

    def make(name: str = "clip.mp4", *arguments: str) -> Video:
        usual = ["-an", "-bf", "3", "-g", "30", "-x264-params", "b-pyramid=normal:b-adapt=0:scenecut=0"]
        return probe(make_media(name, "-i", str(sample_face), *(arguments or usual)))

    return make


def passing(
    video: Video, start: int = 0, stop: int | None = None, since: int = 0, pause: float = 0.0
) -> list[np.ndarray | None]:
    """The frames start..stop with some passed over from frame number `since` of them on; seconds spent on each."""
    glances = Glances(video, 160, start, stop)
    glances.passing = since == 0
    found = []
    for frame in glances:
        found.append(frame)
        glances.passing = len(found) >= since
        time.sleep(pause)
    return found


@pytest.mark.parametrize("name", ["clip.mp4", "clip.mkv"])
@pytest.mark.parametrize(("start", "stop"), [(0, None), (0, 20), (17, 60), (33, None)])
@pytest.mark.parametrize("since", [0, 7])
def test_what_comes_is_the_frame_of_its_number(
    coded: Callable[..., Video], name: str, start: int, stop: int | None, since: int
) -> None:
    video = coded(name)
    whole = list(Glances(video, 160, start, stop))
    found = passing(video, start, stop, since)
    assert len(found) == len(whole)
    over = sum(frame is None for frame in found)
    assert 0.25 * (len(whole) - since) - 4 < over < 0.6 * len(whole), "a half, but for where it begins and ends"
    for frame, same in zip(found, whole, strict=True):
        assert frame is None or np.abs(frame.astype(int) - same).max() <= 1


def test_which_are_passed_over_does_not_depend_on_how_quickly_they_are_looked_at(coded: Callable[..., Video]) -> None:
    patterns = [[frame is None for frame in passing(coded(), since=7, pause=pause)] for pause in (0.0, 0.004)]
    assert patterns[0] == patterns[1]
    assert any(patterns[0])


def test_what_was_passed_over_can_be_had(coded: Callable[..., Video]) -> None:
    video = coded()
    whole = list(Glances(video, 160, 10, 60))
    glances = Glances(video, 160, 10, 60)
    glances.passing = True
    found = []
    for number, frame in enumerate(glances):
        if frame is None:
            [again] = glances.again(number, number + 1)
            assert np.array_equal(again, whole[number])
            assert glances.passing, "as it was"
        found.append(frame)
    assert any(frame is None for frame in found)
    assert len(glances.again(5, 12)) == 7
    assert len(glances.again(48, 60)) == 2, "no further than was asked for at first"


def test_a_frame_at_the_end_that_nobody_needs_comes_all_the_same(coded: Callable[..., Video]) -> None:
    video = coded("end.mkv", "-an", "-bf", "3", "-g", "30", "-x264-params", "b-adapt=0", "-frames:v", "40")
    for stop in range(30, 41):
        found = passing(video, 0, stop)
        assert len(found) == stop
        assert found[-1] is not None or any(frame is None for frame in found[:-1])


def test_nothing_is_passed_over_where_times_do_not_tell(coded: Callable[..., Video]) -> None:
    video = coded()
    late = replace(video, clock=Clock.constant(video.clock.rate, len(video.clock), begin=0.3))
    assert all(frame is not None for frame in passing(late))


@pytest.mark.parametrize(
    "arguments",
    [
        ["-an", "-c:v", "ffv1"],
        ["-an", "-c:v", "mpeg4", "-q:v", "3"],
        ["-an", "-pix_fmt", "yuv420p10le", "-bf", "3"],
        ["-an", "-bf", "0"],
    ],
)
def test_clips_without_such_frames_are_whole(coded: Callable[..., Video], arguments: list[str]) -> None:
    video = coded("whole.mkv", *arguments)
    found = passing(video)
    assert len(found) == len(video.clock)
    assert all(frame is not None for frame in found)
