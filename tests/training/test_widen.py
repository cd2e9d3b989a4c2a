"""Weights of one reference begin a model of two: nearly the same picture at first, a gradient in all that is new."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from synctalkface import hub
from synctalkface.config import Config, preset
from synctalkface.errors import WeightsError
from synctalkface.models.generator import SyncTalkFace
from synctalkface.training.widen import SHY, trained, widened

TWO = preset("tiny")
ONE = replace(TWO, model=replace(TWO.model, references=1))
PAPER = preset("paper")


def model_of(config: Config) -> SyncTalkFace:
    torch.manual_seed(0)
    return SyncTalkFace(config).eval()


def given(references: int) -> dict[str, torch.Tensor]:
    made = torch.Generator().manual_seed(1)
    shapes = {
        "chunk": (1, TWO.audio.bands, 40),
        "lip_frames": (1, 6, 3, 64, 128),
        "pose": (1, 2, 3, 64, 128),
        "references": (1, 2, 3, 128, 128),
    }
    found = {name: torch.rand(shape, generator=made) for name, shape in shapes.items()}
    return {**found, "references": found["references"][:, :references], "starts": torch.tensor([[0, 3]])}


def test_the_first_picture_is_nearly_that_of_the_model_it_began_with() -> None:
    one, two = model_of(ONE), model_of(TWO)
    with torch.no_grad():
        one.decoder.head.weight.mul_(10)  # as after training: it draws something
        fresh = two(**given(2)).sound_drawing
        two.load_state_dict(widened(one.state_dict(), 1, TWO))
        before, after = one(**given(1)).sound_drawing, two(**given(2)).sound_drawing
    torch.testing.assert_close(after.paint, before.paint, rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(after.flow[:, :, :2], before.flow, rtol=1e-4, atol=1e-5)
    assert (after.flow[:, :, 2:] == 0).all()
    share = after.keep[:, :, 1:]
    torch.testing.assert_close(after.keep[:, :, :1], before.keep * (1 - share), rtol=1e-4, atol=1e-5)
    odds = torch.tensor(SHY).exp()
    assert 0 < float(share.max()) <= float(odds / (1 + odds))
    assert (fresh.paint - before.paint).abs().max() > 1e-3


def test_all_that_is_new_gets_a_gradient_at_once() -> None:
    two = model_of(TWO).train()
    two.load_state_dict(widened(model_of(ONE).state_dict(), 1, TWO))
    two(**given(2)).from_sound.square().mean().backward()
    fold = two.decoder.fold**2
    looked = two.face_encoder.reference[0][0].conv.weight.grad
    assert looked[:, looked.shape[1] // 2 :].abs().sum() > 0
    head = two.decoder.head.weight.grad
    assert all(head[row * fold : (row + 1) * fold].abs().sum() > 0 for row in range(9))


def test_the_papers_encoder_is_widened_too() -> None:
    config = replace(PAPER, model=replace(PAPER.model, references=3, channels=16, audio_widths=(4, 4)))
    small = replace(config.model, face_widths=(4,) * 7, decoder_widths=(8,) * 7, lip_widths=(4, 4))
    wide = replace(config, model=small)
    narrow = replace(wide, model=replace(small, references=1))
    state = model_of(narrow).state_dict()
    grown = widened(state, 1, wide)
    model_of(wide).load_state_dict(grown)
    first = "face_encoder.stages.0.0.conv.weight"
    assert grown[first].shape[1] == 12
    assert torch.equal(grown[first][:, :6], state[first])
    assert (grown[first][:, 6:] == 0).all()


def test_a_folder_of_one_reference_is_taken_and_one_of_another_width_is_not(tmp_path: Path) -> None:
    hub.save_module(model_of(ONE), ONE, tmp_path, hub.GENERATOR)
    model_of(TWO).load_state_dict(trained(tmp_path, TWO))
    assert trained(tmp_path, ONE).keys() == model_of(ONE).state_dict().keys()
    with pytest.raises(WeightsError, match="other settings of 'model'"):
        trained(tmp_path, replace(TWO, model=replace(TWO.model, max_flow=0.2)))
    hub.save_module(model_of(TWO), TWO, tmp_path / "two", hub.GENERATOR)
    with pytest.raises(WeightsError, match="other settings of 'model'"):
        trained(tmp_path / "two", ONE)


def test_weights_of_another_emphasis_or_articulation_begin_a_run_too(tiny_weights: Path) -> None:
    config = hub.load_config(tiny_weights)
    louder = replace(
        config,
        memory=replace(config.memory, emphasis=config.memory.emphasis + 1),
        model=replace(config.model, articulated=not config.model.articulated),
    )
    assert trained(tiny_weights, louder).keys() == SyncTalkFace(louder).state_dict().keys()
    with pytest.raises(WeightsError, match="memory"):
        trained(tiny_weights, replace(config, memory=replace(config.memory, sharpness=1.0)))
