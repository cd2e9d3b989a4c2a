"""Crops: the same face gives the same crop, and what is put back lies where it was."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from synctalkface.faces.crop import align, cut, mouth_mask, place, region, steady
from synctalkface.faces.mesh import CHIN, LEFT_EYE, LIPS_OUTER, MOUTH_CORNERS, NOSE_TIP, RIGHT_EYE
from synctalkface.faces.track import FaceTrack, rows, track_faces


@pytest.fixture(scope="module")
def face(detector, mesh, astronaut):
    """The track of the photograph: one frame."""
    return track_faces([astronaut], detector=detector, mesh=mesh)[0]


def moved(track: FaceTrack, motions: np.ndarray) -> FaceTrack:
    """The first frame of `track` seen after each of the `motions` (N, 2, 3)."""
    points = np.einsum("nij,kj->nki", motions[:, :, :2], track.landmarks[0]) + motions[:, None, :, 2]
    return FaceTrack(points.astype(np.float32), np.ones(len(motions), np.float32), track.cuts)


def shifts(steps: np.ndarray) -> np.ndarray:
    """Motions (N, 2, 3) by `steps` (N, 2) px."""
    return np.concatenate([np.tile(np.eye(2), (len(steps), 1, 1)), steps[:, :, None]], 2)


def in_crop(track: FaceTrack, matrix: np.ndarray, points, frame: int = 0) -> np.ndarray:
    return track.landmarks[frame, rows(points)] @ matrix[:, :2].T + matrix[:, 2]


def test_the_crop_reaches_from_brow_to_chin_and_ear_to_ear(face):
    matrix = align(face)[0]
    eyes = in_crop(face, matrix, RIGHT_EYE + LEFT_EYE)
    lips = in_crop(face, matrix, LIPS_OUTER)
    chin = in_crop(face, matrix, [CHIN])[0]
    corners = in_crop(face, matrix, MOUTH_CORNERS)
    ears = in_crop(face, matrix, [234, 454])
    assert 0.2 < eyes[:, 1].mean() < 0.35
    assert in_crop(face, matrix, [NOSE_TIP])[0] == pytest.approx((0.5, 0.5), abs=0.03)
    assert lips[:, 1].min() > 0.55
    assert 0.85 < chin[1] < 0.96
    assert 0.28 < corners[1, 0] - corners[0, 0] < 0.42
    assert 0.03 < ears[0, 0] < ears[1, 0] < 0.97


def test_a_head_moved_enlarged_and_turned_gives_the_same_crop(astronaut, shot, face):
    here = align(face)[0]
    straight = cut(astronaut, (0, 0), here, 96).astype(float)
    for motion in ({"x": 17.3}, {"zoom": 1.5, "degrees": 20}, {"zoom": 0.8, "degrees": -35, "y": 9.6}):
        frame, known = shot(**motion)
        there = align(moved(face, known[None]))[0]
        assert np.abs(cut(frame, (0, 0), there, 96) - straight).mean() < 3, motion


def test_motion_of_constant_speed_does_not_lag(face):
    steps = np.outer(np.arange(25), (9.0, -4.0))
    matrices = align(moved(face, shifts(steps)))
    there = [in_crop(moved(face, shifts(steps)), matrices[i], [NOSE_TIP], i)[0] for i in range(25)]
    assert np.array(there) == pytest.approx(np.tile(there[12], (25, 1)), abs=1e-4)


def test_jitter_of_the_landmarks_hardly_moves_the_crop(face):
    noise = np.random.default_rng(0).normal(0, 1, (200, *face.landmarks.shape[1:])).astype(np.float32)
    shaken = FaceTrack(face.landmarks + noise, np.ones(200, np.float32))
    centre = np.linalg.inv(align(shaken)[:, :, :2]) @ (0.5 - align(shaken)[:, :, 2:])
    assert centre.std(0).max() < 0.3, "of the 1 px that each landmark jumps"


def test_a_cut_is_not_smoothed_over_and_a_gap_has_no_matrix(face):
    steps = np.concatenate([np.zeros((6, 2)), np.full((6, 2), 80.0)])
    track = moved(face, shifts(steps))
    track = FaceTrack(track.landmarks, track.scores, (6,))
    matrices = align(track)
    assert matrices[5] == pytest.approx(matrices[0])
    assert matrices[6] == pytest.approx(matrices[11])
    gone = track.landmarks.copy()
    gone[8] = np.nan
    assert np.isnan(align(FaceTrack(gone, track.scores, (6,)))[:, 0, 0]).nonzero()[0].tolist() == [8]


def test_the_angle_does_not_jump_where_it_passes_half_a_turn(face):
    motions = []
    nose = face.landmarks[0, rows([NOSE_TIP])[0]]
    for radians in np.radians(np.linspace(150, 210, 13)):
        turn = np.array([[np.cos(radians), -np.sin(radians)], [np.sin(radians), np.cos(radians)]])
        motions.append(np.column_stack([turn, nose - turn @ nose]))
    track = moved(face, np.array(motions))
    sides = np.linalg.norm(align(track)[:, 0, :2], axis=1)
    eyes = np.array([in_crop(track, matrix, RIGHT_EYE, i)[0] for i, matrix in enumerate(align(track))])
    assert sides == pytest.approx(np.full(13, sides[0]), rel=1e-4)
    assert eyes == pytest.approx(np.tile(eyes[0], (13, 1)), abs=1e-3)


def test_steady_landmarks_move_with_the_head_but_do_not_tremble(face):
    steps = np.outer(np.arange(60), (2.0, 1.0))
    calm = moved(face, shifts(steps))
    noise = np.random.default_rng(0).normal(0, 1, calm.landmarks.shape).astype(np.float32)
    result = steady(FaceTrack(calm.landmarks + noise, calm.scores)).landmarks - calm.landmarks
    assert np.abs(result.mean(1)).max() < 0.2
    assert result[10:-10].std() < 0.5
    assert result.dtype == np.float32


def unit(x0: float, y0: float, side: float) -> np.ndarray:
    """The matrix of an upright crop."""
    return np.array([[1 / side, 0, -x0 / side], [0, 1 / side, -y0 / side]])


def test_an_upright_crop_at_the_frames_own_scale_is_the_frames_own_pixels(astronaut):
    assert (cut(astronaut, (0, 0), unit(100, 60, 128), 128) == astronaut[60:188, 100:228]).all()
    assert (cut(astronaut[50:200, 90:250], (90, 50), unit(100, 60, 128), 128) == astronaut[60:188, 100:228]).all()


@pytest.mark.parametrize("factor", [2, 3, 8])
def test_a_large_face_is_averaged_not_sampled(astronaut, factor):
    side = 48 * factor
    shrunk = cut(astronaut, (0, 0), unit(64, 64, side), 48).astype(float)
    mean = astronaut[64 : 64 + side, 64 : 64 + side].reshape(48, factor, 48, factor, 3).mean((1, 3))
    assert np.abs(shrunk - mean).mean() < 1.5
    board = (np.indices((512, 512)).sum(0) % 2 * 255).astype(np.uint8)[:, :, None].repeat(3, 2)
    assert cut(board, (0, 0), unit(64.3, 64.8, side), 48).std() < 15, "a fine pattern becomes grey"


def test_what_lies_outside_the_frame_repeats_its_border():
    frame = np.full((40, 40, 3), 50, np.uint8)
    frame[:, 0] = 200
    crop = cut(frame, (0, 0), unit(-20, 0, 40), 40)
    assert (crop[:, :20] == 200).all()
    assert (crop[:, 22:] == 50).all()


def test_the_region_holds_the_crop_and_stays_in_the_frame():
    assert region(unit(10.5, 20.5, 30), 0, 200, 100) == (10, 20, 41, 51)
    assert region(unit(10, 20, 30), 0.1, 200, 100) == (7, 17, 43, 53)
    assert region(unit(10, 20, 30), 0, 200, 100, top=0.5) == (10, 35, 40, 50)
    assert region(unit(-10, 80, 30), 0, 200, 100) == (0, 80, 20, 100)
    x0, y0, x1, y1 = region(unit(500, 500, 30), 0, 200, 100)
    assert 0 <= x0 < x1 <= 200
    assert 0 <= y0 < y1 <= 100


def test_the_mask_covers_mouth_and_chin_and_ends_softly_before_the_edge(face):
    matrix = align(face)[0]
    mask = mouth_mask(face.landmarks[0], matrix, 128)
    assert mask.shape == (128, 128)
    assert mask.dtype == np.float32
    assert mask.min() == 0
    assert mask.max() <= 1
    assert (mask[:64] == 0).all(), "above the middle nothing changes"
    assert (mask[[0, -1]] == 0).all()
    assert (mask[:, [0, -1]] == 0).all()
    lips = (in_crop(face, matrix, LIPS_OUTER) * 128).astype(int)
    assert mask[lips[:, 1], lips[:, 0]].min() > 0.97
    chin = (in_crop(face, matrix, [CHIN])[0] * 128).astype(int)
    assert mask[chin[1], chin[0]] > 0.8
    steepest = max(np.abs(np.diff(mask, axis=0)).max(), np.abs(np.diff(mask, axis=1)).max())
    assert steepest < 0.3


def test_the_mask_moves_little_when_the_jaw_drops(face):
    matrix = align(face)[0]
    dropped = face.landmarks[0].copy()
    dropped[rows([CHIN, 148, 377, 176, 400]), 1] += 4
    change = mouth_mask(dropped, matrix, 128) - mouth_mask(face.landmarks[0], matrix, 128)
    assert np.abs(change).mean() < 0.02


@pytest.mark.parametrize("degrees", [0, 25])
@pytest.mark.parametrize("size", [256, 320])
def test_a_crop_that_nobody_touched_goes_back_unseen(shot, face, degrees, size):
    frame, motion = shot(zoom=1.2, degrees=degrees)
    track = moved(face, motion[None])
    matrix = align(track)[0]
    crop = cut(frame, (0, 0), matrix, size).astype(np.float32)
    mask = mouth_mask(track.landmarks[0], matrix, size)
    box = region(matrix, 0.02, 320, 240)
    rgb, alpha = place(crop, mask, matrix, box)
    there = frame[box[1] : box[3], box[0] : box[2]].astype(np.float32)
    result = there + alpha[:, :, None] * (rgb - there)
    assert rgb.shape == there.shape
    assert rgb.dtype == alpha.dtype == np.float32
    assert np.abs(result - there)[alpha > 0.5].mean() < 2
    assert (result[alpha == 0] == there[alpha == 0]).all()


def test_the_mask_goes_back_to_where_the_mouth_is(shot, face):
    for zoom in (0.4, 1.0, 1.8):
        _, motion = shot(zoom=zoom, degrees=-15)
        track = moved(face, motion[None])
        matrix = align(track)[0]
        mask = mouth_mask(track.landmarks[0], matrix, 128)
        _, alpha = place(np.zeros((128, 128, 3), np.float32), mask, matrix, (0, 0, 320, 240))
        lips = np.clip(track.landmarks[0, rows(LIPS_OUTER)].astype(int), 0, (319, 239))
        eyes = np.clip(track.landmarks[0, rows(RIGHT_EYE + LEFT_EYE)].astype(int), 0, (319, 239))
        assert alpha[lips[:, 1], lips[:, 0]].min() > 0.9, zoom
        assert (alpha[eyes[:, 1], eyes[:, 0]] == 0).all()
        covered = alpha.sum() * np.linalg.det(matrix[:, :2])
        assert covered == pytest.approx(mask.mean(), rel=0.03), "and is as large as it was"


@pytest.mark.parametrize("side", [90.0, 60.0, 21.0])
def test_the_lower_half_alone_lies_where_it_does_in_the_whole_crop(side):
    crop = np.random.default_rng(0).uniform(0, 255, (64, 64, 3)).astype(np.float32)
    crop = cv2.GaussianBlur(crop, (0, 0), 3)
    mask = np.zeros((64, 64), np.float32)
    mask[40:60, 8:56] = 1
    whole, alpha = place(crop, mask, unit(20, 10, side), (0, 0, 120, 110))
    half, again = place(crop[32:], mask, unit(20, 10, side), (0, 0, 120, 110))
    assert (alpha == again).all()
    assert np.abs(half - whole)[alpha > 0].max() < 0.1
    assert np.abs(np.roll(half, 1, axis=0) - whole)[alpha > 0].mean() > 0.5, "a slip of one row would be seen"


def test_outside_the_crop_alpha_is_exactly_nothing():
    rgb, alpha = place(
        np.ones((64, 64, 3), np.float32), np.ones((64, 64), np.float32), unit(20, 20, 30), (0, 0, 80, 60)
    )
    inside = np.zeros((60, 80), bool)
    inside[19:51, 19:51] = True
    assert (alpha[~inside] == 0).all()
    assert alpha[25:45, 25:45] == pytest.approx(1)
    assert rgb[25:45, 25:45] == pytest.approx(1)


def test_a_small_face_gets_the_mean_of_the_crops_pixels():
    stripes = np.zeros((128, 128, 3), np.float32)
    stripes[:, ::2] = 1
    rgb, _ = place(stripes, np.ones((128, 128), np.float32), unit(5, 5, 32), (8, 8, 34, 34))
    assert rgb.mean() == pytest.approx(0.5, abs=0.02)
    assert rgb.std() < 0.02


def test_cropping_equals_bilinear_sampling_pixel_by_pixel(astronaut):
    size, side, angle = 24, 24 * 1.2, np.radians(12)
    linear = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]]) / side
    matrix = np.concatenate([linear, (0.5 - linear @ [[230.3], [120.8]])], 1)
    slow = np.zeros((size, size, 3))
    for row in range(size):
        for column in range(size):
            x, y = np.linalg.inv(linear) @ (((column + 0.5) / size, (row + 0.5) / size) - matrix[:, 2]) - 0.5
            left, top = int(x), int(y)
            corners = astronaut[top : top + 2, left : left + 2].astype(float)
            upper, lower = corners[:, 0] + (x - left) * (corners[:, 1] - corners[:, 0])
            slow[row, column] = upper + (y - top) * (lower - upper)
    fast = cut(astronaut, (0, 0), matrix, size).astype(float)
    assert np.abs(fast - slow).max() < 4, "OpenCV rounds places to 1/32 px"
    assert np.abs(fast - slow).mean() < 0.6
