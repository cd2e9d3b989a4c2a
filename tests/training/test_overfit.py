"""Can it learn at all? A tiny net must learn one short clip by heart, its sound included."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from synctalkface.config import preset
from synctalkface.data.clip import Clip
from synctalkface.data.dataset import Clips
from synctalkface.data.redraw import redraw
from synctalkface.inputs import lower
from synctalkface.metrics import l1
from synctalkface.models.generator import for_use
from synctalkface.training.generator import GeneratorRun
from synctalkface.training.syncnet import SyncNetRun, score

TINY = preset("tiny")
CPU = torch.device("cpu")


def means(values: list[dict[str, float]], name: str) -> float:
    return sum(row[name] for row in values) / len(values)


def made(clip: Clip) -> Clip:
    """The first picture of `clip` for 48 frames, whose mouth is a black hole while the sound is loud, and else shut."""
    frames, rate = 48, 25.0
    opened = np.arange(frames) % 16 >= 8
    crops = np.repeat(clip.crops[:1], frames, axis=0)
    side = crops.shape[1]
    hole = np.zeros((side, side), np.uint8)
    cv2.ellipse(hole, (side // 2, round(0.64 * side)), (side // 7, side // 10), 0, 0, 360, 1, -1)
    crops[opened] *= 1 - hole[..., None]
    shown = np.minimum((np.arange(154) / TINY.audio.mel_rate * rate).astype(int), frames - 1)
    mel = np.where(opened[shown], 2.0, -3.0) * np.ones((TINY.audio.bands, 1))
    centres = (np.arange(frames) + 0.5) / rate
    lips = np.repeat(clip.lips[:1], frames, 0)
    middle = lips.mean(axis=1, keepdims=True)
    lips[opened] = (middle + (lips - middle) * (1, 4))[opened]
    outline = np.repeat(clip.outline[:1], frames, 0)
    return replace(clip, crops=crops, mel=mel.astype(np.float32), centres=centres, lips=lips, outline=outline)


def test_the_generator_learns_a_clip_and_listens_to_it(lessons: Clips, tmp_path: Path) -> None:
    plan = replace(
        TINY.training,
        steps=240,
        augment_strength=0.0,
        learning_rate=8e-3,
        final_learning_rate=4e-3,
        betas=(0.8, 0.95),
        clip_norm=100.0,
        ema=0.9,
    )
    quiet = replace(
        TINY.losses, mouth=30.0, align=0.2, audio_visual=0.0, visual_visual=0.0, adversarial=0.0, balance=0.0
    )
    still = replace(TINY.model, articulated=False)  # the lips that are made here part wider than anybody's
    config = replace(TINY, training=plan, losses=quiet, model=still)
    clip = made(lessons.clips[0])
    clips = Clips([clip], config, lessons.size)
    torch.manual_seed(0)
    run = GeneratorRun(clips, clips, config, tmp_path, None, CPU)
    history = []
    for run.step in range(plan.steps):
        history.append(run.update())
    assert means(history[-10:], "reconstruction") < 0.5 * means(history[:3], "reconstruction")
    assert means(history[-10:], "align") < 0.5 * means(history[:3], "align")
    true, mouth, used = lower(clips.faces(clip)), clips.mouths(clip), for_use(run.average)
    right = l1(redraw(used, clips, clip).picture, true, mouth)
    wrong = l1(redraw(used, clips, clip, -1 - clip.mel).picture, true, mouth)
    assert right < 0.95 * wrong
    assert right < l1(true[:1].expand_as(true), true, mouth)  # a still mouth


def test_the_sync_expert_learns_which_sound_belongs_to_which_mouth(lessons: Clips, tmp_path: Path) -> None:
    plan = replace(
        TINY.syncnet_training,
        steps=80,
        clips=1,
        windows=8,
        augment_strength=0.0,
        learning_rate=5e-3,
        final_learning_rate=5e-4,
    )
    config = replace(TINY, syncnet_training=plan)
    clips = Clips(lessons.clips[:1], config, lessons.size)
    torch.manual_seed(0)
    run = SyncNetRun(clips, clips, config, tmp_path, CPU)
    history = []
    for run.step in range(plan.steps):
        history.append(run.update())
    assert means(history[-10:], "contrast") < 0.2 * means(history[:3], "contrast")
    assert means(history[-10:], "binary") < 0.5 * means(history[:3], "binary")
    scores = score(run.net, clips)
    assert scores.offsets == 1.0
    assert scores.pairs > 0.6


@pytest.mark.parametrize("clips", [1, 2])
def test_a_batch_of_one_clip_or_more_has_finite_terms(lessons: Clips, tmp_path: Path, clips: int) -> None:
    config = replace(TINY, syncnet_training=replace(TINY.syncnet_training, clips=clips, windows=2))
    terms = SyncNetRun(lessons, lessons, config, tmp_path, CPU).update()
    assert set(terms) == {"binary", "contrast"}
    assert all(abs(value) < 50 for value in terms.values())
