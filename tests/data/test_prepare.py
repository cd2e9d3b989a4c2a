"""A corpus becomes packed clips; what cannot train is left out and counted by its reason; a second call goes on."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from synctalkface import hub
from synctalkface.config import AudioConfig
from synctalkface.data import manifest, pack
from synctalkface.data.offsets import measure_all
from synctalkface.data.prepare import prepare, summary
from synctalkface.errors import DataError, OutputError
from synctalkface.events import Event, Progress
from synctalkface.faces.mesh import LIPS_INNER, LIPS_OUTER
from synctalkface.faces.track import rows
from synctalkface.video import probe

MakeMedia = Callable[..., Path]
LOSSLESS = ("-c:v", "libx264", "-preset", "ultrafast", "-crf", "10", "-c:a", "flac")


@pytest.fixture
def flawed(make_media: MakeMedia, sample_face: Path, tmp_path: Path, tiny_corpus: Path) -> Path:
    """A folder with one good clip and one of every kind that cannot train."""
    folder = tmp_path / "films" / "ann"
    folder.mkdir(parents=True)
    face = ("-ss", "1", "-i", str(sample_face))
    tone = ("-f", "lavfi", "-i", "sine=440:sample_rate=16000")
    made = (
        make_media(
            "silent.mkv", *face, "-f", "lavfi", "-i", "anullsrc", "-map", "0:v", "-map", "1", "-t", "0.6", *LOSSLESS
        ),
        make_media("faceless.mkv", "-f", "lavfi", "-i", "testsrc=s=160x120:r=25", *tone, "-t", "0.6", *LOSSLESS),
        make_media("short.mkv", *face, "-t", "0.2", *LOSSLESS),
        make_media("soundless.mkv", *face, "-an", "-t", "0.6", "-preset", "ultrafast"),
        make_media("far.mkv", *face, "-vf", "scale=90:72,pad=360:288:90:90", "-t", "0.6", *LOSSLESS),
        make_media("hidden.mkv", *face, "-vf", "drawbox=color=gray:t=fill:enable='gt(n,8)'", "-t", "1", *LOSSLESS),
    )
    for path in made:
        path.rename(folder / path.name)
    (folder / "letter.mp4").write_text("This is no video.")
    shutil.copy(tiny_corpus / "ann" / "morning.mkv", folder / "good.mkv")
    return folder.parent


def test_each_clip_that_cannot_train_is_counted_by_its_reason(flawed: Path, tmp_path: Path) -> None:
    summary = prepare(flawed, tmp_path / "out")
    book = manifest.load(tmp_path / "out")
    assert book.rejected == {
        "ann-silent": "silent",
        "ann-faceless": "no face",
        "ann-short": "too short",
        "ann-soundless": "unreadable",
        "ann-far": "face too small",
        "ann-hidden": "face lost",
        "ann-letter": "unreadable",
    }
    assert list(book.entries) == ["ann-good"]
    assert summary.clips == 1
    assert summary.rejected == book.reasons()
    assert "1 clips, 30 frames; left out: 2 unreadable" in summary.sentence()


def test_a_pack_holds_the_face_upright_and_in_its_place(tiny_data: Path, tiny_corpus: Path) -> None:
    entry = manifest.load(tiny_data).entries["ann-morning"]
    packed = pack.load(tiny_data / entry.file)
    assert packed.crops.shape == (30, 160, 160, 3)
    assert (entry.frames, entry.frame_rate, entry.speaker, entry.split) == (30, 25.0, "ann", "train")
    np.testing.assert_array_equal(packed.centres, probe(tiny_corpus / "ann" / "morning.mkv").clock.centres)
    lips = packed.landmarks[:, rows(LIPS_OUTER + LIPS_INNER)].mean(1)  # (F, 2) crop units
    np.testing.assert_allclose(lips, np.full((30, 2), (0.5, 0.67)), atol=0.06)
    assert len(packed.waveform) == pytest.approx(1.2 * AudioConfig().sample_rate, abs=0.05 * 16_000)
    assert np.abs(packed.waveform).max() > 0.01


def test_a_second_call_does_only_what_is_missing(tiny_data: Path, tiny_corpus: Path, tmp_path: Path) -> None:
    folder = tmp_path / "data"
    shutil.copytree(tiny_data, folder)
    lost = folder / "ann-evening.safetensors"
    content = lost.read_bytes()
    lost.unlink()
    kept = {path.name: path.stat().st_mtime_ns for path in folder.glob("*.safetensors")}
    heard: list[Event] = []
    summary = prepare(tiny_corpus, folder, listener=heard.append)
    assert [(e.done, e.total) for e in heard if isinstance(e, Progress)] == [(4, 4)]
    assert lost.read_bytes() == content
    assert {name: (folder / name).stat().st_mtime_ns for name in kept} == kept
    assert summary.clips == 4
    assert not list(folder.glob("*.part"))


def test_two_processes_prepare_what_one_prepares(tiny_data: Path, tiny_corpus: Path, tmp_path: Path) -> None:
    prepare(tiny_corpus, tmp_path / "data", workers=2)
    assert manifest.load(tmp_path / "data") == manifest.load(tiny_data)
    for path in tiny_data.iterdir():
        assert (tmp_path / "data" / path.name).read_bytes() == path.read_bytes()


def test_a_corpus_without_one_usable_clip_is_refused_with_the_reasons(tmp_path: Path) -> None:
    (tmp_path / "films").mkdir()
    (tmp_path / "films" / "letter.mp4").write_text("This is no video.")
    with pytest.raises(DataError, match=r"No clip of .*films can train: .*unreadable"):
        prepare(tmp_path / "films", tmp_path / "out")


def test_a_folder_that_cannot_be_made_is_said_to_be_so(tiny_corpus: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(OutputError, match=r"cannot be made .* Choose another one"):
        prepare(tiny_corpus, tmp_path / "file" / "out")


LRS2_LISTS = {"train.txt": "1/00001", "val.txt": "1/00002", "test.txt": "2/00001 NF", "pretrain.txt": "1/00001"}
LAYOUTS = {
    "grid": ["s1/a.mkv", "s3/a.mkv", "s2/a.mkv"],
    "lrs2": [f"mvlrs_v1/{clip}.mp4" for clip in ("main/1/00001", "main/1/00002", "main/2/00001", "pretrain/1/00001")],
    "lrw": [f"lipread_mp4/ABOUT/{part}/ABOUT_00001.mp4" for part in ("train", "val", "test")],
    "folder": ["ann/kitchen/a.mkv", "alone.mkv"],
}


@pytest.mark.parametrize("corpus", LAYOUTS)
def test_every_published_layout_can_be_prepared(tmp_path: Path, short_take: Path, corpus: str) -> None:
    tree = tmp_path / "tree"
    for name in LAYOUTS[corpus]:
        (tree / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(short_take, tree / name)
    if corpus == "lrs2":
        for name, line in LRS2_LISTS.items():
            (tree / "mvlrs_v1" / name).write_text(line + "\n")
    assert prepare(tree, tmp_path / "out", corpus).clips == len(LAYOUTS[corpus])
    book = manifest.load(tmp_path / "out")
    wanted = {"train", "validation", "test"} if corpus in ("lrs2", "lrw") else {"train"}
    assert wanted <= {entry.split for entry in book.entries.values()}
    assert all((tmp_path / "out" / entry.file).is_file() for entry in book.entries.values())


@pytest.fixture
def short_take(make_media: MakeMedia, sample_face: Path, tmp_path: Path) -> Path:
    """Half a second of the sample, in the codecs of LRS2 and LRW."""
    return make_media("take.mp4", "-ss", "1", "-i", str(sample_face), "-t", "0.5", "-c:v", "libx264", "-c:a", "aac")


def test_clips_without_clear_sync_are_left_out_counted_and_taken_back(
    tiny_data: Path, tiny_weights: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "data"
    shutil.copytree(tiny_data, folder)
    net, config = hub.load_syncnet(tiny_weights), hub.load_config(tiny_weights)
    assert measure_all(folder, net, config, least=0.0) == 4
    confidences = sorted(entry.confidence or 0.0 for entry in manifest.load(folder).entries.values())
    between = (confidences[1] + confidences[2]) / 2
    assert measure_all(folder, net, config, least=between) == 0  # nothing is measured twice
    held = summary(folder)
    assert (held.clips, held.rejected) == (2, {"sync unclear": 2})
    assert "left out: 2 sync unclear" in held.sentence()
    with pytest.raises(DataError, match=r"In no clip of .*data do lips and sound belong together .* Lower it"):
        measure_all(folder, net, config, least=99.0)
    measure_all(folder, net, config, least=0.0)
    assert summary(folder).clips == 4


def test_ray_prepares_what_one_process_prepares(tiny_data: Path, tiny_corpus: Path, tmp_path: Path) -> None:
    pytest.importorskip("ray", reason="prepare --ray needs the package ray")
    out = tmp_path / "data"
    # in a process of its own: Ray leaves threads and warnings behind
    code = (
        "import sys; from pathlib import Path; from synctalkface.data.prepare import prepare; "
        "source, out = map(Path, sys.argv[1:3]); assert prepare(source, out, ray='local').clips == 4"
    )
    environment = {**os.environ, "RAY_USAGE_STATS_ENABLED": "0", "PYTHONPATH": str(Path(__file__).parents[2])}
    command = [sys.executable, "-c", code, str(tiny_corpus), str(out)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    assert manifest.load(out) == manifest.load(tiny_data)
    for path in tiny_data.iterdir():
        assert (out / path.name).read_bytes() == path.read_bytes()


def test_without_the_package_ray_one_sentence_says_how_to_get_it(
    tiny_corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(DataError, match=r"package ray is missing\. Install it: pip install 'synctalkface\[ray\]'"):
        prepare(tiny_corpus, tmp_path / "out", ray="local")
