"""A step goes down the gradient; numbers that have run away stop it before anything is spoiled."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from synctalkface.config import Config
from synctalkface.data.dataset import Clips
from synctalkface.errors import TrainingError
from synctalkface.training.descend import descend, move, push
from synctalkface.training.generator import GeneratorRun


def slope() -> tuple[nn.Parameter, torch.optim.Optimizer]:
    weight = nn.Parameter(torch.tensor([1.0, 2.0]))
    return weight, torch.optim.SGD([weight], lr=0.5)


def test_a_step_goes_against_the_gradient() -> None:
    weight, optimiser = slope()
    for _ in range(2):  # the gradient of the first step is forgotten
        descend((weight * torch.tensor([3.0, 4.0])).sum(), optimiser, 0, "rate")
    torch.testing.assert_close(weight.detach(), torch.tensor([-2.0, -2.0]))


def test_a_large_gradient_is_scaled_down() -> None:
    weight, optimiser = slope()
    descend((weight * torch.tensor([3.0, 4.0])).sum(), optimiser, 0, "rate", largest=1.0)
    torch.testing.assert_close(weight.detach(), torch.tensor([0.7, 1.6]))


@pytest.mark.parametrize("factor", [float("nan"), float("inf")])
def test_a_loss_that_is_no_number_stops_before_the_weights_are_touched(factor: float) -> None:
    weight, optimiser = slope()
    with pytest.raises(TrainingError, match=r"The loss is (nan|inf) at step 7\. Lower training\.learning_rate and"):
        descend((weight * factor).sum(), optimiser, 7, "training.learning_rate")
    assert weight.tolist() == [1.0, 2.0]


def test_so_does_a_gradient_that_is_no_number_under_a_loss_that_is_one() -> None:
    weight, optimiser = slope()

    def root_at_zero(at: Tensor) -> Tensor:  # its slope there is infinite
        return (at - at.detach()).abs().sum().sqrt()

    with pytest.raises(TrainingError, match=r"The gradient is nan at step 7"):
        descend(root_at_zero(weight), optimiser, 7, "training.learning_rate")
    assert weight.tolist() == [1.0, 2.0]


def test_gradients_of_several_passes_are_averaged_into_one_step() -> None:
    weight, optimiser = slope()
    optimiser.zero_grad()
    for factor in (torch.tensor([2.0, 4.0]), torch.tensor([4.0, 4.0])):
        push((weight * factor).sum(), 0, "rate", passes=2)
    move(optimiser, 0, "rate")
    torch.testing.assert_close(weight.detach(), torch.tensor([1.0 - 0.5 * 3.0, 2.0 - 0.5 * 4.0]))


def test_a_step_over_several_batches_has_the_mean_of_their_gradients(
    lessons: Clips, exam: Clips, config: Config, tmp_path: Path
) -> None:
    def gradients(accumulate: int, numbers: list[int]) -> list[Tensor]:
        torch.manual_seed(0)
        plan = replace(config.training, accumulate=accumulate)
        # what has running statistics, which each batch moves, is left out: a judge, and the lips of silence
        plain, model = replace(config.losses, visual_visual=0.0), replace(config.model, articulated=False)
        made = replace(config, training=plan, losses=plain, model=model)
        run = GeneratorRun(lessons, exam, made, tmp_path, None, torch.device("cpu"))
        run.ready()
        for number in numbers:
            run._learn(number)
        return [p.grad.clone() for p in run.model.parameters() if p.grad is not None]

    both, first, second = gradients(2, [0, 1]), gradients(1, [0]), gradients(1, [1])
    for mean, one, other in zip(both, first, second, strict=True):
        torch.testing.assert_close(mean, (one + other) / 2, rtol=1e-3, atol=1e-5)
