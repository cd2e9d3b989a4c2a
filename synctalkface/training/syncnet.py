"""Train the sync expert on true pairs (in sync) and shifted or swapped pairs (out of sync), and score it.

The negatives of a pair are the other windows of its own clip (hard: same face, same voice, other moment) and windows of
other clips (easy). paper.md: with small batches the loss stays at 0.69, chance, for a long time.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from synctalkface import hub, losses
from synctalkface.config import Config, to_json
from synctalkface.data.dataset import Clips, load
from synctalkface.data.offsets import features
from synctalkface.data.window import SyncBatch
from synctalkface.events import Listener, ignore
from synctalkface.metrics import LARGEST_SHIFT, lip_sync_error
from synctalkface.models.syncnet import SyncNet
from synctalkface.training import checkpoint, effort
from synctalkface.training.ahead import Ahead, threads
from synctalkface.training.crew import Crew
from synctalkface.training.descend import descend
from synctalkface.training.journal import Journal, keep
from synctalkface.training.loop import beginning, run_to_end
from synctalkface.training.norm import share_statistics
from synctalkface.training.optimiser import adam
from synctalkface.training.pace import peak
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
    crew: Crew | None = None,
    tensorboard: bool = False,
    until: float | None = None,
    listener: Listener = ignore,
) -> SyncScores:
    """Train on the split "train" of the prepared folder `data`; weights, log and checkpoint go to the folder `out`.

    `crew` is this process among several; None: alone on `device`. `until`: see loop.run_to_end.
    """
    crew = crew or Crew(device=torch.device(device))
    torch.manual_seed(config.syncnet_training.seed)
    out.mkdir(parents=True, exist_ok=True)
    clips = load(data, "train", config, limit, listener)
    held_out = load(data, "validation", config, 40)
    clips.stay_near(crew.device)
    run = SyncNetRun(clips, held_out, config, out, crew.device, crew)
    if resume:
        run.resume()
    return run.train(keep(out, run.step, crew.first, tensorboard), listener, until)


class SyncNetRun:
    """One run: the net, its optimiser, its files."""

    def __init__(
        self,
        clips: Clips,
        held_out: Clips,
        config: Config,
        out: Path,
        device: torch.device,
        crew: Crew | None = None,
    ) -> None:
        self.clips, self.held_out, self.config, self.out, self.device = clips, held_out, config, out, device
        self.plan = config.syncnet_training
        self.crew = crew or Crew(device=device)
        self.own = self.crew.share(self.plan.clips, "syncnet_training.clips")
        self.frames = self.plan.clips * self.plan.windows * config.syncnet.frames  # of one step
        self.net = share_statistics(placed(SyncNet(config), device), self.crew)
        self.optimiser = adam(self.net.parameters(), self.plan.learning_rate, self.plan.betas, device)
        self.precision: Precision = "bf16" if self.crew.first_says(fastest(device) == "bf16") else "fp32"
        self.batches = Ahead(self._draw, threads(device))
        self.step = 0
        self.crew.follow_first(self.net)

    def resume(self) -> None:
        """Go on where the checkpoint in `out` stopped, if there is one."""
        self.step = checkpoint.load(self.out, to_json(self.config), {"net": self.net}, {"adam": self.optimiser})

    def train(self, journal: Journal, listener: Listener = ignore, until: float | None = None) -> SyncScores:
        """Run to the last step; log, save and score on the way."""
        best = peak(self.device, self.precision)
        beginning(self, journal, best, precision=self.precision, clips=len(self.clips.clips))
        return run_to_end(self, self.plan, "train syncnet", journal, best, listener, until)

    def evaluate(self, journal: Journal) -> SyncScores:
        """Score the net on the held-out clips."""
        scores = score(self.net, self.held_out)
        journal.write("evaluate", self.step, **scores._asdict())
        return scores

    def operations(self) -> int:
        """Floating-point operations of one step, of this process."""
        return effort.of_syncnet(self.config, self.plan.clips // self.crew.size * self.plan.windows)

    def save(self) -> None:
        """Write the checkpoint, and the weights as they are used. Of several processes the first does it."""
        if not self.crew.first:
            return
        checkpoint.save(self.out, self.step, to_json(self.config), {"net": self.net}, {"adam": self.optimiser})
        hub.save_module(self.net, self.config, self.out, hub.SYNCNET)

    def _draw(self, number: int) -> SyncBatch:
        drawn = self.clips.sync_pairs(self.plan.seed, number, self.plan.augment_strength, self.own)
        return SyncBatch(*(tensor.to(self.device) for tensor in drawn))

    def update(self) -> dict[str, float]:
        """One step of the optimiser. Returns the terms of the loss."""
        plan = self.plan
        rate = learning_rate(self.step, plan.steps, plan.learning_rate, plan.final_learning_rate, plan.warmup)
        for group in self.optimiser.param_groups:
            group["lr"] = rate
        self.net.train()
        batch = self.batches(self.step)
        with autocast(self.precision, self.device):
            seen, heard = self.net.see(batch.faces), self.net.hear(batch.mel)
        terms = pair_terms(*(self.crew.rows(tensor) for tensor in (seen, heard, batch.clip)))
        total = terms["binary"] + plan.contrast * terms["contrast"]
        descend(total, self.optimiser, self.step, "syncnet_training.learning_rate", crew=self.crew)
        return self.crew.numbers(terms)


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
