"""The whole model: shapes, gradients, independence of clips, and the same drawing in use as in training."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from torch import Tensor, nn

from synctalkface import losses
from synctalkface.config import Config, preset
from synctalkface.errors import ConfigError
from synctalkface.models.decoder import Decoder, render
from synctalkface.models.generator import SyncTalkFace, for_use

EMPHATIC = preset("tiny")
TINY = replace(EMPHATIC, memory=replace(EMPHATIC.memory, emphasis=1.0))  # then use draws what training does
NO_MEMORY = replace(TINY, memory=replace(TINY.memory, enabled=False))
PAINT = replace(TINY, model=replace(TINY.model, head="paint"))
ONE = replace(TINY, model=replace(TINY.model, references=1))
Inputs = dict[str, Tensor]


def inputs(config: Config, clips: int = 2, frames: int = 5) -> Inputs:
    side, model = config.face.size, config.model
    seen = side if config.face.region == "face" else side // 2
    return {
        "chunk": torch.randn(clips, config.audio.bands, model.audio_steps + 4 * frames),
        "starts": (torch.arange(frames) * 3.2).long().expand(clips, frames),
        "lip_frames": torch.rand(clips, frames + model.lip_frames - 1, 3, seen, side),
        "pose": torch.rand(clips, frames, 3, side // 2, side),
        "references": torch.rand(clips, model.references, 3, side, side),
    }


def lived_in(config: Config, **options: bool) -> SyncTalkFace:
    """A model whose batch norms have seen something, in evaluation mode."""
    torch.manual_seed(1)
    model = SyncTalkFace(config, **options).train()
    with torch.no_grad():
        for _ in range(3):
            model(**inputs(config))
    return model.eval()


@pytest.mark.parametrize("name", ["paper", "base", "tiny"])
def test_every_preset_draws_its_region_for_every_frame(name: str) -> None:
    config = preset(name)
    model = SyncTalkFace(config).eval()
    with torch.no_grad():
        lesson = model(**inputs(config, clips=1, frames=2))
    height = 128 if name == "paper" else 64
    assert lesson.from_sound.shape == (1, 2, 3, height, 128)
    assert lesson.from_lips is not None
    assert lesson.from_lips.shape == (1, 2, 3, height, 128)
    assert lesson.heard.audio.shape == (1, 2, config.model.channels)
    assert lesson.heard.address is not None
    assert lesson.heard.address.shape == (1, 2, config.memory.slots)
    assert lesson.seen is not None
    assert lesson.seen.feature.shape == (1, 2, config.model.channels)
    for picture in (lesson.from_sound, lesson.from_lips):
        assert picture.min() >= 0
        assert picture.max() <= 1


@pytest.mark.parametrize("config", [TINY, PAINT, ONE, NO_MEMORY], ids=["move", "paint", "one reference", "no memory"])
def test_every_parameter_gets_a_gradient(config: Config) -> None:
    torch.manual_seed(0)
    model = SyncTalkFace(config).train()
    given = inputs(config)
    lesson = model(**given)
    true = torch.rand_like(lesson.from_sound)
    loss = losses.reconstruction(lesson.from_sound, true)
    if lesson.seen is not None and lesson.from_lips is not None and lesson.heard.address is not None:
        loss = loss + losses.reconstruction(lesson.from_lips, true)
        loss = loss + losses.store(lesson.seen.feature, lesson.seen.stored.lips)
        loss = loss + losses.align(lesson.seen.stored.address, lesson.heard.address)
    loss.backward()
    unreached = [name for name, p in model.named_parameters() if p.grad is None or not p.grad.abs().sum() > 0]
    assert unreached == []


@pytest.mark.parametrize("config", [TINY, PAINT, ONE, NO_MEMORY], ids=["move", "paint", "one reference", "no memory"])
def test_a_clip_does_not_see_the_others_of_its_batch(config: Config) -> None:
    model, given = lived_in(config), inputs(config, clips=3)
    other = {name: value.clone() for name, value in given.items()}
    for name in ("chunk", "lip_frames", "pose", "references"):
        other[name][0] = torch.rand_like(other[name][0])
    with torch.no_grad():
        first, second = model(**given), model(**other)
    torch.testing.assert_close(first.from_sound[1:], second.from_sound[1:], rtol=1e-4, atol=1e-5)
    assert (first.from_sound[0] - second.from_sound[0]).abs().max() > 1e-3


def test_the_references_serve_all_frames_of_a_clip() -> None:
    model, given = lived_in(TINY), inputs(TINY, clips=1, frames=4)
    with torch.no_grad():
        features = model.encode_references(given["references"])
        heard = model.recall_lips(given["chunk"], given["starts"])
        together = model.draw(given["pose"], features, heard.audio, heard.lips)
        alone = model.draw(given["pose"][:, 2:3], features, heard.audio[:, 2:3], heard.lips[:, 2:3])
    torch.testing.assert_close(together.paint[:, 2:3], alone.paint, rtol=1e-4, atol=1e-5)


def test_the_drawing_follows_the_sound_and_the_pose() -> None:
    model, given = lived_in(TINY), inputs(TINY)
    with torch.no_grad():
        before = model(**given).from_sound
        for name in ("chunk", "pose"):
            changed = {**given, name: torch.rand_like(given[name])}
            assert (model(**changed).from_sound - before).abs().max() > 1e-4, name


def test_both_branches_are_drawn_as_each_alone_would_be() -> None:
    model, given = lived_in(TINY), inputs(TINY)
    with torch.no_grad():
        lesson = model(**given)
        features = model.encode_references(given["references"])
        assert lesson.seen is not None
        sound = model.draw(given["pose"], features, lesson.heard.audio, lesson.heard.lips)
        lips = model.draw(given["pose"], features, lesson.heard.audio, lesson.seen.feature)
    torch.testing.assert_close(lesson.from_sound, render(sound, given["references"]), rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(lesson.from_lips, render(lips, given["references"]), rtol=1e-4, atol=1e-5)


def test_the_store_and_align_losses_do_not_teach_the_lip_encoder() -> None:
    model, given = SyncTalkFace(TINY).train(), inputs(TINY)
    lesson = model(**given)
    assert lesson.seen is not None
    assert lesson.seen.stored.address.requires_grad
    losses.align(lesson.seen.stored.address, lesson.heard.address).backward(retain_graph=True)
    assert _touched(model.lip_encoder) == []
    assert model.memory.values.grad is None
    assert model.memory.keys.grad is not None


def test_the_store_loss_teaches_the_values_only_where_the_lips_are_not_fixed() -> None:
    feature = torch.randn(2, 3, TINY.model.channels, requires_grad=True)
    model = SyncTalkFace(TINY).train()
    losses.store(feature, model.memory.store(feature.detach()).lips).backward()
    assert feature.grad is None
    assert model.memory.values.grad.abs().sum() > 0


def test_the_visual_visual_loss_teaches_the_pictures_and_not_the_judge() -> None:
    model = SyncTalkFace(TINY).train()
    generated = torch.rand(2, 5, 3, 64, 128, requires_grad=True)
    true = torch.rand(2, 5, 3, 64, 128, requires_grad=True)
    statistics = [buffer.clone() for buffer in model.lip_encoder.buffers()]
    losses.visual_visual(model.judge_lips(generated), model.judge_lips(true)).backward()
    assert generated.grad.abs().sum() > 0
    assert true.grad is None
    assert _touched(model.lip_encoder) == []
    assert all(torch.equal(a, b) for a, b in zip(statistics, model.lip_encoder.buffers(), strict=True))
    assert model.lip_encoder.training


def test_the_judge_finds_no_difference_between_equal_windows() -> None:
    model = SyncTalkFace(TINY).train()
    frames = torch.rand(2, 7, 3, 64, 128)
    assert model.judge_lips(frames).shape == (2, 3, TINY.model.channels)
    assert losses.visual_visual(model.judge_lips(frames), model.judge_lips(frames)) == 0


@pytest.mark.parametrize("config", [TINY, PAINT, ONE, NO_MEMORY], ids=["move", "paint", "one reference", "no memory"])
def test_the_model_for_use_draws_the_same(config: Config) -> None:
    model, given = lived_in(config), inputs(config)
    used = for_use(model)
    assert used.lip_encoder is None
    assert not used.training
    assert not any(isinstance(part, nn.BatchNorm2d) for part in used.modules())
    assert not any(parameter.requires_grad for parameter in used.parameters())
    with torch.no_grad():
        expected = model(**given).from_sound
        heard = used.recall_lips(given["chunk"], given["starts"])
        drawing = used.draw(given["pose"], used.encode_references(given["references"]), heard.audio, heard.lips)
    torch.testing.assert_close(render(drawing, given["references"]), expected, rtol=1e-3, atol=1e-4)
    assert all(parameter.requires_grad for parameter in model.parameters())


def test_the_weights_without_lip_encoder_are_those_of_the_model_less_its_lip_encoder() -> None:
    whole, small = SyncTalkFace(TINY), SyncTalkFace(TINY, lip_encoder=False)
    kept = {name: value for name, value in whole.state_dict().items() if not name.startswith("lip_encoder.")}
    small.load_state_dict(kept, strict=True)


def test_without_a_memory_the_sound_drives_the_decoder_alone() -> None:
    lesson = SyncTalkFace(NO_MEMORY)(**inputs(NO_MEMORY))
    assert lesson.from_lips is None
    assert lesson.seen is None
    assert lesson.heard.address is None
    assert torch.equal(lesson.heard.lips, lesson.heard.audio)


def test_the_moving_head_begins_as_hardly_any_change() -> None:
    drawing = SyncTalkFace(TINY)(**inputs(TINY)).sound_drawing
    assert drawing.flow.abs().mean() < 0.05
    first, second = drawing.keep.mean((0, 1, 3, 4)).tolist()
    assert 0.45 < first < 0.7  # e / (e + 2) = 0.58
    assert 0.12 < second < 0.35  # 1 / (e + 2) = 0.21, and as much is painted


def test_a_second_reference_is_looked_at_and_its_order_matters() -> None:
    model, given = lived_in(TINY), inputs(TINY)
    with torch.no_grad():
        before = model(**given).from_sound
        other = given["references"].clone()
        other[:, 1] = torch.rand_like(other[:, 1])
        assert (model(**{**given, "references": other}).from_sound - before).abs().max() > 1e-2
        assert (model(**{**given, "references": given["references"].flip(1)}).from_sound - before).abs().max() > 1e-2


def test_the_flow_never_exceeds_its_limit() -> None:
    model = SyncTalkFace(TINY)
    nn.init.normal_(model.decoder.head.weight, std=100)
    flow = model(**inputs(TINY)).sound_drawing.flow
    assert 0.3 < flow.abs().max() <= TINY.model.max_flow


def test_it_trains_under_mixed_precision() -> None:
    model = SyncTalkFace(TINY).train()
    with torch.autocast("cpu", torch.bfloat16):
        lesson = model(**inputs(TINY))
    assert lesson.from_sound.dtype == torch.float32
    assert lesson.heard.address.dtype == torch.float32
    lesson.from_sound.mean().backward()
    assert all(p.grad is None or p.grad.isfinite().all() for p in model.parameters())


def test_it_can_learn_one_window_by_heart() -> None:
    torch.manual_seed(0)
    model, given = SyncTalkFace(TINY).train(), inputs(TINY, frames=2)
    true = torch.rand(2, 1, 3, 4, 8).repeat_interleave(16, -1).repeat_interleave(16, -2).expand(-1, 2, -1, -1, -1)
    optimiser = torch.optim.Adam(model.parameters(), 1e-2)
    history = []
    for _ in range(40):
        lesson = model(**given)
        loss = losses.reconstruction(lesson.from_sound, true) + losses.reconstruction(lesson.from_lips, true)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        history.append(float(loss.detach()))
    assert history[-1] < 0.5 * history[0]


def test_an_encoder_that_cannot_serve_the_region_is_an_error_that_says_what_fits() -> None:
    with pytest.raises(ConfigError, match="'cached' with 'lower'"):
        SyncTalkFace(replace(TINY, face=replace(TINY.face, region="face")))


def test_levels_that_do_not_match_are_an_error_that_counts_them() -> None:
    model = replace(TINY.model, decoder_widths=(16, 12))
    with pytest.raises(ConfigError, match="2 levels"):
        Decoder(model, [(8, (32, 64)), (12, (16, 32)), (16, (8, 16))], 2)


def _touched(module: nn.Module | None) -> list[str]:
    assert module is not None
    return [name for name, p in module.named_parameters() if p.grad is not None and p.grad.abs().sum() > 0]


def test_in_use_recalled_lips_lie_farther_from_those_of_silence() -> None:
    loud = replace(TINY, memory=replace(TINY.memory, emphasis=2.0))
    plain, model = for_use(lived_in(TINY)), lived_in(loud)
    values = model.memory.values.detach().clone() if model.memory else None
    used, given = for_use(model), inputs(TINY)
    with torch.no_grad():
        rest = plain.recall_lips(plain.silence, torch.zeros(1, 1, dtype=torch.long)).lips
        before, after = (one.recall_lips(given["chunk"], given["starts"]) for one in (plain, used))
        still = used.recall_lips(used.silence, torch.zeros(1, 1, dtype=torch.long)).lips
    torch.testing.assert_close(after.lips - rest, 2 * (before.lips - rest), atol=1e-4, rtol=1e-4)
    torch.testing.assert_close(still, rest, atol=1e-5, rtol=1e-5)
    assert torch.equal(model.memory.values, values), "training goes on with what was learnt"
    torch.testing.assert_close(for_use(used).memory.values, used.memory.values)
