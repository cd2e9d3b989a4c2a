"""Detection: the face is found where it is, and the choice of detector explains itself."""

from __future__ import annotations

import sys
import types
from pathlib import Path

import cv2
import numpy as np
import pytest

from synctalkface.errors import ConfigError
from synctalkface.faces import detect
from synctalkface.faces.detect import BlazeFace, InsightFace, find_detector, iou


def test_the_one_face_is_found_with_its_points_in_order(detector, astronaut):
    (face,) = detector.detect(astronaut)
    marked_by_hand = [(202, 101), (246, 103), (225, 127), (204, 140), (245, 141)]
    assert face.score > 0.8
    assert (np.abs(face.box - (174, 70, 279, 175)) < 6).all()
    distance = np.linalg.norm(face.points - marked_by_hand, axis=1)
    assert (distance < (4, 4, 4, 11, 11)).all(), "a smile is wider than the corners that are put beside the mouth"


@pytest.mark.parametrize("size", [(256, 256), (512, 900), (720, 512)])
def test_the_box_follows_the_picture_whatever_its_shape(detector, astronaut, size):
    height, width = size
    scale = min(height, width) / 512
    canvas = np.zeros((height, width, 3), np.uint8)
    small = cv2.resize(astronaut, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    top, left = height - len(small), width - len(small)
    canvas[top:, left:] = small
    (face,) = detector.detect(canvas)
    expected = np.array([174, 70, 279, 175]) * scale + (left, top, left, top)
    assert (np.abs(face.box - expected) < 10 * max(scale, 1)).all()


def test_the_larger_face_comes_first(detector, astronaut):
    small = cv2.resize(astronaut, (307, 307), interpolation=cv2.INTER_AREA)
    canvas = np.zeros((512, 820, 3), np.uint8)
    canvas[:307, :307], canvas[:, 307:819] = small, astronaut
    large, little = detector.detect(canvas)
    assert large.area > 2 * little.area
    assert large.box[0] > 307 > little.box[2]


def test_no_face_is_found_where_there_is_none(detector, astronaut):
    noise = np.random.default_rng(0).integers(0, 256, (240, 320, 3), dtype=np.uint8)
    assert detector.detect(noise) == []
    assert detector.detect(np.full((90, 160, 3), 128, np.uint8)) == []
    assert detector.detect(astronaut[250:, :250]) == []


def test_overlap_of_boxes_has_known_values():
    box = np.array([0.0, 0, 2, 2])
    others = np.array([[0.0, 0, 2, 2], [1, 0, 3, 2], [5, 5, 6, 6], [0.5, 0.5, 1.5, 1.5]])
    assert iou(box, others) == pytest.approx([1, 1 / 3, 0, 1 / 4])


def test_overlapping_answers_are_averaged_by_their_score_and_distant_ones_are_kept():
    one = np.tile([[0.0, 0], [10, 10]], (4, 1))
    faces = np.stack([one, one + 1, one + 50])
    merged = detect._merge(faces, np.array([0.9, 0.6, 0.7]))
    assert [score for _, score in merged] == [0.9, 0.7]
    assert merged[0][0] == pytest.approx(one + 0.6 / 1.5)
    assert merged[1][0] == pytest.approx(one + 50)


def test_auto_is_the_embedded_detector_when_no_pack_is_there(tmp_path, monkeypatch):
    monkeypatch.setenv(detect.PACK_VARIABLE, str(tmp_path))
    assert isinstance(find_detector("auto"), BlazeFace)
    with pytest.raises(ConfigError, match=r"No InsightFace pack was found\. Put buffalo_l"):
        find_detector("insightface")
    with pytest.raises(ConfigError, match="Choose auto, embedded or insightface"):
        find_detector("dlib")  # type: ignore[arg-type]


@pytest.fixture
def pack(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that looks like a pack, and an insightface whose model wants BGR and sees two faces."""

    class Model:
        def prepare(self, ctx_id, input_size, det_thresh):
            assert ctx_id == -1

        def detect(self, bgr):
            assert bgr[0, 0].tolist() == [3, 2, 1]
            boxes = [[0, 0, 10, 10, 0.9], [20, 20, 60, 60, 0.8]]
            return np.array(boxes), np.arange(20.0).reshape(2, 5, 2)

    zoo = types.SimpleNamespace(get_model=lambda path, providers: Model())
    monkeypatch.setitem(sys.modules, "insightface", types.ModuleType("insightface"))
    monkeypatch.setitem(sys.modules, "insightface.model_zoo", types.SimpleNamespace(model_zoo=zoo))
    (tmp_path / "det_10g.onnx").touch()
    monkeypatch.setenv(detect.PACK_VARIABLE, str(tmp_path))
    return tmp_path


def test_a_pack_on_the_disk_is_used_and_its_terms_are_said_once(pack):
    heard: list[str] = []
    found = find_detector("auto", heard.append)
    picture = np.full((80, 80, 3), (1, 2, 3), np.uint8)
    faces = found.detect(picture)
    found.detect(picture)
    assert isinstance(found, InsightFace)
    assert [face.box.tolist() for face in faces] == [[20, 20, 60, 60], [0, 0, 10, 10]]
    assert faces[0].points.tolist() == np.arange(10.0, 20).reshape(5, 2).tolist()
    assert len(heard) == 1
    assert "non-commercial" in heard[0]


def test_a_pack_is_left_alone_when_the_embedded_detector_is_asked_for(pack):
    assert isinstance(find_detector("embedded"), BlazeFace)
