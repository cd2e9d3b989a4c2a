"""One function a loss term; the names are the fields of LossWeights (paper, section 3.4).

B windows, F frames, h x w pixels, N samples, C channels, S slots. Every term is a mean over the batch, in float32, and
comes without its weight. Pictures are in 0..1.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn.functional import avg_pool2d, cross_entropy, pad, softplus

Across = Callable[[Tensor], Tensor]  # the mean of a number over the processes that share a batch, with its gradient

SMALLEST_COSINE = 1e-6  # -log of a cosine is cut here: 13.8
SMALLEST_SHARE = 1e-30  # of an address: far below softmax(kappa * cosine), and still a float32


def reconstruction(generated: Tensor, true: Tensor, weight: Tensor | None = None) -> Tensor:
    """L_rec = |I - I_true|_1, mean over pixels; the sum over the branches I_g and I_G is the caller's.

    weight: how many times a pixel counts, broadcast over them; None: once (paper).
    """
    error = (generated.float() - true.float()).abs()
    return (error if weight is None else error * weight).mean()


def alone(mine: Tensor) -> Tensor:
    """The mean over one process: the default `across` of the terms that are not a plain mean over the batch."""
    return mine


def mouth(generated: Tensor, true: Tensor, weights: Tensor, across: Across = alone) -> Tensor:
    """Ours: the same L1, averaged with a weight (B, F, 1, h, w) a pixel, such as a soft window on the mouth."""
    error = (generated.float() - true.float()).abs().mean(dim=-3, keepdim=True)
    return (error * weights).sum() / across(weights.sum()).clamp_min(torch.finfo(torch.float32).eps)


def detail(generated: Tensor, true: Tensor, weights: Tensor, across: Across = alone) -> Tensor:
    """Ours: L1 between how fine pictures (B, F, 3, h, w) are around each pixel, weighted as `mouth` is.

    `fineness` forgets where exactly an edge lies. L1 alone draws doubtful edges as their mean, which is soft.
    """
    return mouth(fineness(generated), fineness(true), weights, across)


def fineness(picture: Tensor) -> Tensor:
    """The mean size of the Laplacian in the 9 x 9 px around each pixel of `picture` (..., 3, h, w): (..., 1, h, w).

    It is blind to what changes from pixel to pixel and back (1/4, 1/2, 1/4 along both sides comes before it): else a
    chessboard, which a head that writes 2 x 2 pixels at once draws with ease, would pass for teeth.
    """
    grey = picture.float().mean(dim=-3).flatten(0, -3)[:, None]  # (N, 1, h, w)
    soft = avg_pool2d(avg_pool2d(pad(grey, (2, 2, 2, 2), mode="replicate"), 2, stride=1), 2, stride=1)  # 1 px larger
    beside = soft[..., 1:-1, 2:] + soft[..., 1:-1, :-2] + soft[..., 2:, 1:-1] + soft[..., :-2, 1:-1]
    edges = (beside - 4 * soft[..., 1:-1, 1:-1]).abs()
    around: Tensor = avg_pool2d(edges, 9, stride=1, padding=4, count_include_pad=False)
    return around.reshape(*picture.shape[:-3], 1, *picture.shape[-2:])


def audio_visual(cosine: Tensor) -> Tensor:
    """L_av = -log cos(video, audio), of the frozen SyncNet's features for five-frame windows: cosine (N,) in 0..1."""
    return -cosine.float().clamp_min(SMALLEST_COSINE).log().mean()


def visual_visual(generated: Tensor, true: Tensor) -> Tensor:
    """L_vv = |E_lip(generated) - E_lip(true)|_1 of lip features (..., C); the true side is fixed.

    The lip encoder must not learn from it: take both features from SyncTalkFace.judge_lips.
    """
    return (generated.float() - true.detach().float()).abs().mean()


def adversarial_generator(logits: Tensor) -> Tensor:
    """L_adv = -log D(generated): the generated pictures should pass for filmed."""
    return softplus(-logits.float()).mean()


def adversarial_discriminator(real: Tensor, fake: Tensor) -> Tensor:
    """-log D(real) - log(1 - D(fake)), with the mean over patches of each."""
    return softplus(-real.float()).mean() + softplus(fake.float()).mean()


def store(feature: Tensor, read: Tensor) -> Tensor:
    """L_store = ||f_lip - A_lip M_lip||^2 for features (..., C), the lip feature fixed.

    The mean over channels, where the paper has the sum, so that the weight does not depend on C.
    """
    return (feature.detach().float() - read.float()).square().mean()


def align(lip_address: Tensor, audio_address: Tensor, lips_learn: float = 0.0) -> Tensor:
    """L_align = KL(A_lip || A_aud) of addresses (..., S), summed over slots, mean over the rest.

    lips_learn: the share of its gradient that reaches A_lip; 0: A_lip is fixed, as what the sound has to find.
    """
    fixed = lip_address.detach()
    taught = fixed + lips_learn * (lip_address - fixed) if lips_learn else fixed
    target = taught.float().clamp_min(SMALLEST_SHARE)
    found = audio_address.float().clamp_min(SMALLEST_SHARE)
    return (target * (target.log() - found.log())).sum(-1).mean()


def balance(address: Tensor, across: Across = alone) -> Tensor:
    """Ours: log S - entropy of the mean address (..., S). 0 when all slots are used alike, log S when one is.

    Much of any recording is silence; without this the slots that serve it crowd out the others.
    """
    mean = across(address.float().flatten(0, -2).mean(0))
    entropy: Tensor = torch.special.entr(mean).sum()
    return math.log(len(mean)) - entropy


def sync_binary(cosine: Tensor, in_sync: Tensor) -> Tensor:
    """The sync expert's loss: -log cos of pairs in sync, -log(1 - cos) of the others; both of one shape."""
    probability = cosine.float().clamp(SMALLEST_COSINE, 1 - SMALLEST_COSINE)
    target = in_sync.float()
    return -(target * probability.log() + (1 - target) * (1 - probability).log()).mean()


def contrast(video: Tensor, audio: Tensor, temperature: float) -> Tensor:
    """InfoNCE both ways: video (N, C) and audio (N, C) of length one; row i of one belongs to row i of the other."""
    with torch.autocast(video.device.type, enabled=False):
        logits = video.float() @ audio.float().T / temperature
    own = torch.arange(len(logits), device=logits.device)
    return (cross_entropy(logits, own) + cross_entropy(logits.T, own)) / 2


def perplexity(address: Tensor) -> Tensor:
    """How many slots are in use: exp of the entropy of the mean address (..., S). 1: collapsed, S: all used alike.

    It falls for no weight: it is watched. Addresses that are all uniform also reach S; see `spread`.
    """
    mean = address.detach().float().flatten(0, -2).mean(0).clamp_min(SMALLEST_SHARE)
    return (-(mean * mean.log()).sum()).exp()


def spread(address: Tensor) -> Tensor:
    """How many slots one address spreads over: exp of the mean entropy of each address (..., S).

    It equals `perplexity` when all samples have the same address: then the memory tells nothing apart.
    """
    share = address.detach().float().clamp_min(SMALLEST_SHARE)
    return (-(share * share.log()).sum(-1).mean()).exp()
