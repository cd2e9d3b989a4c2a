"""Train the generator: one loop that owns optimisers, precision, cadence and files."""

from __future__ import annotations

import time
from pathlib import Path

import torch
from torch import Tensor, nn

from synctalkface import hub
from synctalkface.config import Config, to_json
from synctalkface.data.dataset import Clips, Window, load
from synctalkface.errors import TrainingError
from synctalkface.events import Listener, Progress, Warned, ignore
from synctalkface.models.discriminator import Discriminator
from synctalkface.models.generator import SyncTalkFace, for_use
from synctalkface.models.syncnet import SyncNet
from synctalkface.training import checkpoint
from synctalkface.training.average import averaged_copy, follow
from synctalkface.training.descend import descend
from synctalkface.training.journal import LOG_EVERY, Journal, Means
from synctalkface.training.precision import Precision, autocast, fastest, placed
from synctalkface.training.schedule import augmentation, averaging, learning_rate, muted, weights
from synctalkface.training.terms import Taught, by_branch, discriminator_loss, generator_terms, teach, weighted
from synctalkface.training.validate import Scores, sheet, validate

SLOTS_IN_USE = 8  # a run stops when fewer than slots / 8 are in use


def train_generator(
    data: Path,
    out: Path,
    config: Config,
    *,
    syncnet: Path | None = None,
    init: str | Path | None = None,
    resume: bool = True,
    limit: int | None = None,
    held_out: int = 16,
    device: str = "cpu",
    listener: Listener = ignore,
) -> Scores:
    """Train on the split "train" of the prepared folder `data`; weights, log and checkpoint go to the folder `out`.

    `init` names the weights to start from: a folder, or a repository on the Hub. `syncnet` is the folder of the frozen
    sync expert, by default the one that came with `init`; without one the audio-visual term is left out, and a warning
    says so.
    Raises WeightsError if these do not fit `config`, TrainingError if the memory collapses or the loss is NaN.
    """
    torch.manual_seed(config.training.seed)
    out.mkdir(parents=True, exist_ok=True)
    base = None if init is None else hub.resolve(init)
    if syncnet is None and base is not None and hub.holds(base, hub.SYNCNET):
        syncnet = base
    expert = None if syncnet is None else _expert(syncnet, config, out)
    if expert is None and config.losses.audio_visual:
        listener(Warned("No SyncNet was given (--syncnet): the audio-visual term is left out."))
    train, validation = (
        load(data, "train", config, limit, listener),
        load(data, "validation", config, held_out),
    )
    run = GeneratorRun(train, validation, config, out, expert, torch.device(device))
    if base is not None:
        run.begin_from(base)
    if resume:
        run.resume()
    return run.train(listener, base=None if base is None else str(hub.origin(init, base) or ""))


def _expert(folder: Path, config: Config, out: Path) -> SyncNet:
    """The sync expert in `folder`; a copy of it goes to `out`, so that it travels with the generator it has taught."""
    hub.require_same(config, folder, ("audio", "syncnet"))
    if folder.resolve() != out.resolve():
        hub.copy_module(folder, out, hub.SYNCNET)
    return hub.load_syncnet(folder)


class GeneratorRun:
    """One run: the nets, their optimisers, the averaged weights, the files."""

    def __init__(
        self, clips: Clips, held_out: Clips, config: Config, out: Path, syncnet: SyncNet | None, device: torch.device
    ) -> None:
        self.clips, self.held_out, self.config, self.out, self.device = clips, held_out, config, out, device
        self.plan = config.training
        self.model = placed(SyncTalkFace(config), device)
        self.average = averaged_copy(self.model)
        self.discriminator = placed(Discriminator(config), device)
        self.syncnet = None if syncnet is None else placed(syncnet, device)
        rate, betas = self.plan.learning_rate, self.plan.betas
        self.optimiser = torch.optim.Adam(self.model.parameters(), rate, betas)
        self.critic_optimiser = torch.optim.Adam(self.discriminator.parameters(), self.plan.discriminator_rate, betas)
        self.precision: Precision = fastest(device)
        self.step = 0

    def _modules(self) -> dict[str, nn.Module]:
        return {"model": self.model, "average": self.average, "discriminator": self.discriminator}

    def _optimisers(self) -> dict[str, torch.optim.Optimizer]:
        return {"adam": self.optimiser, "critic": self.critic_optimiser}

    def begin_from(self, folder: Path) -> None:
        """Start from trained weights instead of random ones."""
        hub.require_same(self.config, folder, ("audio", "face", "memory", "model"))
        trained = hub.load_generator(folder).state_dict()
        self.model.load_state_dict(trained)
        self.average.load_state_dict(trained)

    def resume(self) -> None:
        """Go on where the checkpoint in `out` stopped, if there is one."""
        self.step = checkpoint.load(self.out, to_json(self.config), self._modules(), self._optimisers())

    def train(self, listener: Listener = ignore, base: str | None = None) -> Scores:
        """Run to the last step; log, evaluate and save on the way. `base` is what the log calls the first weights."""
        journal, started, first = Journal(self.out, self.step), time.monotonic(), self.step
        means = Means()
        journal.write("start", self.step, precision=self.precision, clips=len(self.clips.clips), base=base)
        scores: Scores | None = None
        while self.step < self.plan.steps:
            means.add(self.update())
            self.step += 1
            seconds = time.monotonic() - started
            left = seconds / (self.step - first) * (self.plan.steps - self.step)
            listener(Progress("train generator", self.step, self.plan.steps, left))
            if self.step % LOG_EVERY == 0:
                rate = (self.step - first) * self.plan.windows * self.plan.frames / seconds
                journal.write("train", self.step, frames_per_second=rate, **means.take())
            last = self.step == self.plan.steps
            if self.step % self.plan.save_every == 0 or last:
                self.save()
            if self.step % self.plan.evaluate_every == 0 or last:
                scores = self.evaluate(journal)
        return scores or self.evaluate(journal)

    def evaluate(self, journal: Journal) -> Scores:
        """Score the averaged weights on the held-out clips. Raises TrainingError if the memory has collapsed."""
        used = for_use(self.average)
        scores = validate(used, self.held_out, self.syncnet)
        journal.write("evaluate", self.step, **scores._asdict())
        journal.picture(f"{self.step:07d}", sheet(used, self.held_out))
        enough = self.config.memory.slots / SLOTS_IN_USE
        if self.config.memory.enabled and scores.slots < enough:
            raise TrainingError(
                f"The memory has collapsed at step {self.step}: {scores.slots:.1f} of {self.config.memory.slots} slots "
                f"are in use, fewer than {enough:g}. Keep memory.centred on, or lower losses.align."
            )
        return scores

    def save(self) -> None:
        """Write the checkpoint, and the averaged weights as they are used."""
        checkpoint.save(self.out, self.step, to_json(self.config), self._modules(), self._optimisers())
        hub.save_module(self.average, self.config, self.out, hub.GENERATOR)

    def update(self) -> dict[str, float]:
        """One step of every optimiser. Returns the terms of the loss, unweighted."""
        plan = self.plan
        self._set_rates()
        strength = augmentation(self.step, plan)
        batch = Window(*(t.to(self.device) for t in self.clips.windows(plan.seed, self.step, plan.windows, strength)))
        factors = weights(self.step, self.config.losses, plan)
        self.model.train()
        with autocast(self.precision, self.device):
            taught = teach(self.model, batch, self.config, muted(self.step, plan).to(self.device))
            terms = generator_terms(taught, batch, self.config, factors, self.model, self.syncnet, self.discriminator)
        descend(weighted(terms, factors), self.optimiser, self.step, "training.learning_rate", plan.clip_norm)
        if factors.adversarial:
            terms["discriminator"] = self._teach_critic(taught)
        follow(self.average, self.model, averaging(self.step, plan.ema))
        return {name: float(term.detach()) for name, term in {**terms, **by_branch(taught)}.items()}

    def _teach_critic(self, taught: Taught) -> Tensor:
        with autocast(self.precision, self.device):
            loss = discriminator_loss(taught, self.discriminator, self.config)
        descend(loss, self.critic_optimiser, self.step, "training.discriminator_rate")
        return loss

    def _set_rates(self) -> None:
        plan = self.plan
        rate = learning_rate(self.step, plan.steps, plan.learning_rate, plan.final_learning_rate, plan.warmup)
        for group in self.optimiser.param_groups:
            group["lr"] = rate
        for group in self.critic_optimiser.param_groups:
            group["lr"] = plan.discriminator_rate * rate / plan.learning_rate
