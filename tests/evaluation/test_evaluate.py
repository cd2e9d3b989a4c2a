"""A model scored from end to end: filmed rows are perfect, held mouths stand still, the files tell all of it."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from synctalkface.cli.main import answer
from synctalkface.config import preset
from synctalkface.errors import ConfigError, DataError
from synctalkface.evaluation.evaluate import Evaluation, evaluate
from synctalkface.evaluation.fid import Gallery
from synctalkface.evaluation.scores import DUBBED, FILMED, HELD, OTHER, SILENT, Row, leak, mean
from synctalkface.evaluation.take import Take, each, takes

WORDS = """speaker\tclip\tstart_s\tend_s\tword
ann\tmorning\t0.1\t0.4\tset
ann\tmorning\t0.4\t0.7\tblue
cleo\tmorning\t0.1\t0.4\tset
cleo\tmorning\t0.4\t0.7\tblue
{validating}\t0.1\t0.4\tset
{validating}\t0.4\t0.7\tblue
"""


@pytest.fixture(scope="module")
def take(tiny_data: Path) -> Take:
    config = preset("tiny")
    return next(each(tiny_data, takes(tiny_data, "train", config), config))


@pytest.fixture(scope="module")
def evaluation(tiny_data: Path, tiny_weights: Path, tmp_path_factory: pytest.TempPathFactory) -> Evaluation:
    names = [entry.identifier for entry in takes(tiny_data, "validation", preset("tiny"))]
    table = tmp_path_factory.mktemp("words") / "words.tsv"
    table.write_text(WORDS.format(validating=names[0].replace("-", "\t", 1)), encoding="utf-8")
    return evaluate(tiny_data, tiny_weights, word_times=table, device="cpu")


def test_filmed_clips_are_perfect_and_the_versions_are_told_apart(evaluation: Evaluation) -> None:
    means = evaluation.means
    assert means[FILMED].ssim == 1
    assert means[FILMED].lmd == 0
    assert means[HELD].psnr is not None
    assert means[DUBBED].psnr is not None
    assert means[HELD].psnr > means[DUBBED].psnr  # the weights are random: the first frame's mouth is far better
    assert means[DUBBED].lmd is not None
    assert means[DUBBED].lmd > 0
    assert means[OTHER].lse_d is not None
    assert means[OTHER].psnr is None
    assert means[FILMED].sharpness == 1
    assert means[DUBBED].sharpness is not None
    assert means[HELD].sharpness == pytest.approx(1, abs=0.5)


def test_a_mouth_that_is_held_moves_less_than_a_filmed_one(evaluation: Evaluation) -> None:
    for rows in evaluation.clips.values():
        held, filmed = rows[HELD].movement, rows[FILMED].movement
        assert held is not None
        assert filmed is not None
        assert held < filmed


def test_words_are_counted_in_both_versions(evaluation: Evaluation) -> None:
    assert evaluation.intelligibility is not None
    assert evaluation.intelligibility.words == 2
    assert evaluation.intelligibility.chance == 0.5


def test_new_mouths_are_put_into_the_lower_half_and_nowhere_else(take: Take) -> None:
    size, edge = take.size, take.edge
    red = torch.zeros(len(take.stored), 3, size // 2, size)
    red[:, 0] = 1
    changed = take.with_mouths(red)
    assert (take.inner(changed)[:, size // 2 :] == [255, 0, 0]).all()
    kept = changed.copy()
    kept[:, edge + size // 2 : edge + size, edge : edge + size] = take.stored[
        :, edge + size // 2 : edge + size, edge : edge + size
    ]
    assert (kept == take.stored).all()
    assert (take.inner(take.held())[:, size // 2 :] == take.filmed[take.clip.references().closed, size // 2 :]).all()


def test_the_silence_leak_is_what_silence_keeps_of_the_movement() -> None:
    rows = {SILENT: Row(movement=0.3), DUBBED: Row(movement=0.5), HELD: Row(movement=0.1)}
    assert leak(rows) == pytest.approx(0.5)
    assert leak({**rows, SILENT: Row(movement=0.05)}) == 0
    assert leak({**rows, DUBBED: Row(movement=0.1)}) is None


def test_a_mean_leaves_out_what_does_not_apply() -> None:
    assert mean([Row(psnr=30.0), Row(psnr=20.0), Row(psnr=float("inf")), Row()]) == Row(psnr=25.0)


def test_one_command_writes_json_and_a_table(
    tiny_data: Path, tiny_weights: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "scores"
    command = ["evaluate", "--data", str(tiny_data), "--weights", str(tiny_weights), "--limit", "1", "--out", str(out)]
    assert answer(command) == 0
    assert "| dubbed |" in capsys.readouterr().out
    data = json.loads((out / "scores.json").read_text(encoding="utf-8"))
    assert np.isfinite(data["means"]["dubbed"]["psnr"])
    table = (out / "scores.md").read_text(encoding="utf-8")
    assert all(heading in table for heading in ("PSNR ↑", "PSNR, wrapped", "SSIM", "LMD", "LSE-D", "LSE-C", "offset"))
    assert "our own SyncNet" in table


def test_fid_gets_every_fifth_filmed_and_dubbed_crop(take: Take, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: dict[str, object] = {}

    def calculate_metrics(**given: object) -> dict[str, float]:
        asked.update(given)
        return {"frechet_inception_distance": 12.5}

    monkeypatch.setitem(sys.modules, "torch_fidelity", SimpleNamespace(calculate_metrics=calculate_metrics))
    gallery = Gallery()
    gallery.add(take, take.held())
    assert gallery.distance() == 12.5
    for name, crops in (("input1", take.inner(take.held())), ("input2", take.filmed)):
        images = asked[name]
        assert isinstance(images, torch.utils.data.Dataset)
        assert (images[1].movedim(0, -1).numpy() == crops[5]).all()


def test_without_its_package_fid_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torch_fidelity", None)
    with pytest.raises(ConfigError, match=r"synctalkface\[fid\]"):
        Gallery()


def test_a_split_without_clips_is_a_sentence(tiny_data: Path, tiny_weights: Path) -> None:
    with pytest.raises(DataError, match="no clip of the split 'test'"):
        evaluate(tiny_data, tiny_weights, "test", device="cpu")
