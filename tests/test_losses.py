"""Every term against its definition, worked out by hand or by torch.distributions."""

from __future__ import annotations

from dataclasses import fields

import pytest
import torch
from torch.distributions import Bernoulli, Categorical, kl_divergence

from synctalkface import losses
from synctalkface.config import LossWeights


def addresses(*shape: int) -> torch.Tensor:
    return torch.softmax(torch.randn(*shape), -1)


def test_reconstruction_is_the_mean_distance_of_the_pixels() -> None:
    assert losses.reconstruction(torch.tensor([0.0, 0.5, 1.0]), torch.tensor([0.0, 0.0, 0.25])) == pytest.approx(
        1.25 / 3
    )


def test_the_mouth_term_sees_its_window_alone() -> None:
    true = torch.zeros(1, 2, 3, 4, 6)
    generated = true.clone()
    generated[..., :2, :] = 1  # outside
    generated[..., 2:, :3] = 0.4  # inside
    weights = torch.zeros(1, 2, 1, 4, 6)
    weights[..., 2:, :] = 0.7
    assert losses.mouth(generated, true, weights) == pytest.approx(0.2)


def test_the_mouth_term_with_even_weights_is_the_reconstruction() -> None:
    a, b = torch.rand(2, 3, 3, 4, 6), torch.rand(2, 3, 3, 4, 6)
    torch.testing.assert_close(losses.mouth(a, b, torch.full((2, 3, 1, 4, 6), 0.3)), losses.reconstruction(a, b))


def test_the_mouth_term_of_an_empty_window_is_zero() -> None:
    assert losses.mouth(torch.rand(1, 1, 3, 2, 2), torch.rand(1, 1, 3, 2, 2), torch.zeros(1, 1, 1, 2, 2)) == 0


def test_detail_is_the_difference_of_how_fine_pictures_are() -> None:
    """Stripes 1, 1, 0, 0 are 1/4, 3/4, 3/4, 1/4 when softened: their Laplacian is 1/2, that of an even picture 0."""
    stripes = (torch.arange(32) // 2) % 2
    fine = stripes.float().expand(1, 2, 3, 24, 32)
    weights = torch.zeros(1, 2, 1, 24, 32)
    weights[..., 8:16, 8:24] = 0.6  # away from the edges, which have fewer neighbours
    assert losses.detail(fine * 0.5, fine, weights) == pytest.approx(0.25)
    assert losses.detail(torch.full_like(fine, 0.3), fine, weights) == pytest.approx(0.5)
    assert losses.detail(fine.roll(1, -1), fine, weights) == pytest.approx(0.0, abs=1e-6)  # as fine, a pixel beside
    chessboard = ((torch.arange(24)[:, None] + torch.arange(32)) % 2).float().expand_as(fine)
    assert losses.detail(chessboard, fine, weights) == pytest.approx(0.5)  # not fine at all


def test_detail_is_felt_by_a_soft_picture_alone() -> None:
    torch.manual_seed(0)
    true = torch.rand(1, 1, 3, 16, 16)
    soft = torch.nn.functional.avg_pool2d(true[0], 3, 1, 1)[None].requires_grad_()
    everywhere = torch.ones(1, 1, 1, 16, 16)
    losses.detail(soft, true, everywhere).backward()
    assert soft.grad is not None
    sharper = soft - 0.5 * soft.grad / soft.grad.abs().max()
    assert losses.fineness(sharper).mean() > losses.fineness(soft).mean()


def test_audio_visual_is_the_negative_logarithm_of_the_cosine() -> None:
    cosine = torch.rand(8)
    torch.testing.assert_close(losses.audio_visual(cosine), -Bernoulli(cosine).log_prob(torch.ones(8)).mean())


def test_audio_visual_stays_finite_at_zero() -> None:
    assert losses.audio_visual(torch.zeros(2)) == pytest.approx(13.8, abs=0.1)


def test_visual_visual_is_the_mean_distance_and_leaves_the_true_side_alone() -> None:
    generated, true = torch.randn(2, 4, requires_grad=True), torch.randn(2, 4, requires_grad=True)
    loss = losses.visual_visual(generated, true)
    torch.testing.assert_close(loss, (generated - true).abs().sum() / 8)
    loss.backward()
    assert generated.grad is not None
    assert true.grad is None


def test_adversarial_terms_are_negative_log_likelihoods() -> None:
    real, fake = torch.randn(6), torch.randn(6)
    passed, caught = torch.ones(6), torch.zeros(6)
    torch.testing.assert_close(losses.adversarial_generator(fake), -Bernoulli(logits=fake).log_prob(passed).mean())
    expected = -(Bernoulli(logits=real).log_prob(passed) + Bernoulli(logits=fake).log_prob(caught)).mean()
    torch.testing.assert_close(losses.adversarial_discriminator(real, fake), expected)


def test_store_is_the_squared_distance_with_the_lips_fixed() -> None:
    feature, read = torch.randn(2, 3, 4, requires_grad=True), torch.randn(2, 3, 4, requires_grad=True)
    loss = losses.store(feature, read)
    torch.testing.assert_close(loss, ((feature - read) ** 2).sum() / 24)
    loss.backward()
    assert feature.grad is None
    assert read.grad is not None


def test_align_is_the_divergence_of_the_addresses_with_the_lips_fixed() -> None:
    lips = addresses(2, 3, 7).requires_grad_()
    audio = addresses(2, 3, 7).requires_grad_()
    loss = losses.align(lips, audio)
    torch.testing.assert_close(loss, kl_divergence(Categorical(probs=lips), Categorical(probs=audio)).mean())
    loss.backward()
    assert lips.grad is None
    assert audio.grad is not None


def test_align_of_equal_addresses_is_zero_and_of_sharp_ones_finite() -> None:
    address = addresses(5, 7)
    assert losses.align(address, address) == pytest.approx(0, abs=1e-6)
    assert torch.isfinite(losses.align(torch.eye(7), torch.eye(7).flip(0)))


def test_sync_binary_is_the_likelihood_of_the_labels() -> None:
    cosine, label = torch.rand(4, 4), torch.eye(4)
    torch.testing.assert_close(losses.sync_binary(cosine, label), -Bernoulli(cosine).log_prob(label).mean())


def test_sync_binary_at_one_half_is_chance() -> None:
    assert losses.sync_binary(torch.full((3,), 0.5), torch.tensor([1, 0, 1])) == pytest.approx(0.6931, abs=1e-4)


def test_sync_binary_stays_finite_where_it_is_wholly_wrong() -> None:
    assert torch.isfinite(losses.sync_binary(torch.tensor([0.0, 1.0]), torch.tensor([True, False])))


def test_contrast_is_the_likelihood_of_the_own_partner_both_ways() -> None:
    video, audio = torch.randn(5, 3), torch.randn(5, 3)
    ways = 0.0
    for ours, theirs in ((video, audio), (audio, video)):
        for i in range(5):
            logits = torch.stack([ours[i] @ other for other in theirs]) / 0.2
            ways -= float(Categorical(logits=logits).log_prob(torch.tensor(i)))
    assert float(losses.contrast(video, audio, 0.2)) == pytest.approx(ways / 10, rel=1e-4)


def test_perplexity_counts_the_slots_in_use() -> None:
    assert losses.perplexity(torch.eye(6)) == pytest.approx(6, rel=1e-4)
    assert losses.perplexity(torch.eye(6)[:2].repeat(3, 1)) == pytest.approx(2, rel=1e-4)
    assert losses.perplexity(torch.eye(6)[3].expand(2, 4, 6)) == pytest.approx(1, rel=1e-4)


def test_spread_counts_the_slots_of_one_address() -> None:
    assert losses.spread(torch.eye(6)) == pytest.approx(1, rel=1e-4)
    assert losses.spread(torch.full((2, 3, 6), 1 / 6)) == pytest.approx(6, rel=1e-4)


def test_terms_stay_in_float32_under_mixed_precision() -> None:
    a, b = torch.rand(4, 8), torch.rand(4, 8)
    with torch.autocast("cpu", torch.bfloat16):
        mixed = losses.contrast(a, b, 0.1)
    torch.testing.assert_close(mixed, losses.contrast(a, b, 0.1))


def test_every_weight_has_a_term_of_its_name() -> None:
    named = {field.name for field in fields(LossWeights)} - {"adversarial"}  # which has two sides
    assert all(callable(getattr(losses, name)) for name in named)
