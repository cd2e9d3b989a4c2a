"""Train the generator: one loop that owns optimisers, precision, cadence and files."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor, nn

from synctalkface import hub
from synctalkface.config import Config, to_json
from synctalkface.data.dataset import Clips, load
from synctalkface.data.window import Window
from synctalkface.errors import TrainingError
from synctalkface.events import Listener, Warned, ignore
from synctalkface.models.discriminator import Discriminator
from synctalkface.models.generator import SyncTalkFace, for_use
from synctalkface.models.syncnet import SyncNet
from synctalkface.training import checkpoint, effort
from synctalkface.training.ahead import Ahead, threads
from synctalkface.training.average import averaged_copy, follow
from synctalkface.training.crew import Crew
from synctalkface.training.descend import move, push
from synctalkface.training.journal import Journal, Means, keep
from synctalkface.training.loop import beginning, run_to_end
from synctalkface.training.norm import share_statistics
from synctalkface.training.optimiser import adam
from synctalkface.training.pace import peak
from synctalkface.training.precision import Precision, autocast, fastest, placed
from synctalkface.training.schedule import augmentation, averaging, learning_rate, lips_learn, muted, unpainted, weights
from synctalkface.training.terms import Taught, by_branch, discriminator_loss, generator_terms, teach, weighted
from synctalkface.training.validate import Scores, sheet, validate
from synctalkface.training.widen import trained

GENERATOR_RATE, CRITIC_RATE = "training.learning_rate", "training.discriminator_rate"  # what may be too high
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
    crew: Crew | None = None,
    tensorboard: bool = False,
    until: float | None = None,
    listener: Listener = ignore,
) -> Scores:
    """Train on the split "train" of the prepared folder `data`; weights, log and checkpoint go to the folder `out`.

    `init` names the weights to start from: a folder, or a repository on the Hub. `syncnet` is the folder of the frozen
    sync expert, by default the one that came with `init`; without one the audio-visual term is left out, and a warning
    says so. `crew` is this process among several; None: alone on `device`. `until`: see loop.run_to_end.
    Raises WeightsError if these do not fit `config`, TrainingError if the memory collapses or the loss is NaN.
    """
    crew = crew or Crew(device=torch.device(device))
    torch.manual_seed(config.training.seed)
    out.mkdir(parents=True, exist_ok=True)
    base = None if init is None else hub.resolve(init)
    if syncnet is None and base is not None and hub.holds(base, hub.SYNCNET):
        syncnet = base
    expert = None if syncnet is None else _expert(syncnet, config, out if crew.first else None)
    if expert is None and config.losses.audio_visual:
        listener(Warned("No SyncNet was given (--syncnet): the audio-visual term is left out."))
    train, validation = (
        load(data, "train", config, limit, listener),
        load(data, "validation", config, held_out),
    )
    train.stay_near(crew.device)
    run = GeneratorRun(train, validation, config, out, expert, crew.device, crew)
    if base is not None:
        run.begin_from(base)
    if resume:
        run.resume()
    journal = keep(out, run.step, crew.first, tensorboard)
    return run.train(journal, listener, None if base is None else str(hub.origin(init, base) or ""), until)


def _expert(folder: Path, config: Config, out: Path | None) -> SyncNet:
    """The sync expert in `folder`; a copy of it goes to `out`, if any, to travel with the generator it has taught."""
    hub.require_same(config, folder, ("audio", "syncnet"))
    if out is not None and folder.resolve() != out.resolve():
        hub.copy_module(folder, out, hub.SYNCNET)
    return hub.load_syncnet(folder)


class GeneratorRun:
    """One run: the nets, their optimisers, the averaged weights, the files."""

    def __init__(
        self,
        clips: Clips,
        held_out: Clips,
        config: Config,
        out: Path,
        syncnet: SyncNet | None,
        device: torch.device,
        crew: Crew | None = None,
    ) -> None:
        self.clips, self.held_out, self.config, self.out, self.device = clips, held_out, config, out, device
        self.plan = config.training
        self.crew = crew or Crew(device=device)
        self.own = self.crew.share(self.plan.windows, "training.windows")
        self.frames = self.plan.windows * self.plan.accumulate * self.plan.frames  # of one step
        self.model = share_statistics(placed(SyncTalkFace(config), device), self.crew)
        self.average = averaged_copy(self.model)
        self.discriminator = placed(Discriminator(config), device)
        self.syncnet = None if syncnet is None else placed(syncnet, device)
        rate, betas = self.plan.learning_rate, self.plan.betas
        self.optimiser = adam(self.model.parameters(), rate, betas, device)
        self.critic_optimiser = adam(self.discriminator.parameters(), self.plan.discriminator_rate, betas, device)
        self.precision: Precision = "bf16" if self.crew.first_says(fastest(device) == "bf16") else "fp32"
        self.batches = Ahead(self._draw, threads(device))
        self.step = 0
        self.crew.follow_first(*self._modules().values())

    def _modules(self) -> dict[str, nn.Module]:
        return {"model": self.model, "average": self.average, "discriminator": self.discriminator}

    def _optimisers(self) -> dict[str, torch.optim.Optimizer]:
        return {"adam": self.optimiser, "critic": self.critic_optimiser}

    def begin_from(self, folder: Path) -> None:
        """Start from trained weights instead of random ones; they may have been lent fewer references."""
        state = trained(folder, self.config)
        self.model.load_state_dict(state)
        self.average.load_state_dict(state)

    def resume(self) -> None:
        """Go on where the checkpoint in `out` stopped, if there is one."""
        self.step = checkpoint.load(self.out, to_json(self.config), self._modules(), self._optimisers())

    def train(
        self, journal: Journal, listener: Listener = ignore, base: str | None = None, until: float | None = None
    ) -> Scores:
        """Run to the last step; log, evaluate and save on the way. `base` is what the log calls the first weights."""
        best = peak(self.device, self.precision)
        beginning(self, journal, best, precision=self.precision, clips=len(self.clips.clips), base=base)
        return run_to_end(self, self.plan, "train generator", journal, best, listener, until)

    def evaluate(self, journal: Journal) -> Scores:
        """Score the averaged weights on the held-out clips. Raises TrainingError if the memory has collapsed.

        A memory younger than the first regular evaluation was hardly taught: how it is used is chance.
        """
        used = for_use(self.average)
        scores = validate(used, self.held_out, self.syncnet)
        journal.write("evaluate", self.step, **scores._asdict())
        journal.picture(self.step, sheet(used, self.held_out))
        enough = self.config.memory.slots / SLOTS_IN_USE
        taught = self.step >= self.plan.evaluate_every
        if self.config.memory.enabled and taught and scores.slots < enough:
            raise TrainingError(
                f"The memory has collapsed at step {self.step}: {scores.slots:.1f} of {self.config.memory.slots} slots "
                f"are in use, fewer than {enough:g}. Keep memory.centred on, or lower losses.align."
            )
        return scores

    def save(self) -> None:
        """Write the checkpoint, and the averaged weights as they are used. Of several processes the first does it."""
        if not self.crew.first:
            return
        checkpoint.save(self.out, self.step, to_json(self.config), self._modules(), self._optimisers())
        hub.save_module(self.average, self.config, self.out, hub.GENERATOR)

    def update(self) -> dict[str, float]:
        """One step of every optimiser. Returns the terms of the loss, unweighted."""
        plan, means = self.plan, Means()
        self._set_rates()
        self.ready()
        for optimiser in self._optimisers().values():
            optimiser.zero_grad(set_to_none=True)
        for turn in range(plan.accumulate):
            means.add(self._learn(self.step * plan.accumulate + turn))
        move(self.optimiser, self.step, GENERATOR_RATE, plan.clip_norm, self.crew)
        if self._critic_learns():
            move(self.critic_optimiser, self.step, CRITIC_RATE, crew=self.crew)
        follow(self.average, self.model, averaging(self.step, plan.ema))
        return means.take()

    def _draw(self, number: int) -> Window:
        plan = self.plan
        strength = augmentation(number // plan.accumulate, plan)
        drawn = self.clips.windows(plan.seed, number, plan.windows, strength, self.own)
        return Window(*(tensor.to(self.device) for tensor in drawn))

    def _learn(self, number: int) -> dict[str, float]:
        """Push the gradients of batch `number`; of several processes each takes its own part of the batch."""
        plan, batch = self.plan, self.batches(number)
        silent, moved = (each(number, plan)[self.own].to(self.device) for each in (muted, unpainted))
        factors = weights(self.step, self.config.losses, plan)
        with autocast(self.precision, self.device):
            taught = self.teach(batch, silent, moved)
            nets = (self.model, self.syncnet, self.discriminator)
            learn = lips_learn(self.step, plan)
            terms = generator_terms(taught, batch, self.config, factors, *nets, learn, self.crew.mean)
        push(weighted(terms, factors), self.step, GENERATOR_RATE, plan.accumulate, self.crew)
        if self._critic_learns():
            with autocast(self.precision, self.device):
                terms["discriminator"] = discriminator_loss(taught, self.discriminator, self.config)
            push(terms["discriminator"], self.step, CRITIC_RATE, plan.accumulate, self.crew)
        return self.crew.numbers({**terms, **by_branch(taught)})

    def teach(self, batch: Window, silent: Tensor, moved: Tensor) -> Taught:
        """One forward pass, and what its pictures should be; a run that wants others says so."""
        return teach(self.model, batch, self.config, silent, moved)

    def _critic_learns(self) -> bool:
        return bool(self.config.losses.adversarial) and self.step >= self.plan.critic_from

    def operations(self) -> int:
        """Floating-point operations of the step to come, of this process."""
        plan, factors = self.plan, weights(self.step, self.config.losses, self.plan)
        windows = plan.windows // self.crew.size
        judged, critic = self.syncnet is not None, self._critic_learns()
        return plan.accumulate * effort.of_generator(self.config, windows, factors, judged, critic)

    def ready(self) -> None:
        """Put the generator into the mode it learns in; a run in which only a part of it learns says otherwise."""
        self.model.train()

    def _set_rates(self) -> None:
        plan = self.plan
        rate = learning_rate(self.step, plan.steps, plan.learning_rate, plan.final_learning_rate, plan.warmup)
        for group in self.optimiser.param_groups:
            group["lr"] = rate
        for group in self.critic_optimiser.param_groups:
            group["lr"] = plan.discriminator_rate * rate / plan.learning_rate
