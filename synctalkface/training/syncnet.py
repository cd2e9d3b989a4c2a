"""Train the sync expert on true pairs (in sync) and shifted or swapped pairs (out of sync), and score it.

The negatives of a pair are the other windows of its own clip (hard: same face, same voice, other moment) and windows of
other clips (easy). paper.md: with small batches the loss stays at 0.69, chance, for a long time.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from synctalkface import hub, losses
from synctalkface.config import Config, to_json
from synctalkface.data.dataset import Clips, SyncBatch, load
from synctalkface.data.offsets import features
from synctalkface.events import Listener, Progress, ignore
from synctalkface.metrics import LARGEST_SHIFT, lip_sync_error
from synctalkface.models.syncnet import SyncNet
from synctalkface.training import checkpoint
from synctalkface.training.descend import descend
from synctalkface.training.journal import LOG_EVERY, Journal, Means
from synctalkface.training.precision import Precision, autocast, fastest, placed
from synctalkface.training.schedule import learning_rate

TEMPERATURE = 0.07  # of the contrastive term
NEAREST_NEGATIVE = 2  # frames: nearer pairs are neither in sync nor clearly out of it


class SyncScores(NamedTuple):
    """How well a SyncNet tells in-sync from out-of-sync, on clips it was not trained on."""

    accuracy: float  # share of pairs on the right side of cosine 0.5; half of the pairs are 2-15 frames off
    pairs: float  # share of windows closer to their own sound than to one 2-15 frames off
    offsets: float  # share of clips whose measured offset is within one frame of zero
    confidence: float  # mean LSE-C


def train_syncnet(
    data: Path,
    out: Path,
    config: Config,
    *,
    resume: bool = True,
    limit: int | None = None,
    device: str = "cpu",
    listener: Listener = ignore,
) -> SyncScores:
    """Train on the split "train" of the prepared folder `data`; weights, log and checkpoint go to the folder `out`."""
    torch.manual_seed(config.syncnet_training.seed)
    out.mkdir(parents=True, exist_ok=True)
    clips = load(data, "train", config, limit, listener)
    held_out = load(data, "validation", config, 40)
    run = SyncNetRun(clips, held_out, config, out, torch.device(device))
    if resume:
        run.resume()
    return run.train(listener)


class SyncNetRun:
    """One run: the net, its optimiser, its files."""

    def __init__(self, clips: Clips, held_out: Clips, config: Config, out: Path, device: torch.device) -> None:
        self.clips, self.held_out, self.config, self.out, self.device = clips, held_out, config, out, device
        self.plan = config.syncnet_training
        self.net = placed(SyncNet(config), device)
        self.optimiser = torch.optim.Adam(self.net.parameters(), lr=self.plan.learning_rate, betas=self.plan.betas)
        self.precision: Precision = fastest(device)
        self.step = 0

    def resume(self) -> None:
        """Go on where the checkpoint in `out` stopped, if there is one."""
        self.step = checkpoint.load(self.out, to_json(self.config), {"net": self.net}, {"adam": self.optimiser})

    def train(self, listener: Listener = ignore) -> SyncScores:
        """Run to the last step; log, save and score on the way."""
        journal, started, first = Journal(self.out, self.step), time.monotonic(), self.step
        means = Means()
        journal.write("start", self.step, precision=self.precision, clips=len(self.clips.clips))
        scores = None
        while self.step < self.plan.steps:
            means.add(self.update())
            self.step += 1
            left = (time.monotonic() - started) / (self.step - first) * (self.plan.steps - self.step)
            listener(Progress("train syncnet", self.step, self.plan.steps, left))
            if self.step % LOG_EVERY == 0:
                journal.write("train", self.step, **means.take(), seconds=time.monotonic() - started)
            if self.step % self.plan.evaluate_every == 0 or self.step == self.plan.steps:
                scores = score(self.net, self.held_out)
                journal.write("evaluate", self.step, **scores._asdict())
            if self.step % self.plan.save_every == 0 or self.step == self.plan.steps:
                self.save()
        return scores or score(self.net, self.held_out)

    def save(self) -> None:
        """Write the checkpoint, and the weights as they are used."""
        checkpoint.save(self.out, self.step, to_json(self.config), {"net": self.net}, {"adam": self.optimiser})
        hub.save_module(self.net, self.config, self.out, hub.SYNCNET)

    def update(self) -> dict[str, float]:
        """One step of the optimiser. Returns the terms of the loss."""
        plan = self.plan
        rate = learning_rate(self.step, plan.steps, plan.learning_rate, plan.final_learning_rate, plan.warmup)
        for group in self.optimiser.param_groups:
            group["lr"] = rate
        self.net.train()
        batch = self.clips.sync_pairs(plan.seed, self.step, plan.augment_strength)
        batch = SyncBatch(*(tensor.to(self.device) for tensor in batch))
        with autocast(self.precision, self.device):
            seen, heard = self.net.see(batch.faces), self.net.hear(batch.mel)
        terms = pair_terms(seen, heard, batch.clip)
        total = terms["binary"] + plan.contrast * terms["contrast"]
        descend(total, self.optimiser, self.step, "syncnet_training.learning_rate")
        return {name: float(term.detach()) for name, term in terms.items()}


def pair_terms(seen: Tensor, heard: Tensor, clip: Tensor) -> dict[str, Tensor]:
    """The terms over all pairs of a batch: (N, C), (N, C), (N,) which clip.

    Binary: true pairs against the hard and the easy negatives, each kind half of the weight, positives as much as both.
    """
    cosines = seen @ heard.T  # (N, N)
    own = torch.eye(len(clip), dtype=torch.bool, device=clip.device)
    same = (clip[:, None] == clip[None]) & ~own
    other = clip[:, None] != clip[None]
    positive = losses.sync_binary(cosines[own], torch.ones_like(cosines[own]))
    kinds = [cosines[kind] for kind in (same, other) if bool(kind.any())]
    negative = torch.stack([losses.sync_binary(kind, torch.zeros_like(kind)) for kind in kinds]).mean()
    return {"binary": (positive + negative) / 2, "contrast": losses.contrast(seen, heard, TEMPERATURE)}


def score(net: SyncNet, clips: Clips, seed: int = 0) -> SyncScores:
    """The held-out scores of a SyncNet, on pairs drawn with `seed`."""
    rng = np.random.default_rng(seed)
    right, closer, offsets, confidences = [], [], [], []
    for clip in clips.clips:
        seen, heard = features(net, clips, clip)
        cosines = torch.einsum("fc,sfc->sf", seen, heard)
        true = cosines[LARGEST_SHIFT]
        shifts = rng.integers(NEAREST_NEGATIVE, LARGEST_SHIFT + 1, len(seen)) * rng.choice([-1, 1], len(seen))
        false = cosines[torch.from_numpy(LARGEST_SHIFT + shifts), torch.arange(len(seen))]
        right.append(torch.cat([true > 0.5, false <= 0.5]).float().mean())
        closer.append((true > false).float().mean())
        error = lip_sync_error(seen, heard)
        offsets.append(float(abs(error.offset) <= 1))
        confidences.append(error.confidence)
    return SyncScores(
        float(torch.stack(right).mean()),
        float(torch.stack(closer).mean()),
        float(np.mean(offsets)),
        float(np.mean(confidences)),
    )
