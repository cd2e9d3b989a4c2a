"""The stages of a dub overlap: the same frames as one after another, and nothing runs on after the end."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import cv2
import pytest

from synctalkface.pipeline import LipSync, dubbing
from synctalkface.pipeline.stages import one_thread_each
from synctalkface.video import Frame


def test_opencv_has_its_threads_back_afterwards() -> None:
    before = cv2.getNumThreads()
    with pytest.raises(KeyError), one_thread_each():
        assert cv2.getNumThreads() == 1
        raise KeyError
    assert cv2.getNumThreads() == before


@pytest.fixture
def dub(
    lipsync: LipSync,
    face_clip: Callable[..., Path],
    said: Callable[[float], Path],
    tmp_path: Path,
    written: list[Frame],
) -> Callable[[], list[bytes]]:
    """A function that dubs a clip and returns the frames that were given to the encoder."""
    clip, speech = face_clip(seconds="1.2"), said(2.0)

    def run() -> list[bytes]:
        written.clear()
        lipsync.dub(clip, speech, tmp_path / "out.mp4", overwrite=True)
        return [frame.data.tobytes() for frame in written]

    return run


def test_the_result_is_bit_for_bit_that_of_one_stage_after_another(
    dub: Callable[[], list[bytes]], monkeypatch: pytest.MonkeyPatch
) -> None:
    overlapping = dub()

    def one_by_one(source: Iterable[object]) -> Iterator[object]:
        yield from source

    monkeypatch.setattr(dubbing, "ahead", one_by_one)
    assert len(overlapping) == 50
    assert dub() == overlapping


def test_a_stage_that_fails_ends_the_dub_and_leaves_nothing(
    dub: Callable[[], list[bytes]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("out of ink")

    before = sorted(path.name for path in tmp_path.iterdir())
    monkeypatch.setattr(dubbing.Face, "generated", broken)
    with pytest.raises(RuntimeError, match="out of ink"):
        dub()
    assert sorted(path.name for path in tmp_path.iterdir()) == before
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("stage")]
