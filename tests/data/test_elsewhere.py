"""Windows filmed elsewhere: another backdrop and a worse camera, alike in all that one window shows."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import torch

from synctalkface.config import Config, preset
from synctalkface.data.dataset import load

CONFIG = preset("tiny")


def elsewhere(**shares: float) -> Config:
    return replace(CONFIG, training=replace(CONFIG.training, **shares))  # type: ignore[arg-type]  # these are floats


def test_a_share_of_the_windows_has_another_backdrop_and_all_of_its_frames_the_same(tiny_data: Path) -> None:
    plain = load(tiny_data, "train", CONFIG)
    clips = load(tiny_data, "train", elsewhere(backdrop=0.5))
    changed = 0
    for step in range(8):
        mine, usual = clips.windows(1, step, 1, 1.0), plain.windows(1, step, 1, 1.0)
        corner = (mine.faces - usual.faces)[0, ..., -12:, :12].mean(dim=(-1, -2)).abs().sum(dim=-1)  # of each frame
        assert bool((corner > 0.01).all()) or bool((corner == 0).all())
        changed += int(bool((corner > 0.01).all()))
        assert torch.equal(mine.mel, usual.mel)
    assert 1 <= changed <= 7
    assert torch.equal(clips.windows(1, 0, 1, 0.0).faces, plain.windows(1, 0, 1, 0.0).faces)  # it grows with the rest


def test_degraded_windows_are_so_in_target_and_references(tiny_data: Path) -> None:
    plain, clips = load(tiny_data, "train", CONFIG), load(tiny_data, "train", elsewhere(degrade=1.0))
    mine, usual = clips.windows(1, 0, 1, 1.0), plain.windows(1, 0, 1, 1.0)
    for name in ("faces", "seen", "references"):
        assert 0.002 < float((getattr(mine, name) - getattr(usual, name)).abs().mean()) < 0.1
    assert torch.equal(mine.mel, usual.mel)


def test_clips_on_a_gpu_have_the_same_backdrop_and_the_same_camera(tiny_data: Path) -> None:
    config = elsewhere(backdrop=1.0, degrade=1.0)
    clips, resident = load(tiny_data, "train", config), load(tiny_data, "train", config)
    resident.stay_on(torch.device("cpu"))
    mine, theirs = resident.windows(0, 3, 2, 1.0), clips.windows(0, 3, 2, 1.0)
    for name in ("faces", "seen", "references"):
        assert float((getattr(mine, name) - getattr(theirs, name)).abs().mean()) < 1.5 / 255
