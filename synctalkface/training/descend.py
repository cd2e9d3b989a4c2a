"""One step down the gradient of a loss, refused as soon as the numbers have run away."""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.optim import Optimizer

from synctalkface.errors import TrainingError
from synctalkface.training.crew import Crew

ALONE = Crew()


def descend(
    loss: Tensor, optimiser: Optimizer, step: int, rate: str, largest: float = math.inf, crew: Crew = ALONE
) -> None:
    """Move the parameters of `optimiser` against the gradient of `loss` (), scaled down to the norm `largest`.

    Raises TrainingError, before anything is moved, if loss or gradient is no finite number at `step`. `rate` is the
    setting that its sentence advises to lower.
    """
    optimiser.zero_grad(set_to_none=True)
    push(loss, step, rate, crew=crew)
    move(optimiser, step, rate, largest, crew)


def push(loss: Tensor, step: int, rate: str, passes: int = 1, crew: Crew = ALONE) -> None:
    """Add the gradient of `loss`, one of `passes` whose mean is meant, to what was pushed since the last move."""
    _refuse_runaway("loss", float(crew.mean(loss.detach())), step, rate)
    torch.autograd.backward(loss if passes == 1 else loss / passes)


def move(optimiser: Optimizer, step: int, rate: str, largest: float = math.inf, crew: Crew = ALONE) -> None:
    """Move the parameters of `optimiser` against the mean over `crew` of what was pushed."""
    parameters = [parameter for group in optimiser.param_groups for parameter in group["params"]]
    crew.average_gradients(parameters)
    norm = torch.nn.utils.clip_grad_norm_(parameters, largest)
    _refuse_runaway("gradient", float(norm), step, rate)
    optimiser.step()


def _refuse_runaway(what: str, value: float, step: int, rate: str) -> None:
    if not math.isfinite(value):
        raise TrainingError(f"The {what} is {value} at step {step}. Lower {rate} and resume.")
