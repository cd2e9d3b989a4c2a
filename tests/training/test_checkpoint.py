"""The state of a run comes back bit for bit, or the file says what is wrong with it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import nn
from torch.optim import Adam

from synctalkface.config import preset, to_json
from synctalkface.errors import WeightsError
from synctalkface.training import checkpoint

CONFIG = to_json(preset("tiny"))


def trained(steps: int, outputs: int = 2) -> tuple[nn.Module, Adam]:
    torch.manual_seed(0)
    net = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.Flatten(), nn.Linear(16, outputs))
    optimiser = Adam(net.parameters(), 0.01)
    for _ in range(steps):
        optimiser.zero_grad()
        net(torch.randn(5, 3, 4, 4)).square().mean().backward()
        optimiser.step()
    return net, optimiser


def test_nets_moments_and_step_come_back_bit_for_bit(tmp_path: Path) -> None:
    net, optimiser = trained(3)
    checkpoint.save(tmp_path, 3, CONFIG, {"net": net}, {"adam": optimiser})
    fresh, its_optimiser = trained(0)
    assert checkpoint.load(tmp_path, CONFIG, {"net": fresh}, {"adam": its_optimiser}) == 3
    for name, tensor in net.state_dict().items():
        assert torch.equal(fresh.state_dict()[name], tensor)
    before, after = optimiser.state_dict()["state"], its_optimiser.state_dict()["state"]
    assert before.keys() == after.keys()
    for index, state in before.items():
        for key, value in state.items():
            assert torch.equal(after[index][key], value)
    assert [path.name for path in tmp_path.iterdir()] == [checkpoint.NAME]


def test_an_optimiser_that_has_not_stepped_yet_comes_back_empty(tmp_path: Path) -> None:
    net, optimiser = trained(0)
    checkpoint.save(tmp_path, 1, CONFIG, {"net": net}, {"adam": optimiser})
    fresh, its_optimiser = trained(0)
    checkpoint.load(tmp_path, CONFIG, {"net": fresh}, {"adam": its_optimiser})
    assert its_optimiser.state_dict()["state"] == {}


def test_without_a_checkpoint_a_run_begins_at_0(tmp_path: Path) -> None:
    net, optimiser = trained(0)
    assert checkpoint.load(tmp_path, CONFIG, {"net": net}, {"adam": optimiser}) == 0


@pytest.mark.parametrize("damage", ["cut off", "no tensors", "no step"])
def test_a_damaged_checkpoint_names_itself_and_says_what_to_do(tmp_path: Path, damage: str) -> None:
    net, optimiser = trained(1)
    path = checkpoint.save(tmp_path, 1, CONFIG, {"net": net}, {"adam": optimiser})
    if damage == "cut off":
        path.write_bytes(path.read_bytes()[:-100])
    elif damage == "no tensors":
        path.write_text("")
    else:
        from safetensors.torch import load_file, save_file

        save_file(load_file(path), path, metadata={"config": CONFIG})
    with pytest.raises(WeightsError, match=r"checkpoint\.safetensors is damaged .* Delete it to start the run anew"):
        checkpoint.load(tmp_path, CONFIG, {"net": net}, {"adam": optimiser})


def test_the_checkpoint_of_another_model_is_refused(tmp_path: Path) -> None:
    net, optimiser = trained(1)
    checkpoint.save(tmp_path, 1, CONFIG, {"net": net}, {"adam": optimiser})
    other = to_json(preset("base"))
    with pytest.raises(WeightsError, match=r"other settings of 'memory'\. Choose another --out, or pass --no-resume"):
        checkpoint.load(tmp_path, other, {"net": net}, {"adam": optimiser})
    wider, its_optimiser = trained(0, outputs=3)
    with pytest.raises(WeightsError, match=r"belongs to another model\. Choose another --out"):
        checkpoint.load(tmp_path, CONFIG, {"net": wider}, {"adam": its_optimiser})


def test_losses_and_schedules_may_change_between_two_stretches_of_a_run(tmp_path: Path) -> None:
    net, optimiser = trained(1)
    checkpoint.save(tmp_path, 1, CONFIG, {"net": net}, {"adam": optimiser})
    tiny = preset("tiny")
    longer = replace(tiny, training=replace(tiny.training, steps=99), losses=replace(tiny.losses, mouth=1.0))
    assert checkpoint.load(tmp_path, to_json(longer), {"net": net}, {"adam": optimiser}) == 1


def test_what_an_interrupted_save_leaves_does_not_hurt(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    net, optimiser = trained(1)
    checkpoint.save(tmp_path, 1, CONFIG, {"net": net}, {"adam": optimiser})

    def interrupted(*arguments: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("synctalkface.training.checkpoint.os.replace", interrupted)
    with pytest.raises(KeyboardInterrupt):
        checkpoint.save(tmp_path, 2, CONFIG, {"net": net}, {"adam": optimiser})
    assert checkpoint.load(tmp_path, CONFIG, {"net": net}, {"adam": optimiser}) == 1
