"""The held-out end of footage tells which weights draw it better, and what a dub does not show stays as it was."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from synctalkface import hub
from synctalkface.config import preset
from synctalkface.data.dataset import Clips
from synctalkface.errors import TrainingError
from synctalkface.inputs import lower
from synctalkface.models.generator import for_use
from synctalkface.training import held_out
from synctalkface.training.adaptation import Adaptation, Recipe
from synctalkface.training.footage import Footage, read_footage
from synctalkface.training.held_out import Examination, Score, redraw_footage

BEFORE = Score(l1=0.04, psnr=25.0, ssim=0.9, lmd=1.0)


@pytest.fixture
def filmed(sample_face: Path) -> Footage:
    return read_footage(sample_face, preset("tiny"), None)


def clips(footage: Footage) -> Clips:
    config = preset("tiny")
    return Clips([footage.clip], config, config.face.size)


@pytest.mark.parametrize(
    ("worse", "value"), [("l1", 0.041), ("ssim", 0.897), ("lmd", 1.001)], ids=["pixels", "picture", "lips"]
)
def test_what_is_worse_in_one_respect_is_no_gain(worse: str, value: float) -> None:
    better = Score(l1=0.03, psnr=26.0, ssim=0.91, lmd=0.8)
    assert better.gain(BEFORE) == pytest.approx(-np.log(0.75 * 0.8))
    assert better._replace(**{worse: value}).gain(BEFORE) == 0
    assert BEFORE.gain(BEFORE) == 0


def test_a_picture_that_differs_by_as_little_as_its_frames_do_is_none_either() -> None:
    assert BEFORE._replace(l1=0.03, ssim=0.8985).gain(BEFORE) == pytest.approx(-np.log(0.75))


def test_lips_that_lie_where_they_should_cannot_lie_better() -> None:
    resting = BEFORE._replace(lmd=0.2)
    assert resting._replace(l1=0.03, lmd=0.29).gain(resting) == pytest.approx(-np.log(0.75))
    assert resting._replace(l1=0.03, lmd=0.31).gain(resting) == 0
    assert resting._replace(lmd=0.1).gain(resting) == 0


def test_the_nearer_the_better() -> None:
    nearer, nearest = BEFORE._replace(l1=0.035), BEFORE._replace(l1=0.035, lmd=0.9)
    assert 0 < nearer.gain(BEFORE) < nearest.gain(BEFORE)


def test_lips_drawn_as_filmed_score_best_and_a_held_mouth_worse(
    filmed: Footage, tiny_weights: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the filmed frames for drawings (and a little noise), and with one of them held still."""
    examination, model = Examination([filmed], clips(filmed)), hub.load_generator(tiny_weights)

    def score(held: bool) -> Score:
        def drawn(_: object, c: Clips, footage: Footage, begin: int, end: int) -> Tensor:
            faces = lower(c.faces(footage.clip.part(begin, end)))
            return (faces[:1] if held else faces).expand_as(faces) * 0.999

        monkeypatch.setattr(held_out, "redraw_footage", drawn)
        return examination.score(model)

    right, still = score(held=False), score(held=True)
    assert right.l1 < 1e-3
    assert right.ssim > 0.99
    assert right.lmd < 0.25 * still.lmd
    assert right.gain(still) > 0
    assert still.gain(right) == 0


def test_a_drawing_that_is_none_is_an_error_with_advice(
    filmed: Footage, tiny_weights: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    examination = Examination([filmed], clips(filmed))
    size = preset("tiny").face.size

    def nothing(*given: object) -> Tensor:
        frames = len(filmed.clip.crops) - examination._examined[0].first
        return torch.full((frames, 3, size // 2, size), torch.nan)

    monkeypatch.setattr(held_out, "redraw_footage", nothing)
    with pytest.raises(TrainingError, match="Lower the learning rate"):
        examination.score(hub.load_generator(tiny_weights))


def test_a_mouth_in_new_colours_is_learnt_and_what_a_dub_does_not_show_stays(sample_face: Path) -> None:
    """Footage in colours that no person has, learnt by the weights that ship: the mouth takes them, the rest less."""
    weights = hub.shipped()
    found = read_footage(sample_face, hub.load_config(weights), None)
    green = replace(found.clip, crops=np.ascontiguousarray(found.clip.crops[..., [1, 0, 2]]))
    footage, frames = found._replace(clip=green), len(green.crops)
    recipe = Recipe(steps=12, windows=2, warmup=6, every=6, learning_rate=3e-4, final_learning_rate=3e-4)
    run = Adaptation([footage], weights, recipe, None, torch.device("cpu"))
    before = redraw_footage(run.usual, run.clips, footage, 0, frames)
    outcome = run.adapt()
    assert outcome.after.l1 < 0.85 * outcome.before.l1
    assert outcome.after.lmd < outcome.before.lmd
    run.average.load_state_dict(outcome.state)
    change = (redraw_footage(for_use(run.average), run.clips, footage, 0, frames) - before).abs()
    seen = run.shown[0, 0]
    inside, around = ((change * part).sum() / part.sum() for part in (seen, 1 - seen))
    assert float(seen.max()) > 0.99
    assert float(seen[..., :3].max()) < 0.05  # the crop's left edge
    assert around < 0.6 * inside
