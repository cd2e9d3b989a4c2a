"""One step's terms: named as their weights, reaching every parameter they should and none they should not."""

from __future__ import annotations

from dataclasses import asdict, fields, replace

import pytest
import torch
from torch import nn

from synctalkface.config import Config, LossWeights, preset
from synctalkface.data.dataset import Clips
from synctalkface.data.window import Window
from synctalkface.models.discriminator import Discriminator
from synctalkface.models.generator import SyncTalkFace
from synctalkface.models.syncnet import SyncNet
from synctalkface.training.terms import by_branch, discriminator_loss, generator_terms, teach, weighted

TINY = preset("tiny")
NO_MEMORY = replace(TINY, memory=replace(TINY.memory, enabled=False))
ALL = LossWeights(**dict.fromkeys((f.name for f in fields(LossWeights)), 1.0))


@pytest.fixture
def batch(lessons: Clips) -> Window:
    return lessons.windows(0, 0, 2, 0.0)


class Nets:
    """The three nets of a run."""

    def __init__(self, config: Config) -> None:
        torch.manual_seed(0)
        self.model, self.syncnet, self.critic = SyncTalkFace(config).train(), SyncNet(config), Discriminator(config)

    def terms(self, batch: Window, config: Config, factors: LossWeights) -> dict[str, torch.Tensor]:
        taught = teach(self.model, batch, config)
        return generator_terms(taught, batch, config, factors, self.model, self.syncnet, self.critic)


def without_gradient(module: nn.Module) -> list[str]:
    return [name for name, p in module.named_parameters() if p.grad is None or not bool(p.grad.abs().sum() > 0)]


def test_every_term_has_a_weight_of_its_name(batch: Window) -> None:
    terms = Nets(TINY).terms(batch, TINY, ALL)
    assert set(terms) == set(asdict(ALL))
    assert all(term.shape == () and bool(torch.isfinite(term)) for term in terms.values())


def test_a_term_of_unknown_name_stops_the_run() -> None:
    with pytest.raises(KeyError, match="beauty"):
        weighted({"beauty": torch.ones(())}, ALL)


def test_the_loss_is_each_term_times_its_weight() -> None:
    factors = LossWeights(reconstruction=10.0, align=0.5)
    terms = {"reconstruction": torch.tensor(0.25), "align": torch.tensor(3.0)}
    assert float(weighted(terms, factors)) == pytest.approx(4.0)


def test_terms_of_weight_0_are_not_computed(batch: Window) -> None:
    factors = replace(ALL, audio_visual=0.0, visual_visual=0.0, adversarial=0.0, mouth=0.0, detail=0.0)
    off = {"audio_visual", "visual_visual", "adversarial", "mouth", "detail"}
    assert not set(Nets(TINY).terms(batch, TINY, factors)) & off


def test_without_memory_or_sync_expert_their_terms_are_left_out(batch: Window) -> None:
    nets = Nets(NO_MEMORY)
    assert set(nets.terms(batch, NO_MEMORY, ALL)) == {
        "reconstruction",
        "mouth",
        "detail",
        "audio_visual",
        "adversarial",
    }
    taught = teach(nets.model, batch, NO_MEMORY)
    assert len(taught.generated) == 1
    alone = generator_terms(taught, batch, NO_MEMORY, ALL, nets.model, None, nets.critic)
    assert "audio_visual" not in alone


def test_the_loss_reaches_every_parameter_of_the_generator_and_no_judge(batch: Window) -> None:
    nets = Nets(TINY)
    weighted(nets.terms(batch, TINY, ALL), ALL).backward()
    assert without_gradient(nets.model) == []
    for judge in (nets.syncnet, nets.critic):
        assert all(parameter.grad is None for parameter in judge.parameters())
        assert all(parameter.requires_grad for parameter in judge.parameters())


def test_the_critics_loss_reaches_the_critic_alone(batch: Window) -> None:
    nets = Nets(TINY)
    discriminator_loss(teach(nets.model, batch, TINY), nets.critic, TINY).backward()
    assert without_gradient(nets.critic) == []
    assert all(parameter.grad is None for parameter in nets.model.parameters())


def test_both_branches_are_compared_with_the_frames_in_the_middle(batch: Window) -> None:
    taught = teach(Nets(TINY).model, batch, TINY)
    reach = TINY.model.lip_frames // 2
    assert torch.equal(taught.true, batch.faces[:, reach:-reach, :, 64:])
    assert [branch.shape for branch in taught.generated] == [taught.true.shape] * 2


def test_a_perfect_picture_costs_nothing(batch: Window) -> None:
    nets = Nets(TINY)
    taught = teach(nets.model, batch, TINY)
    perfect = taught._replace(generated=[taught.true, taught.true])
    factors = replace(ALL, audio_visual=0.0, adversarial=0.0)
    terms = generator_terms(perfect, batch, TINY, factors, nets.model, None, nets.critic)
    for name in ("reconstruction", "mouth", "visual_visual"):
        assert float(terms[name].detach()) == 0


def test_the_log_has_the_reconstruction_of_each_branch(batch: Window) -> None:
    taught = teach(Nets(TINY).model, batch, TINY)
    parts = by_branch(taught)
    assert set(parts) == {"reconstruction_from_sound", "reconstruction_from_lips"}
    whole = Nets(TINY).terms(batch, TINY, ALL)["reconstruction"]
    torch.testing.assert_close(sum(parts.values()), whole, rtol=1e-4, atol=1e-6)
    assert set(by_branch(teach(Nets(NO_MEMORY).model, batch, NO_MEMORY))) == {"reconstruction_from_sound"}
