"""The benchmark compares with what it says: a pipeline of the published size, and the same encoder settings."""

from __future__ import annotations

import argparse
import json
import resource
from pathlib import Path

import pytest

from benchmarks import dub as benchmark
from benchmarks.plain import Detector, Generator, cost
from synctalkface.video import probe
from synctalkface.video.write import VideoWriter


def test_the_plain_pipeline_has_the_published_size() -> None:
    parameters, macs = cost(Generator(), (1, 6, 96, 96), (1, 1, 80, 16))
    assert parameters == pytest.approx(36, rel=0.05)
    assert macs == pytest.approx(4, rel=0.05)
    assert cost(Detector(), (1, 3, 720, 1280))[1] == pytest.approx(290, rel=0.05)


def test_the_clip_is_footage_at_25_frames_a_second(tmp_path: Path) -> None:
    clip = probe(benchmark.make_clip(tmp_path, 0.4, height=180))
    assert (clip.width, clip.height, len(clip.clock), float(clip.clock.rate)) == (320, 180, 10, 25.0)


def test_both_sides_encode_alike() -> None:
    defaults = VideoWriter.__init__.__defaults__
    assert defaults is not None
    assert {benchmark.PRESET, benchmark.CRF} <= set(defaults)


def test_the_numbers_follow_from_what_was_measured(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def child(*asked: object) -> dict[str, object]:
        if "--stages" in asked:
            return {"stages": {"cut": 1.0}}
        cpu = 1.2 if "int8" in asked else 1.5 if "--again" in asked else 2.0
        same = {"wall": 0.8, "peak": 500.0, "seconds": 2.0, "frames": 50, "load": 1.0}
        return {**same, "cpu": cpu, "engine": "onnx", "precision": "fp32"}

    monkeypatch.setattr(benchmark, "_child", child)
    monkeypatch.setattr(benchmark, "transcode", lambda *_: {"wall": 1.0, "cpu": 1.0})
    monkeypatch.setattr(benchmark, "plain_pipeline", lambda _: {"wav2lip_ms": 4000.0})
    wanted = argparse.Namespace(rounds=2, engine="auto", frames=1, no_wav2lip=False)
    found = benchmark.measure(tmp_path, tmp_path, tmp_path, wanted)
    assert (found["realtime"], found["peak_mib"]) == (0.4, 500.0)
    assert (found["transcode_ratio"], found["transcode_ratio_int8"], found["transcode_ratio_again"]) == (2.0, 1.2, 1.5)
    assert found["wav2lip_ratio"] == pytest.approx(2.0 / 50 / 4.0)
    json.dumps(found)
    benchmark.show(found)


def test_the_watch_counts_what_children_spend(tmp_path: Path) -> None:
    before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
    with benchmark.Watch() as watch:
        benchmark.make_clip(tmp_path, 0.4, height=180)
    spent = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - before
    assert watch.numbers["cpu"] >= spent > 0
    assert watch.numbers["peak"] > 10
