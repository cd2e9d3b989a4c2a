"""Two processes that share every batch train the net that one trains; and whoever does not come is missed."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file

from synctalkface.cli.main import answer
from synctalkface.errors import TrainingError
from synctalkface.training import checkpoint, journal
from synctalkface.training.crew import Crew
from synctalkface.training.muster import mustered

SCRIPT = Path(__file__).parent / "shared_run.py"
CPU = torch.device("cpu")
LAUNCHERS = ("WORLD_SIZE", "LOCAL_WORLD_SIZE", "RANK", "LOCAL_RANK", "MASTER_ADDR", "MASTER_PORT", "ACCELERATE_USE_CPU")


@pytest.fixture
def no_launcher(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in LAUNCHERS:
        monkeypatch.delenv(name, raising=False)


def run(*command: str) -> None:
    environment = {name: value for name, value in os.environ.items() if name not in LAUNCHERS}
    environment |= {"OMP_NUM_THREADS": "1", "PYTHONPATH": str(SCRIPT.parents[2])}
    done = subprocess.run([sys.executable, *command], env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-3000:]


@pytest.fixture(scope="module")
def two_and_one(tiny_data: Path, tiny_weights: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """The folders of the same runs, by two processes and by one."""
    pytest.importorskip("accelerate", reason="more than one process needs the package accelerate")
    two, one = tmp_path_factory.mktemp("two"), tmp_path_factory.mktemp("one")
    torchrun = ["-m", "torch.distributed.run", "--standalone", "--nproc_per_node", "2"]
    run(*torchrun, str(SCRIPT), str(tiny_data), str(tiny_weights), str(two))
    run(str(SCRIPT), str(tiny_data), str(tiny_weights), str(one))
    return two, one


def rows(folder: Path, kind: str) -> list[dict[str, Any]]:
    timed = {"kind", "frames_per_second", "share_of_peak", "peak_tflops"}
    return [{k: v for k, v in r.items() if k not in timed} for r in journal.read(folder) if r["kind"] == kind]


@pytest.mark.parametrize("which", ["generator", "syncnet"])
def test_two_processes_come_and_say_so(two_and_one: tuple[Path, Path], which: str) -> None:
    assert [rows(folder / which, "start")[0]["processes"] for folder in two_and_one] == [2, 1]


@pytest.mark.parametrize("which", ["generator", "syncnet"])
def test_every_term_of_every_step_is_that_of_one_process(two_and_one: tuple[Path, Path], which: str) -> None:
    two, one = (rows(folder / which, "train") for folder in two_and_one)
    assert len(two) == len(one) == 4
    for mine, theirs in zip(two, one, strict=True):
        assert mine == pytest.approx(theirs, rel=2e-3), mine["step"]


@pytest.mark.parametrize("which", ["generator", "syncnet"])
def test_weights_statistics_and_moments_are_those_of_one_process(two_and_one: tuple[Path, Path], which: str) -> None:
    two, one = (load_file(folder / which / checkpoint.NAME) for folder in two_and_one)
    assert two.keys() == one.keys()
    for name, tensor in one.items():
        size = float(tensor.float().abs().max())
        error = float((two[name].float() - tensor.float()).abs().mean())
        assert error <= 4e-2 * size + 1e-7, name  # float32: moments are sums of nearly cancelling gradients


def test_the_held_out_clips_get_the_same_scores(two_and_one: tuple[Path, Path]) -> None:
    two, one = (rows(folder / "generator", "evaluate")[-1] for folder in two_and_one)
    assert two == pytest.approx(one, rel=5e-3, abs=5e-3)
    assert all(len(list((folder / "generator" / "samples").iterdir())) == 1 for folder in two_and_one)


@pytest.mark.usefixtures("no_launcher")
def test_one_process_where_two_were_asked_for_is_an_error() -> None:
    with (
        pytest.raises(
            TrainingError, match=r"2 processes were asked for and 1 came\. Start them with torchrun: torchrun"
        ),
        mustered(CPU, 2),
    ):
        pass


@pytest.mark.usefixtures("no_launcher")
@pytest.mark.parametrize("what", ["syncnet", "generator", "recipe"])
def test_the_command_line_counts_who_came(tmp_path: Path, capsys: pytest.CaptureFixture[str], what: str) -> None:
    command = ["train", what, "--data", str(tmp_path), "--out", str(tmp_path / "run"), "--device", "cpu"]
    assert answer([*command, "--processes", "2"]) == 2
    assert "2 processes were asked for and 1 came" in capsys.readouterr().err
    assert not (tmp_path / "run").exists()


def test_a_launcher_that_silently_started_one_is_an_error(monkeypatch: pytest.MonkeyPatch, no_launcher: None) -> None:
    monkeypatch.setenv("ACCELERATE_USE_CPU", "True")  # what `accelerate launch --cpu --num_processes 2` leaves
    monkeypatch.setenv("MASTER_ADDR", "127.0.0.1")
    with pytest.raises(TrainingError, match="asked for several processes and started one"), mustered(CPU):
        pass


@pytest.mark.usefixtures("no_launcher")
def test_without_a_launcher_one_process_trains_alone() -> None:
    with mustered(CPU) as crew:
        assert (crew.rank, crew.size, crew.first) == (0, 1, True)


def test_more_processes_than_gpus_are_refused(monkeypatch: pytest.MonkeyPatch, no_launcher: None) -> None:
    monkeypatch.setenv("WORLD_SIZE", "2")
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    with (
        pytest.raises(TrainingError, match="2 processes were started on a machine with 1 GPUs"),
        mustered(torch.device("cuda")),
    ):
        pass


def test_a_batch_that_cannot_be_shared_evenly_is_refused() -> None:
    assert [Crew(rank, 2).share(8, "x") for rank in (0, 1)] == [slice(0, 4), slice(4, 8)]
    with pytest.raises(TrainingError, match=r"training\.windows is 8, which 3 processes cannot share evenly"):
        Crew(0, 3).share(8, "training.windows")
