"""Tracks and shapes on the disk: read back exactly, keys written by hand understood, faults named."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from synctalkface.address import AddressTrack, load_shapes, read_track, save_shapes, write_track
from synctalkface.errors import ConfigError, WeightsError

SHAPES = {"closed": np.float32([1, 0, 0]), "wide": np.float32([0, 0.25, 0.75])}


def track() -> AddressTrack:
    rng = np.random.default_rng(5)
    weights = rng.dirichlet(np.ones(3), 4).astype(np.float32)
    return AddressTrack(np.arange(4) / 29.97 + 0.01, weights, np.float32([1, 0.3, 0, 1]))


@pytest.mark.parametrize("name", ["track.json", "track.csv"])
def test_what_is_read_is_bit_for_bit_what_was_written(tmp_path: Path, name: str) -> None:
    back = read_track(write_track(track(), tmp_path / name), 3, {})
    assert back.times.tobytes() == track().times.tobytes()
    assert back.weights.tobytes() == track().weights.tobytes()
    assert back.shares.tobytes() == track().shares.tobytes()
    assert [path.name for path in tmp_path.iterdir()] == [name]


def by_hand(folder: Path, *keys: dict[str, Any]) -> AddressTrack:
    path = folder / "hand.json"
    path.write_text(json.dumps({"format": 1, "keys": list(keys)}), encoding="utf-8")
    return read_track(path, 3, SHAPES)


def test_keys_by_hand_name_shapes_slots_and_mixtures_in_any_order(tmp_path: Path) -> None:
    made = by_hand(
        tmp_path,
        {"time": 2, "slots": {"0": 2, "2": 2}},
        {"time": 1, "shape": "wide", "share": 0.5},
        {"time": 3, "shapes": {"closed": 1, "wide": 1}},
    )
    assert made.times.tolist() == [1, 2, 3]
    assert made.shares.tolist() == [0.5, 1, 1]
    np.testing.assert_allclose(made.weights, [[0, 0.25, 0.75], [0.5, 0, 0.5], [0.5, 0.125, 0.375]])


def test_a_spreadsheet_may_name_shapes(tmp_path: Path) -> None:
    path = tmp_path / "hand.csv"
    path.write_text("time,shape,0,1,2\n0.5,closed,,,\n1.0,,0.5,0.5,0\n", encoding="utf-8")
    made = read_track(path, 3, SHAPES)
    assert made.weights.tolist() == [[1, 0, 0], [0.5, 0.5, 0]]


@pytest.mark.parametrize(
    ("key", "sentence"),
    [
        ({"time": 1, "shape": "widde"}, "Did you mean 'wide'"),
        ({"time": 1, "weights": [1, 0]}, "2 weights, the memory 3 slots"),
        ({"time": 1, "weights": [0.5, 0, 0]}, "sum to 0.5"),
        ({"time": 1, "slots": {"7": 1}}, "cannot be read"),
        ({"time": 1}, "one of weights, slots"),
        ({"time": 1, "shape": "wide", "slots": {"0": 1}}, "one of weights, slots"),
        ({"shape": "wide"}, "a time is missing"),
        ({"time": 1, "shape": "wide", "share": True}, "share"),
        ({"time": 1, "shape": "wide", "share": 2}, "between 0"),
        ({"time": float("nan"), "shape": "wide"}, "in time"),
    ],
)
def test_a_faulty_key_is_named(tmp_path: Path, key: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ConfigError, match=sentence):
        by_hand(tmp_path, key)


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"format": 1, "keys": [3]}', '{"format": 1, "keys": []}'])
def test_what_is_no_track_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "t.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError, match=r"t\.json"):
        read_track(path, 3, SHAPES)


def test_without_named_shapes_the_sentence_says_how_to_name_them(tmp_path: Path) -> None:
    path = tmp_path / "t.json"
    path.write_text('{"format": 1, "keys": [{"time": 0, "shape": "open"}]}', encoding="utf-8")
    with pytest.raises(ConfigError, match="atlas --name-shapes"):
        read_track(path, 3, {})


def test_shapes_lie_beside_their_weights_and_fit_them(tmp_path: Path) -> None:
    assert load_shapes(tmp_path, 3) == {}
    path = save_shapes(SHAPES, tmp_path)
    back = load_shapes(tmp_path, 3)
    assert {name: row.tolist() for name, row in back.items()} == {name: row.tolist() for name, row in SHAPES.items()}
    with pytest.raises(WeightsError, match="no address of 4 slots"):
        load_shapes(tmp_path, 4)
    path.write_bytes(b"nothing")
    with pytest.raises(WeightsError, match="damaged"):
        load_shapes(tmp_path, 3)
