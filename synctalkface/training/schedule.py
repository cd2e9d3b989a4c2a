"""What changes with the step, as pure functions of it: a resumed run cannot drift from an uninterrupted one."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor

from synctalkface.config import LossWeights, TrainingConfig


def learning_rate(step: int, steps: int, first: float, last: float, warmup: int) -> float:
    """Linear warm-up over `warmup` steps to `first`, then a cosine down to `last` at `steps`."""
    if step < warmup:
        return first * (step + 1) / warmup
    progress = min(1.0, (step - warmup) / max(1, steps - warmup))
    return last + (first - last) * 0.5 * (1 + math.cos(math.pi * progress))


def augmentation(step: int, plan: TrainingConfig) -> float:
    """Strength of the augmentation: 0 until `augment_from`, full from `augment_full` on, linear between."""
    if step >= plan.augment_full:
        return plan.augment_strength
    if step <= plan.augment_from:
        return 0.0
    return plan.augment_strength * (step - plan.augment_from) / (plan.augment_full - plan.augment_from)


def weights(step: int, losses: LossWeights, plan: TrainingConfig) -> LossWeights:
    """The weight of every term at `step`: terms that begin later weigh nothing before."""
    return replace(
        losses,
        audio_visual=losses.audio_visual if step >= plan.audio_visual_from else 0.0,
        visual_visual=losses.visual_visual if step >= plan.visual_visual_from else 0.0,
        adversarial=losses.adversarial if step >= plan.adversarial_from else 0.0,
    )


def muted(step: int, plan: TrainingConfig) -> Tensor:
    """(B,) bool: the windows of batch number `step` that the decoder draws without the sound vector.

    Beside a sound vector that says everything, a decoder reads the recalled lips little, and the memory cannot be
    edited.
    """
    return torch.from_numpy(np.random.default_rng((plan.seed, step, 3)).random(plan.windows) < plan.mute)


def unpainted(step: int, plan: TrainingConfig) -> Tensor:
    """(B,) bool: the windows of batch number `step` that are drawn with moved pixels alone.

    The mouths of the few people who teach are soon painted by heart, and then nothing is learnt of how to take those
    of a stranger out of the references.
    """
    return torch.from_numpy(np.random.default_rng((plan.seed, step, 4)).random(plan.windows) < plan.unpainted)


def lips_learn(step: int, plan: TrainingConfig) -> float:
    """Share of the align loss's gradient that moves the lips' addresses at `step`."""
    return plan.align_lips if step >= plan.align_lips_from else 0.0


def averaging(step: int, decay: float) -> float:
    """Decay of the averaged weights: short-sighted at first, so that the start is forgotten."""
    return min(decay, (1 + step) / (10 + step))
