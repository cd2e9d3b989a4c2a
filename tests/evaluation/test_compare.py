"""The comparison: rows are true, nothing is measured twice, what is stale goes, and the files are whole."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from synctalkface import hub
from synctalkface.cli.main import answer
from synctalkface.config import preset
from synctalkface.data import manifest
from synctalkface.data.redraw import redraw
from synctalkface.errors import DataError, OutputError, WeightsError
from synctalkface.evaluation.bench import Job, score_all
from synctalkface.evaluation.compare import NOTEBOOK, Comparison, compare
from synctalkface.evaluation.contest import ADAPTED, BASE, COPY, NO_MEMORY, TRUTH, UNADAPTED, Contestant
from synctalkface.evaluation.results import JSON, MARKDOWN, Line
from synctalkface.evaluation.scores import Sitting
from synctalkface.evaluation.take import each, takes
from synctalkface.faces.lip_reader import LipReader
from synctalkface.faces.mesh import MOUTH_CORNERS
from synctalkface.faces.track import rows
from synctalkface.models.generator import SyncTalkFace, for_use

Compare = Callable[..., Comparison]


def paler(weights: Path, share: float, out: Path) -> None:
    """Copy `weights` to the folder `out`; their drawing is a `share` of what it was."""
    shutil.copytree(weights, out)
    model = hub.load_generator(out)
    with torch.no_grad():
        model.decoder.head.weight.mul_(share)
    hub.save_module(model, preset("tiny"), out, hub.GENERATOR)


@pytest.fixture
def compared(tiny_data: Path, tiny_weights: Path) -> Compare:
    """A function (folder, contestants) that compares the tiny model, into docs/ and runs/ of the folder."""

    def run(folder: Path, *contestants: Contestant, weights: Path = tiny_weights, **more: object) -> Comparison:
        out, runs = folder / "docs", folder / "runs"
        return compare(tiny_data, out, list(contestants), runs=runs, weights=weights, device="cpu", **more)  # type: ignore[arg-type]

    return run


@pytest.fixture(scope="module")
def measured(tiny_data: Path, tiny_weights: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which a comparison was written. Read only."""
    folder = tmp_path_factory.mktemp("comparison")
    compare(tiny_data, folder / "docs", [], runs=folder / "runs", weights=tiny_weights, device="cpu")
    return folder


@pytest.fixture
def folder(measured: Path, tmp_path: Path) -> Path:
    """A copy of `measured`, to be changed."""
    return Path(shutil.copytree(measured, tmp_path / "copy"))


@pytest.fixture(scope="module")
def deaf(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The weights of a tiny model without a memory."""
    from synctalkface.training.ablations import ablate

    folder, config = tmp_path_factory.mktemp("deaf") / NO_MEMORY, ablate(preset("tiny"), NO_MEMORY)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(1)
        hub.save_module(SyncTalkFace(config), config, folder, hub.GENERATOR)
    return folder


def rows_of(folder: Path) -> list[dict[str, object]]:
    rows: list[dict[str, object]] = json.loads((folder / "docs" / JSON).read_text(encoding="utf-8"))["rows"]
    return rows


def only(comparison: Comparison, model: str) -> Line:
    [found] = [line for line in comparison.lines if line.model == model]
    return found


def test_the_filmed_row_is_perfect_and_every_row_has_the_papers_scores(measured: Path, tiny_data: Path) -> None:
    rows = json.loads((measured / "docs" / JSON).read_text(encoding="utf-8"))["rows"]
    assert [(r["set"], r["model"]) for r in rows] == [("validation", model) for model in (TRUTH, COPY, BASE)]
    assert all({"psnr", "ssim", "lmd", "lse_d", "lse_c", "steps", "clips"} <= r.keys() for r in rows)
    filmed, copy, base = rows
    assert (filmed["psnr"], filmed["ssim"], filmed["lmd"]) == (None, 1, 0)
    assert copy["psnr"] > base["psnr"]  # the weights are random
    assert base["wrong_lmd"] > 0
    assert 1 <= base["slots"] <= base["slots_of"] == 12
    assert list(base["by_clip"]) == [entry.identifier for entry in takes(tiny_data, "validation", preset("tiny"))]
    page = (measured / "docs" / MARKDOWN).read_text(encoding="utf-8")
    assert f"| **base, as shipped** | 20 | {base['psnr']:.2f} |" in page


def test_what_was_measured_is_kept_by_row_and_by_clip(folder: Path, compared: Compare) -> None:
    before = (folder / "docs" / JSON).read_bytes()
    assert compared(folder).measured == 0
    shutil.rmtree(folder / "runs")  # as after a clone
    assert compared(folder).measured == 0
    assert (folder / "docs" / JSON).read_bytes() == before


def test_a_comparison_that_was_stopped_goes_on(folder: Path, compared: Compare) -> None:
    before = (folder / "docs" / JSON).read_bytes()
    (folder / "docs" / JSON).unlink()
    notes = folder / "runs" / NOTEBOOK
    notes.write_text(notes.read_text(encoding="utf-8")[:-30], encoding="utf-8")  # cut off within the last line
    assert compared(folder).measured == 1
    assert (folder / "docs" / JSON).read_bytes() == before
    (folder / "docs" / JSON).unlink()
    assert compared(folder).measured == 0  # the line after the torn one can be read


def test_other_weights_are_measured_anew_and_a_run_that_is_gone_keeps_its_row(
    folder: Path, compared: Compare, tiny_weights: Path, deaf: Path, tmp_path: Path
) -> None:
    both = compared(folder, Contestant(NO_MEMORY, deaf, 20))
    assert only(both, NO_MEMORY).slots is None
    changed = Path(shutil.copytree(tiny_weights, tmp_path / "changed"))
    model = hub.load_generator(changed)
    with torch.no_grad():
        model.decoder.head.weight.mul_(0.5)
    hub.save_module(model, preset("tiny"), changed, hub.GENERATOR)
    after = compared(folder, weights=changed)
    assert after.measured == 2
    assert only(after, BASE).psnr != only(both, BASE).psnr
    assert only(after, COPY) == only(both, COPY)
    assert only(after, NO_MEMORY) == only(both, NO_MEMORY)


def test_another_judge_makes_every_row_stale(
    folder: Path, compared: Compare, tiny_weights: Path, tmp_path: Path
) -> None:
    from synctalkface.models.syncnet import SyncNet

    changed = Path(shutil.copytree(tiny_weights, tmp_path / "changed"))
    hub.save_module(SyncNet(preset("tiny")), preset("tiny"), changed, hub.SYNCNET)
    assert compared(folder, weights=changed, limit=1).measured == 1


def test_adapted_weights_are_scored_on_second_halves_beside_those_they_began_with(
    tmp_path: Path, compared: Compare, tiny_data: Path, tiny_weights: Path
) -> None:
    asked: list[str] = []

    def adapter(data: Path, entry: manifest.Entry, second: bool, seed: int, out: Path) -> None:
        asked.append(entry.identifier)
        shutil.copytree(tiny_weights, out)

    wild = {"wild": tiny_data, "limit": 2}
    found = compared(tmp_path, adapter=adapter, recipe="none", **wild)
    halves = {line.model: line for line in found.lines if line.part == "second-half"}
    assert {line.set for line in halves.values()} == {"wild"}
    assert len(asked) == 2
    assert halves[ADAPTED].psnr == halves[UNADAPTED].psnr
    assert halves[ADAPTED].by_clip == halves[UNADAPTED].by_clip
    [claim] = [c for c in found.claims if "every clip of wild" in c.claim]
    assert claim.holds is False  # equal is not better
    assert compared(tmp_path, adapter=adapter, recipe="none", **wild).measured == 0
    assert {line.model for line in compared(tmp_path, **wild).lines} >= {ADAPTED, UNADAPTED}
    assert len(asked) == 2
    assert compared(tmp_path, adapter=adapter, recipe="another", **wild).measured == 2
    assert "### As a dub shows it: the second half of the clip, adapted to the first" in (
        tmp_path / "docs" / MARKDOWN
    ).read_text(encoding="utf-8")


def test_of_faces_never_seen_each_half_is_scored_with_weights_that_saw_the_other(
    tmp_path: Path, compared: Compare, tiny_data: Path, tiny_weights: Path
) -> None:
    data = Path(shutil.copytree(tiny_data, tmp_path / "data"))
    listed = (data / manifest.NAME).read_text(encoding="utf-8")
    (data / manifest.NAME).write_text(listed.replace('"train"', '"test"'), encoding="utf-8")
    asked: list[bool] = []

    def adapter(data: Path, entry: manifest.Entry, second: bool, seed: int, out: Path) -> None:
        asked.append(second)
        paler(tiny_weights, 0.5 if second else 1.0, out)  # what saw the first half draws as before

    found = compare(data, tmp_path, [], runs=tmp_path, weights=tiny_weights, adapter=adapter, limit=1, device="cpu")
    lines = {line.model: line for line in found.lines if line.set == "test-faces" and line.part == "halves"}
    assert sorted(asked) == [False, True]
    [entry] = takes(data, "test", preset("tiny"), 1)
    config = preset("tiny")
    [take] = each(data, [entry], config)
    model, frames = for_use(hub.load_generator(tiny_weights)), len(take.stored)
    scores = []
    for part in (slice(0, frames // 2), slice(frames // 2, frames)):
        other = take.clip.part(frames // 2) if part.start == 0 else take.clip.part(0, frames // 2)
        lent = take.clips.faces(other)[list(other.references())]
        drawn = take.with_mouths(redraw(model, take.clips, take.clip, None, lent, other.articulation()).picture)
        half = take.part(part)
        scores.append(Sitting(half, None, LipReader()).row(half.as_dubbed(drawn[part])).psnr)
    assert lines[UNADAPTED].psnr == pytest.approx(np.mean(scores), abs=1e-3)
    assert lines[ADAPTED].psnr != lines[UNADAPTED].psnr
    assert "### As a dub shows it: each half of the clip" in (tmp_path / MARKDOWN).read_text(encoding="utf-8")


def test_a_half_is_scored_as_if_the_clip_began_there(tiny_data: Path) -> None:
    config = preset("tiny")
    [take] = each(tiny_data, takes(tiny_data, "train", config, 1), config)
    late = take.part(slice(12, None))
    assert (late.filmed == take.filmed[12:]).all()
    sitting = Sitting(late, None, LipReader())
    row = sitting.row(take.held()[12:])
    error = (take.inner(take.held())[12:] / 255 - take.filmed[12:] / 255) ** 2
    assert row.psnr == pytest.approx(-10 * np.log10(error.mean()), abs=1e-3)
    assert sitting.row(late.stored).lmd == 0


def test_a_dub_shows_what_is_drawn_around_the_mouth_and_nothing_else_of_it(tiny_data: Path) -> None:
    config = preset("tiny")
    [take] = each(tiny_data, takes(tiny_data, "train", config, 1), config)
    white = np.full_like(take.stored, 255)
    for frames in (slice(0, None), slice(12, None)):
        part = take.part(frames)
        filmed, shown = part.filmed, part.inner(part.as_dubbed(white[frames]))
        size = config.face.size
        assert (shown[:, : size // 2] == filmed[:, : size // 2]).all(), "above the tip of the nose"
        assert (shown[:, :, 0] == filmed[:, :, 0]).all(), "beside the face"
        lips = np.rint(part.landmarks[:, rows(MOUTH_CORNERS)].mean(1) * size).astype(int)
        assert all((picture[y, x] == 255).all() for picture, (x, y) in zip(shown, lips, strict=True))
        assert (part.as_dubbed(part.stored) == part.stored).all()
        assert (part.stored[..., 0] != 255).any(), "the filmed clip is not written to"


def test_processes_come_to_the_same_scores(tiny_data: Path, tiny_weights: Path) -> None:
    entries = takes(tiny_data, "train", preset("tiny"))
    job = Job(tiny_data, entries[0], entries[-1], [Contestant(COPY), Contestant(BASE, tiny_weights)], ["a", "b"])
    [[here_copy, here]] = score_all([job], tiny_weights, torch.device("cpu"))
    [[there_copy, there]] = score_all([job], tiny_weights, torch.device("cpu"), workers=2)
    assert there_copy.own.lmd == here_copy.own.lmd
    assert there.own.psnr == pytest.approx(here.own.psnr, abs=1e-3)
    assert there.own.lse_d == pytest.approx(here.own.lse_d, abs=1e-4)


def test_one_command_takes_the_runs_that_are_done(
    folder: Path, tiny_data: Path, tiny_weights: Path, deaf: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(deaf, folder / "runs" / NO_MEMORY)
    command = ["compare", "--data", str(tiny_data), "--weights", str(tiny_weights), "--device", "cpu"]
    command += ["--out", str(folder / "docs"), "--runs", str(folder / "runs")]
    (folder / "runs" / NO_MEMORY / "log.jsonl").write_text('{"kind": "train", "step": 10}\n', encoding="utf-8")
    assert answer(command) == 0
    assert "trained for 10 of 20 steps" in capsys.readouterr().err
    assert [row["model"] for row in rows_of(folder)] == [TRUTH, COPY, BASE]
    (folder / "runs" / NO_MEMORY / "log.jsonl").write_text('{"kind": "evaluate", "step": 20}\n', encoding="utf-8")
    assert answer(command) == 0
    assert "does not hold" in capsys.readouterr().out
    assert [row["model"] for row in rows_of(folder)] == [TRUTH, COPY, NO_MEMORY, BASE]


def test_bad_input_is_a_sentence_and_leaves_the_files_alone(
    folder: Path, compared: Compare, deaf: Path, tmp_path: Path
) -> None:
    before = (folder / "docs" / JSON).read_bytes()
    with pytest.raises(WeightsError, match="No sync expert"):
        compared(folder, weights=deaf)
    with pytest.raises(DataError, match="no prepared clips"):
        compared(folder, wild=tmp_path)
    assert (folder / "docs" / JSON).read_bytes() == before
    (tmp_path / "docs").write_text("taken", encoding="utf-8")
    shutil.copytree(folder / "runs", tmp_path / "runs")
    with pytest.raises(OutputError, match="is not a folder"):
        compared(tmp_path)


def test_adapted_with_several_seeds_the_mean_is_scored(
    tmp_path: Path, compared: Compare, tiny_data: Path, tiny_weights: Path
) -> None:
    asked: list[tuple[str, int]] = []

    def score(recipe: str, *shares: float) -> float:
        def adapter(data: Path, entry: manifest.Entry, second: bool, seed: int, out: Path) -> None:
            asked.append((recipe, seed))
            paler(tiny_weights, shares[seed], out)

        found = compared(tmp_path, adapter=adapter, recipe=recipe, seeds=len(shares), wild=tiny_data, limit=1)
        lines = {line.model: line for line in found.lines if line.part == "second-half"}
        assert (lines[ADAPTED].seeds, lines[UNADAPTED].seeds) == (len(shares), None)
        return float(lines[ADAPTED].psnr or 0)

    whole, half = score("one", 1.0), score("other", 0.5)
    assert whole != half
    assert score("one", 1.0, 0.5) == pytest.approx((whole + half) / 2, abs=2e-4)
    assert asked == [("one", 0), ("other", 0), ("one", 1)]  # with no seed twice
    page = (tmp_path / "docs" / MARKDOWN).read_text(encoding="utf-8")
    assert "adapted to the first; adapted with 2 seeds, the mean" in page
