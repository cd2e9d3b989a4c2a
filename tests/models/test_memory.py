"""The memory finds what was put into it, by sound and by lips."""

from __future__ import annotations

import pytest
import torch

from synctalkface.config import MemoryConfig
from synctalkface.models.memory import AudioLipMemory

C, S = 8, 5


def planted(sharpness: float = 100.0) -> AudioLipMemory:
    """A memory without query maps whose keys are the unit vectors, and whose values are told apart by their size."""
    memory = AudioLipMemory(C, MemoryConfig(slots=S, sharpness=sharpness, centred=False))
    with torch.no_grad():
        memory.keys.copy_(torch.eye(S, C))
        memory.values.copy_(torch.eye(S, C).flip(0) * torch.arange(1, S + 1).unsqueeze(1))
    return memory


@pytest.mark.parametrize("slot", range(S))
def test_a_sound_recalls_the_lips_planted_at_its_key(slot: int) -> None:
    memory = planted()
    recall = memory.recall(3 * memory.keys[slot])
    torch.testing.assert_close(recall.lips, memory.values[slot])
    torch.testing.assert_close(recall.address, torch.eye(S)[slot])


@pytest.mark.parametrize("slot", range(S))
def test_lips_find_the_slot_that_holds_them(slot: int) -> None:
    memory = planted()
    stored = memory.store(0.5 * memory.values[slot])
    assert int(stored.address.argmax()) == slot
    torch.testing.assert_close(stored.lips, memory.values[slot])


def test_the_address_is_the_papers_softmax_over_cosines() -> None:
    memory = AudioLipMemory(C, MemoryConfig(slots=S, centred=False))
    audio = torch.randn(C)
    cosines = torch.stack([torch.dot(audio, key) / (audio.norm() * key.norm()) for key in memory.keys])
    expected = (16 * cosines).exp() / (16 * cosines).exp().sum()
    recall = memory.recall(audio)
    torch.testing.assert_close(recall.address, expected)
    torch.testing.assert_close(recall.lips, sum(a * value for a, value in zip(expected, memory.values, strict=True)))


def test_an_address_reads_the_mix_of_its_slots() -> None:
    memory = planted()
    half = torch.tensor([0.5, 0, 0, 0, 0.5])
    torch.testing.assert_close(memory.read(half), (memory.values[0] + memory.values[4]) / 2)


def test_what_all_features_share_does_not_decide_the_address() -> None:
    memory = AudioLipMemory(C, MemoryConfig(slots=S)).train()
    features = torch.randn(64, C)
    torch.testing.assert_close(
        memory.recall(features).address, memory.recall(features + 50).address, rtol=1e-3, atol=1e-3
    )


def test_leading_shapes_are_kept() -> None:
    memory = AudioLipMemory(C, MemoryConfig(slots=S))
    recall = memory.recall(torch.randn(2, 3, C))
    assert recall.lips.shape == (2, 3, C)
    assert recall.address.shape == (2, 3, S)
    torch.testing.assert_close(recall.address.sum(-1), torch.ones(2, 3))


def test_it_stays_in_float32_under_mixed_precision() -> None:
    memory = AudioLipMemory(C, MemoryConfig(slots=S)).eval()
    audio = torch.randn(4, C)
    with torch.autocast("cpu", torch.bfloat16):
        mixed = memory.recall(audio)
    assert mixed.lips.dtype == torch.float32
    torch.testing.assert_close(mixed.lips, memory.recall(audio).lips)


def test_emphasis_moves_what_every_address_reads_away_from_rest_and_rest_nowhere() -> None:
    memory = AudioLipMemory(C, MemoryConfig(slots=S, emphasis=1.5))
    addresses = torch.softmax(torch.randn(7, S), dim=-1)
    rest = memory.read(addresses[0]).detach()
    before = memory.read(addresses).detach()
    memory.emphasise(rest)
    torch.testing.assert_close(memory.read(addresses) - rest, 1.5 * (before - rest), atol=1e-5, rtol=1e-5)
    again = memory.values.detach().clone()
    memory.emphasise(rest)
    assert torch.equal(memory.values, again), "once is enough"
