"""The pictures of the page show what they should where they should."""

from __future__ import annotations

import base64

import cv2
import numpy as np

from studio import pictures
from synctalkface.person import Person


def test_a_face_gets_a_box_and_a_number_and_the_rest_stays() -> None:
    picture = np.full((200, 300, 3), 90, np.uint8)
    drawn = pictures.numbered(picture, [Person(1, (100, 50, 180, 150), 0.0, 1.0), Person(2, None, 4.0, 1.0)])
    changed = (drawn != picture).any(2)
    assert changed[50:150, 100:180].any()
    assert not changed[:45].any()
    assert not changed[:, 190:].any()
    assert not changed[85:140, 110:170].any()  # the face itself can be seen


def test_a_large_picture_is_brought_to_the_page_with_its_boxes() -> None:
    drawn = pictures.numbered(np.zeros((1080, 1920, 3), np.uint8), [Person(1, (960, 540, 1400, 1000), 0.0, 1.0)])
    assert drawn.shape == (540, 960, 3)
    assert drawn[:265].max() == 0
    assert drawn[270:500, 480:700].max() == 255


def test_the_addresses_of_each_moment_are_dark_where_they_are_used() -> None:
    times = (np.arange(20) + 0.5) / 10  # two seconds
    weights = np.zeros((20, 4), np.float32)
    weights[:12, 2] = weights[12:, 0] = 1  # slot 2 until 1.2 s, then slot 0
    drawn = pictures.addresses(times, weights, np.sin(np.arange(32_000) / 20).astype(np.float32), 16_000)
    left, right = 64 + 200, 64 + 800  # 0.44 s and 1.78 s
    first, second = 30 + 4, 30 + 14 + 4  # the rows of slots 2 and 0: the most used is first
    assert drawn[first, left].sum() < 200 < 700 < drawn[first, right].sum()
    assert drawn[second, right].sum() < 200 < 700 < drawn[second, left].sum()


def test_a_picture_as_html_holds_the_picture_and_words_for_it() -> None:
    picture = np.random.default_rng(0).integers(0, 256, (20, 30, 3), dtype=np.uint8)
    shown = pictures.as_html(picture, 'a "face" & more', wide=True)
    data = base64.b64decode(shown.split("base64,")[1].split('"')[0])
    decoded = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    assert decoded is not None
    assert (decoded[..., ::-1] == picture).all()
    assert 'alt="a &quot;face&quot; &amp; more"' in shown
