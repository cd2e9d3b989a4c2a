"""The run that adapts a generator to footage: its eyes and hands learn, its ears and its memory stay as they are.

What the sound asks for and what the memory answers was learnt from much speech; a few seconds would only spoil it. The
face encoder and the decoder learn how this face looks while it says what it is told, after one number has been found:
how far its lips go.
"""

from __future__ import annotations

import copy
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from synctalkface import hub
from synctalkface.config import Config
from synctalkface.data.window import Window
from synctalkface.events import Listener, Progress, ignore
from synctalkface.faces.crop import mouth_mask
from synctalkface.models.generator import emphasise, for_use
from synctalkface.models.syncnet import SyncNet
from synctalkface.training.emphasis import fitted
from synctalkface.training.footage import Footage
from synctalkface.training.generator import GeneratorRun
from synctalkface.training.held_out import Examination, Score
from synctalkface.training.lessons import Lessons
from synctalkface.training.terms import Taught, drawn_region, teach

ENOUGH = 4.0  # seconds to learn from; of what less than that taught, only a share is believed
LEARNS = ("face_encoder.", "decoder.levels.", "decoder.head.")  # beginnings of the parameters' names
KEEPS = ("decoder.levels.0.",)  # but these: with the layer before, they say where lips are, not what they look like
AROUND = 5.0  # how many times more the pixels count that a dub does not show
SHARES = (1.0, 0.75, 0.5, 0.25)  # of what was learnt: of all of it, the held-out frames may say it is too much
STATISTICS = ("running_mean", "running_var", "num_batches_tracked")  # of a norm


@dataclass(frozen=True)
class Recipe:
    """How a model is adapted. The defaults are what docs/log.md found best."""

    steps: int = 200  # at most
    windows: int = 4  # of consecutive frames in each
    learning_rate: float = 3e-4
    final_learning_rate: float = 3e-5
    ema: float = 0.98
    voice: float = 1.0  # how far the voice varies, 0..1
    mute: float = 0.3  # share of windows drawn from the recalled lips alone
    mouth: float = 10.0  # weight of the L1 inside the mouth window
    detail: float = 30.0  # weight of how finely the mouth is drawn: few frames of L1 alone make teeth soft
    audio_visual: float = 0.0  # weight of the sync expert's opinion: in few frames it is pleased by patterns, not lips
    warmup: int = 25  # steps in which the learning rate rises
    every: int = 50  # steps between two looks at what is held out
    seed: int = 0  # of what is drawn
    patience: int = 4  # looks in a row that end the run, if nothing learnt is better than what it began with

    def applied(self, config: Config) -> Config:
        """`config` with the losses and the schedule of this recipe; those of the frozen parts count nothing."""
        return replace(
            config,
            losses=replace(
                config.losses,
                mouth=self.mouth,
                detail=self.detail,
                audio_visual=self.audio_visual,
                adversarial=0.0,
                store=0.0,
                align=0.0,
                balance=0.0,
            ),
            training=replace(
                config.training,
                steps=self.steps,
                windows=self.windows,
                accumulate=1,
                learning_rate=self.learning_rate,
                final_learning_rate=self.final_learning_rate,
                warmup=self.warmup,
                ema=self.ema,
                audio_visual_from=0,
                visual_visual_from=0,
                augment_from=0,
                augment_full=0,
                augment_strength=self.voice,
                mute=self.mute,
                seed=self.seed,
            ),
        )


def learns(name: str) -> bool:
    """Whether adaptation changes the tensor called `name`."""
    return name.startswith(LEARNS) and not name.startswith(KEEPS) and not name.endswith(STATISTICS)


class Outcome(NamedTuple):
    """The end of an adaptation. `state` is that of the latest weights better than the base; its own if none were."""

    state: dict[str, Tensor]
    step: int  # at which they were reached; 0: the base
    share: float  # of what was learnt until then that they keep (see SHARES)
    steps: int  # that were run
    before: Score
    after: Score
    times: float  # as far as with the base that lips go (see training.emphasis)

    def applied(self, config: Config) -> Config:
        """The settings `config` of the base, as they are for the adapted weights."""
        return replace(config, memory=replace(config.memory, emphasis=self.times * config.memory.emphasis))


class Adaptation(GeneratorRun):
    """Training steps as in GeneratorRun, of some parts alone, judged by the end of each footage."""

    def __init__(
        self,
        footage: Sequence[Footage],
        base: Path,
        recipe: Recipe,
        syncnet: SyncNet | None,
        device: torch.device,
        listener: Listener = ignore,
    ) -> None:
        config = recipe.applied(hub.load_config(base))
        lessons = Lessons(footage, config)
        super().__init__(lessons, lessons, config, base, syncnet, device)
        self.begin_from(base)
        self.footage, self.recipe = footage, recipe
        self.base = copy.deepcopy(self.average.state_dict())
        self.trust = min(1.0, lessons.seconds / ENOUGH)
        self.examination = Examination(footage, lessons)
        self.before = self.judge()
        self.times = fitted(self.average, Examination(footage, lessons, longer=True), listener)
        for model in (self.model, self.average):
            if model.memory is not None:
                model.memory.emphasis *= self.times
        self.usual = for_use(self.average)
        self.shown = _shown(footage, config).to(device)
        emphasise(self.model)  # what learns to draw sees the lips that it will be shown in use
        for name, parameter in self.model.named_parameters():
            parameter.requires_grad_(learns(name))

    def ready(self) -> None:
        """Statistics stay those of the base: a batch of one face has others, and the frozen parts must not move."""
        self.model.eval()

    def teach(self, batch: Window, silent: Tensor, moved: Tensor) -> Taught:
        """What a dub shows is learnt from the footage; around it the pictures shall stay as they were, all the more.

        A few seconds show few poses, and what lies behind a head would be learnt from those alone.
        """
        taught = super().teach(batch, silent, moved)
        with torch.no_grad():
            usual = teach(self.usual, batch, self.config, silent, moved).lesson.from_sound
        true = torch.lerp(usual.float(), taught.true.float(), self.shown)
        return taught._replace(true=true, weight=1 + AROUND * (1 - self.shown))

    def adapt(self, listener: Listener = ignore) -> Outcome:
        """Learn until the steps are over, or what is held out has long gained nothing by it. Writes nothing.

        Of the weights that draw it better than the base the latest are kept: they are the mean over more steps, at a
        lower rate, and between two looks a few frames tell little. Of their shares it is the one with the nearest
        pixels: lips alone come nearer in few frames while the picture turns away.
        """
        before, kept, times = self.before, self.before, 1.0
        if self.times != 1 and (score := self.judge(0.0)).gain(before) > 0:
            kept, times = score, self.times
        least, missed = kept.gain(before), 0
        state, found, believed, started = self.base, 0, 0.0, time.monotonic()
        for step in range(1, self.recipe.steps + 1):
            self.update()
            self.step = step
            left = (time.monotonic() - started) / step * (self.recipe.steps - step)
            listener(Progress("adapt", step, self.recipe.steps, left))
            if step % self.recipe.every == 0 or step == self.recipe.steps:
                scores = {share: self.judge(share) for share in SHARES}
                better = [share for share in SHARES if scores[share].gain(before) > least]
                if better:
                    share = min(better, key=lambda share: scores[share].l1)
                    kept, found, believed, state = scores[share], step, share, self.learnt(share)
                    times, missed = self.times, 0
                elif (missed := missed + 1) == self.recipe.patience:
                    break
        if self.average.memory is not None:
            self.average.memory.emphasis = times * self.config.memory.emphasis
        return Outcome(state, found, believed, self.step, before, kept, times)

    def learnt(self, share: float = 1.0) -> dict[str, Tensor]:
        """The averaged weights, or a `share` of the way to them from the base.

        After little footage it is less than that share, since they fit its few frames too well.
        """
        state, far = self.average.state_dict(), share * self.trust
        for name, before in self.base.items():
            state[name] = torch.lerp(before, state[name], far) if learns(name) else before.clone()
        return state

    def judge(self, share: float = 1.0) -> Score:
        """A `share` of what was learnt, as in use, on the frames at the end of each footage."""
        judged = copy.deepcopy(self.average)
        judged.load_state_dict(self.learnt(share))
        return self.examination.score(for_use(judged))


def _shown(footage: Sequence[Footage], config: Config) -> Tensor:
    """How much of each pixel of the drawn region (1, 1, 1, h, w) a dub shows, in the mean over the frames."""
    size, upright = config.face.size, np.eye(2, 3)
    masks = [mouth_mask(points, upright, size) for one in footage for points in one.stored.landmarks]
    mean = np.mean(masks, axis=0)
    either = torch.from_numpy(np.maximum(mean, mean[:, ::-1]))  # some samples are mirrored
    return drawn_region(either[None, None, None], config)
