"""Frames that cost little to leave out are left out where heads move evenly, and are had where they are needed."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import pytest

from synctalkface.faces.mesh import FaceMesh
from synctalkface.faces.track import FaceTrack, track_faces

Shot = Callable[..., tuple[np.ndarray, np.ndarray]]


class Film:
    """Frames of which all are passed over, while some may be, but one in `every`; `late` frames after it was said."""

    def __init__(self, frames: list[np.ndarray], every: int = 2, first: int = 0, late: int = 3) -> None:
        self.frames, self.every, self.first, self.late = frames, every, first, late
        self.passing = False
        self.over: set[int] = set()
        self.asked: set[int] = set()

    def __iter__(self) -> Iterator[np.ndarray | None]:
        said: list[bool] = []
        for number, frame in enumerate(self.frames):
            said.append(self.passing)
            over = said[max(0, number - self.late)] and (number - self.first) % self.every != 0
            if over:
                self.over.add(number)
            yield None if over else frame

    def again(self, first: int, stop: int) -> list[np.ndarray]:
        self.asked |= set(range(first, stop))
        return self.frames[first:stop]


def follow(frames: list[np.ndarray], detector: object, film: Film, step: int = 2) -> tuple[FaceTrack, FaceTrack]:
    """The largest face with every frame, and with some of them passed over."""
    whole = track_faces(frames, detector=detector, mesh=FaceMesh(), step=step)  # type: ignore[arg-type]
    return whole[0], track_faces(film, detector=detector, mesh=FaceMesh(), step=step)[0]  # type: ignore[arg-type]


@pytest.mark.parametrize("first", [0, 1])
def test_a_calm_head_is_followed_by_half_the_frames(detector: object, shot: Shot, first: int) -> None:
    frames = [shot(x=i - 30, y=0.3 * i, degrees=i / 6)[0] for i in range(61)]
    film = Film(frames, first=first)
    whole, sparse = follow(frames, detector, film)
    assert len(film.over) > 15
    assert film.asked <= {60}, "but for the last, nothing is needed after all"
    assert sparse.seen.all()
    assert np.linalg.norm(sparse.landmarks - whole.landmarks, axis=2).mean() < 0.5
    assert sparse.colours is not None
    assert whole.colours is not None
    assert np.abs(sparse.colours.astype(int) - whole.colours).mean() < 4
    assert sparse.sharpness == pytest.approx(whole.sharpness, rel=0.25)


@pytest.mark.parametrize("cut", [44, 45])
@pytest.mark.parametrize("first", [0, 1])
def test_a_cut_is_found_at_its_very_frame(detector: object, shot: Shot, cut: int, first: int) -> None:
    frames = [shot(x=i / 2)[0] for i in range(cut)] + [255 - shot(x=i)[0] for i in range(9)]
    film = Film(frames, first=first)
    whole, sparse = follow(frames, detector, film)
    assert whole.cuts == sparse.cuts == (cut,)
    assert sparse.seen[:cut].all()
    assert film.over
    if cut % 2 != first:
        assert cut in film.asked
    assert sparse.landmarks[cut - 1] == pytest.approx(whole.landmarks[cut - 1], abs=1.5)


def test_a_shaken_head_has_all_its_frames(detector: object, shot: Shot) -> None:
    calm, shaken = [shot()[0] for _ in range(40)], [shot(x=5 * (i % 3))[0] for i in range(30)]
    film = Film(calm + shaken)
    whole, sparse = follow(film.frames, detector, film)
    assert film.over
    assert max(film.over) < 50, "it is told when it has begun"
    assert np.abs((sparse.landmarks - whole.landmarks).mean(1)).max() < 1.5, "of the 10 px that it is shaken"


def test_what_was_passed_over_is_had_where_a_head_starts_to_move(detector: object, shot: Shot) -> None:
    way = [0.0] * 41 + [6.0 * i for i in range(1, 12)]
    film = Film([shot(x=x)[0] for x in way])
    whole, sparse = follow(film.frames, detector, film)
    assert film.asked & film.over & set(range(39, 46))
    assert np.abs((sparse.landmarks - whole.landmarks).mean(1)).max() < 1.5


@pytest.mark.parametrize("first", [0, 1])
def test_who_is_hidden_is_lost_at_the_same_frame(detector: object, shot: Shot, first: int) -> None:
    frames = [shot(x=i / 2)[0] for i in range(60)]
    for frame in frames[45:49]:
        frame[65:180, 110:240] = 90
    film = Film(frames, first=first)
    whole, sparse = follow(frames, detector, film)
    assert film.over
    assert sparse.seen.tolist() == whole.seen.tolist()


def test_where_more_is_missing_than_the_mesh_may_go_without_nothing_is_passed_over(
    detector: object, shot: Shot
) -> None:
    frames = [shot(x=i / 2)[0] for i in range(60)]
    film = Film(frames, every=4)
    _, sparse = follow(frames, detector, film)
    assert 0 < len(film.over) < 12, "those that were on their way"
    assert film.over == film.asked
    assert sparse.seen.all()


def test_at_fifty_frames_a_second_three_of_four_may_be_missing(detector: object, shot: Shot) -> None:
    frames = [shot(x=i / 2)[0] for i in range(81)]
    film = Film(frames, every=4)
    whole, sparse = follow(frames, detector, film, step=4)
    assert len(film.over) > 30
    assert sparse.seen.all()
    assert np.linalg.norm(sparse.landmarks - whole.landmarks, axis=2).mean() < 0.5
