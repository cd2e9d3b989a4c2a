"""Faces that were found are found again without looking; anything doubtful is looked for anew."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest

from synctalkface.faces.detect import BlazeFace
from synctalkface.faces.mesh import FaceMesh
from synctalkface.faces.track import FaceTrack
from synctalkface.person import remembered
from synctalkface.person.remembered import find_all_remembered, packed, unpacked
from synctalkface.video import probe


def same(ones: Sequence[FaceTrack], others: Sequence[FaceTrack]) -> bool:
    fields = list(FaceTrack.__dataclass_fields__)
    return len(ones) == len(others) and all(
        np.array_equal(getattr(one, name), getattr(other, name), equal_nan=name == "landmarks")
        for one, other in zip(ones, others, strict=True)
        for name in fields
    )


@pytest.fixture
def short(make_media: Callable[..., Path], sample_face: Path) -> Path:
    return make_media("short.mp4", "-t", "0.4", "-i", str(sample_face), "-an", "-c:v", "libx264")


@pytest.fixture
def searches(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[object]:
    """Grows by one whenever a clip is searched; the cache is empty at first."""
    monkeypatch.setenv("SYNCTALKFACE_CACHE", str(tmp_path / "cache"))
    counted: list[object] = []
    really = remembered.find_all

    def find_all(*asked: object) -> list[FaceTrack]:
        counted.append(asked)
        return really(*asked)  # type: ignore[arg-type]

    monkeypatch.setattr(remembered, "find_all", find_all)
    return counted


def test_a_clip_is_searched_once_whatever_it_is_called(short: Path, searches: list[object], tmp_path: Path) -> None:
    first = find_all_remembered(probe(short), BlazeFace(), FaceMesh())
    again = short.rename(tmp_path / "again.mp4")
    assert same(find_all_remembered(probe(again), BlazeFace(), FaceMesh()), first)
    assert len(first) == len(searches) == 1


@pytest.mark.parametrize(
    ("detector", "first", "stop"), [(BlazeFace(), 2, None), (BlazeFace(), 0, 5), (BlazeFace(0.9), 0, None)]
)
def test_other_frames_and_other_detectors_are_other_questions(
    detector: BlazeFace, first: int, stop: int | None, short: Path, searches: list[object]
) -> None:
    find_all_remembered(probe(short), BlazeFace(), FaceMesh())
    find_all_remembered(probe(short), detector, FaceMesh(), first, stop)
    assert len(searches) == 2


@pytest.mark.parametrize("content", [b"", b"nonsense", None])
def test_a_damaged_memory_is_replaced(content: bytes | None, short: Path, searches: list[object]) -> None:
    first = find_all_remembered(probe(short), BlazeFace(), FaceMesh())
    [kept] = remembered.TRACKS.folder.iterdir()
    whole = kept.read_bytes()
    if content is None:  # whole, and vouched for, but of another version
        remembered.TRACKS.put(kept.name, packed(first).replace(b"landmarks", b"moustache"))
    else:
        kept.write_bytes(content)
    assert same(find_all_remembered(probe(short), BlazeFace(), FaceMesh()), first)
    assert len(searches) == 2
    assert kept.read_bytes() == whole


def test_tracks_survive_packing() -> None:
    tracks = [
        FaceTrack(np.random.default_rng(0).random((3, 5, 2), np.float32), np.ones(3, np.float32), (1, 2)),
        FaceTrack(np.full((3, 5, 2), np.nan, np.float32), np.zeros(3, np.float32), (), np.zeros((3, 7, 3), np.uint8)),
    ]
    assert same(unpacked(packed(tracks)), tracks)
    assert unpacked(packed([])) == []


def test_progress_is_told_also_where_nothing_is_searched(short: Path, searches: list[object]) -> None:
    told: list[object] = []
    for _ in range(2):
        told.clear()
        find_all_remembered(probe(short), BlazeFace(), FaceMesh(), on_progress=told.append)
        assert (told[-1].done, told[-1].total) == (10, 10)  # type: ignore[attr-defined]
