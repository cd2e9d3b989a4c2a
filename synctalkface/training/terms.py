"""The terms of one training step, by name. No optimiser, no file, no schedule: those belong to the loop.

B windows, F frames; h x w is the drawn region (the lower half in `base`).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from typing import NamedTuple

import torch
from torch import Tensor

from synctalkface import losses
from synctalkface.config import Config, LossWeights
from synctalkface.data.window import Window
from synctalkface.inputs import lower, upper
from synctalkface.models.discriminator import Discriminator
from synctalkface.models.generator import Lesson, SyncTalkFace
from synctalkface.models.layers import frozen
from synctalkface.models.syncnet import SyncNet, cosine


class Taught(NamedTuple):
    """One forward pass with what it is compared with."""

    lesson: Lesson
    true: Tensor  # (B, F, 3, h, w)
    generated: list[Tensor]  # (B, F, 3, h, w) of each branch: I_g, then I_G where there is a memory
    weight: Tensor | None = None  # how many times a pixel counts in the reconstruction; None: once


def teach(
    model: SyncTalkFace,
    batch: Window,
    config: Config,
    muted: Tensor | None = None,
    unpainted: Tensor | None = None,
) -> Taught:
    """Run both branches of `model` over `batch`. `muted` and `unpainted` (B,) bool: see SyncTalkFace.forward."""
    reach = config.model.lip_frames // 2
    targets = batch.faces[:, reach : batch.faces.shape[1] - reach]
    seen = drawn_region(batch.seen, config)
    lesson = model(
        batch.mel, batch.starts, seen, upper(targets), batch.references, muted, unpainted, batch.articulation
    )
    generated = [branch for branch in (lesson.from_sound, lesson.from_lips) if branch is not None]
    return Taught(lesson, drawn_region(targets, config), generated)


def drawn_region(faces: Tensor, config: Config) -> Tensor:
    """The part of the crop (..., S, S) that the model draws."""
    return lower(faces) if config.face.region == "lower" else faces


def mouth_half(region: Tensor, config: Config) -> Tensor:
    """The lower half of the crop, out of the drawn region."""
    return region if config.face.region == "lower" else lower(region)


def generator_terms(
    taught: Taught,
    batch: Window,
    config: Config,
    weights: LossWeights,
    model: SyncTalkFace,
    syncnet: SyncNet | None,
    discriminator: Discriminator,
    lips_learn: float = 0.0,
    across: losses.Across = losses.alone,
) -> dict[str, Tensor]:
    """Every term whose weight is not 0, unweighted; generation terms are sums over both branches.

    `lips_learn`: see losses.align. The mean of a term over the processes that share a batch is the whole batch's.
    """
    lesson, true, generated, _ = taught
    halves = [mouth_half(branch, config) for branch in generated]
    terms = {"reconstruction": _sum(losses.reconstruction(branch, true, taught.weight) for branch in generated)}
    target = mouth_half(true, config)
    if weights.mouth:
        terms["mouth"] = _sum(losses.mouth(half, target, batch.mouth, across) for half in halves)
    if weights.detail:
        terms["detail"] = _sum(losses.detail(half, target, batch.mouth, across) for half in halves)
    if weights.audio_visual and syncnet is not None:
        with frozen(syncnet):
            heard = syncnet.hear(batch.sync_mel)
            terms["audio_visual"] = _sum(losses.audio_visual(cosine(syncnet.see(half), heard)) for half in halves)
    if weights.visual_visual and lesson.seen is not None:
        wanted = model.judge_lips(true)
        if wanted is not None:
            judged = [model.judge_lips(branch) for branch in generated]
            terms["visual_visual"] = _sum(losses.visual_visual(got, wanted) for got in judged if got is not None)
    if weights.adversarial:
        with frozen(discriminator):
            terms["adversarial"] = _sum(losses.adversarial_generator(discriminator(half)) for half in halves)
    if lesson.seen is not None and lesson.heard.address is not None:
        terms["store"] = losses.store(lesson.seen.feature, lesson.seen.stored.lips)
        terms["align"] = losses.align(lesson.seen.stored.address, lesson.heard.address, lips_learn)
        if weights.balance:
            terms["balance"] = _sum(
                losses.balance(a, across) for a in (lesson.seen.stored.address, lesson.heard.address)
            )
    return terms


def by_branch(taught: Taught) -> dict[str, Tensor]:
    """For the log: the reconstruction of each branch by itself, drawn from the sound and from the true lips."""
    names = ("reconstruction_from_sound", "reconstruction_from_lips")
    branches = zip(names, taught.generated, strict=False)  # without a memory there is the first alone
    return {name: losses.reconstruction(branch.detach(), taught.true) for name, branch in branches}


def weighted(terms: dict[str, Tensor], weights: LossWeights) -> Tensor:
    """The loss: each term times the weight of its name. A term without a weight is a mistake and raises KeyError."""
    factors = asdict(weights)
    return _sum(factors[name] * term for name, term in terms.items())


def discriminator_loss(taught: Taught, discriminator: Discriminator, config: Config) -> Tensor:
    """What the quality discriminator learns from the same pass: filmed against generated, both branches."""
    real = discriminator(mouth_half(taught.true, config))
    fakes = [discriminator(mouth_half(branch, config).detach()) for branch in taught.generated]
    return losses.adversarial_discriminator(real, torch.cat(fakes))


def _sum(terms: Iterable[Tensor]) -> Tensor:
    return torch.stack(list(terms)).sum()
