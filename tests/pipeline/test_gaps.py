"""Gaps, cuts and hands in a whole dub: what cannot be drawn stays as filmed, with its reason, and nothing jumps."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from synctalkface.clock import fit_picture
from synctalkface.faces.mesh import LIPS_OUTER
from synctalkface.faces.track import rows
from synctalkface.person import Followed, Hearing, Why, silent
from synctalkface.pipeline import LipSync
from synctalkface.pipeline.dubbing import Dubbing, Role
from synctalkface.video import Frame, probe, read_frames

FaceClip = Callable[..., Path]
Said = Callable[[float], Path]
MakeMedia = Callable[..., Path]
CODED = ("-c:v", "libx264", "-preset", "ultrafast", "-crf", "10")
# the second shot: another light
CUT = "[0]split[a][b];[b]lutyuv=y=val*0.6[c];[a][c]concat"


def difference(clip: Path, written: list[Frame]) -> NDArray[np.float64]:
    """(N,) how much each frame was changed, in levels of its luma where it was changed most."""
    source = read_frames(probe(clip))
    return np.array([np.abs(a.y.astype(int) - b.y).max() for a, b in zip(source, written, strict=True)], float)


def test_a_hand_before_the_mouth_is_left_as_filmed_and_the_mouth_fades_around_it(
    lipsync: LipSync, face_clip: FaceClip, said: Said, tmp_path: Path, written: list[Frame]
) -> None:
    lips = lipsync.follow(probe(face_clip(seconds="0.4"))).landmarks[0][rows(LIPS_OUTER)]
    (x, y), width = lips.mean(0), np.ptp(lips[:, 0])
    hand = f"x={x - width:.0f}:y={y - width / 2:.0f}:w={width:.0f}:h={2 * width:.0f}:color=0x50382c:t=fill"
    clip = face_clip("hand.mp4", "-vf", f"drawbox={hand}:enable='between(n,20,27)'", seconds="2")
    report = lipsync.dub(clip, said(2.0), tmp_path / "out.mp4")
    changed = difference(clip, written)
    assert (changed[20:28] == 0).all()
    assert (changed[:12] > 0).all()
    assert (changed[36:] > 0).all()
    ((begin, end),) = report.gaps
    assert 0.6 <= begin <= 0.8
    assert 1.12 <= end <= 1.3
    assert report.reasons == ("something is before the mouth",)
    assert "because something is before the mouth: 0." in report.summary()
    followed = lipsync.follow(probe(clip))
    strengths = np.array([followed.strength(frame) for frame in range(50)])
    assert np.abs(np.diff(strengths)).max() < 0.5
    assert not [one for one in followed.references_of(0) if 16 <= one < 32]


@pytest.fixture
def two_shots(face_clip: FaceClip, make_media: MakeMedia) -> Path:
    """20 frames, then 20 of another shot."""
    return make_media("cut.mp4", "-i", str(face_clip()), "-filter_complex", CUT, *CODED)


def drawing(lipsync: LipSync, clip: Path, followed: Followed) -> Dubbing:
    video = probe(clip)
    timeline = fit_picture(video.clock, 0.1, "bounce")
    hearing = Hearing(lipsync.model, lipsync.config, silent(lipsync.config))
    return Dubbing(lipsync.model, lipsync.config, video, timeline, [Role(followed, hearing)], timeline.clock.centres)


def test_each_shot_is_drawn_from_a_frame_of_its_own_and_whole_from_its_first_frame(
    lipsync: LipSync, two_shots: Path
) -> None:
    followed = lipsync.follow(probe(two_shots))
    assert followed.cuts == (20,)
    first, second = followed.references
    assert max(first) < 20 <= min(second)
    assert {followed.references_of(frame) for frame in range(20)} == {first}
    assert {followed.references_of(frame) for frame in range(20, 40)} == {second}
    assert {followed.strength(frame) for frame in range(40)} == {1.0}
    assert {followed.why(frame) for frame in range(40)} == {Why.DRAWN}
    # pixels of the bright shot would be far too bright in the dark one
    frames = list(drawing(lipsync, two_shots, followed).frames())
    source = list(read_frames(probe(two_shots)))
    one_for_all = followed._replace(references=(first,))
    wrong = list(drawing(lipsync, two_shots, one_for_all).frames())
    lips = followed.landmarks[30][rows(LIPS_OUTER)]
    (x0, y0), (x1, y1) = lips.min(0).astype(int), lips.max(0).astype(int)
    brightness = [frame.y[y0:y1, x0:x1].mean() for frame in (source[30], frames[30], wrong[30])]
    assert abs(brightness[1] - brightness[0]) < abs(brightness[2] - brightness[0])


def test_a_stretch_across_a_cut_is_that_stretch_of_the_whole(lipsync: LipSync, two_shots: Path) -> None:
    followed = lipsync.follow(probe(two_shots))
    whole = [frame.data.copy() for frame in drawing(lipsync, two_shots, followed).frames()]
    stretch = [frame.data.copy() for frame in drawing(lipsync, two_shots, followed).frames(16, 32)]
    assert all((one == other).all() for one, other in zip(whole[16:32], stretch, strict=True))


def test_a_blurred_frame_lends_no_pixels(lipsync: LipSync, face_clip: FaceClip) -> None:
    clip = face_clip("blurred.mp4", "-vf", "boxblur=3:2:enable='not(between(n,20,26))'", seconds="1.6")
    references = lipsync.follow(probe(clip)).references_of(0)
    assert [one for one in references if not 20 <= one <= 26] == []


def test_a_face_too_small_to_draw_is_left_as_filmed(
    lipsync: LipSync, face_clip: FaceClip, said: Said, tmp_path: Path, written: list[Frame]
) -> None:
    clip = face_clip("far.mp4", "-vf", "scale=90:72,pad=360:288:120:100", seconds="0.4")
    report = lipsync.dub(clip, said(0.4), tmp_path / "out.mp4")
    assert difference(clip, written).max() == 0
    assert report.gaps == ((0.0, 0.4),)
    assert report.reasons == ("the face is too small",)


def test_two_faces_leave_a_gap_only_where_neither_is_drawn(lipsync: LipSync, two_shots: Path) -> None:
    followed = lipsync.follow(probe(two_shots))
    assert followed.usable is not None
    gone, other = followed.usable.why.copy(), followed.usable.why.copy()
    gone[5:15], other[10:20] = Why.COVERED, Why.SMALL
    roles = [followed._replace(usable=followed.usable._replace(why=why)) for why in (gone, other)]
    dubbing = drawing(lipsync, two_shots, followed)
    dubbing.roles = [Role(each, dubbing.roles[0].hearing) for each in roles]
    assert np.flatnonzero(dubbing.missing()).tolist() == list(range(10, 15))
    assert [int(a) for a, b in pairwise(np.flatnonzero(dubbing.reasons())) if b - a > 1] == []
