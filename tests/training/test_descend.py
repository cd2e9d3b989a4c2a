"""A step goes down the gradient; numbers that have run away stop it before anything is spoiled."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from synctalkface.errors import TrainingError
from synctalkface.training.descend import descend


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
