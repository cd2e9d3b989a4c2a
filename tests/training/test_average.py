"""The averaged weights follow the trained ones by the share that is asked for, and never the other way round."""

from __future__ import annotations

import torch
from torch import nn

from synctalkface.training.average import averaged_copy, follow


def net(value: float) -> nn.Module:
    module = nn.Sequential(nn.Linear(3, 2), nn.BatchNorm1d(2))
    with torch.no_grad():
        for tensor in [*module.parameters(), *module.buffers()]:
            tensor.fill_(value)
    return module


def test_weights_and_statistics_move_by_one_minus_decay() -> None:
    model = net(0)
    average = averaged_copy(model)
    follow(average, net(10), 0.9)
    follow(average, net(10), 0.9)
    for name, tensor in average.state_dict().items():
        expected = 10.0 if name.endswith("num_batches_tracked") else 1.9  # counters are copied
        torch.testing.assert_close(tensor.float(), torch.full_like(tensor, expected).float())
    assert all(bool((tensor == 0).all()) for tensor in model.state_dict().values())


def test_an_average_gets_no_gradient_and_is_in_evaluation_mode() -> None:
    average = averaged_copy(net(1).train())
    assert not average.training
    assert not any(parameter.requires_grad for parameter in average.parameters())
