"""Every frame hears its own window and nothing else, whether the clip is read whole or cut."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from synctalkface.config import Config, preset
from synctalkface.errors import ConfigError
from synctalkface.models.audio import ClipAudioEncoder, audio_encoder, gather_windows


def small(kind: str) -> Config:
    tiny = preset("tiny")
    steps = 16 if kind == "window" else 9
    return replace(tiny, model=replace(tiny.model, audio_encoder=kind, audio_steps=steps, audio_widths=(8, 8)))


@pytest.fixture(params=["window", "clip"])
def config(request: pytest.FixtureRequest) -> Config:
    return small(request.param)


def test_one_vector_a_frame(config: Config) -> None:
    encoder = audio_encoder(config).eval()
    features = encoder(torch.randn(2, 80, 40), torch.tensor([[0, 3, 6], [1, 4, 8]]))
    assert features.shape == (2, 3, config.model.channels)


def test_a_five_frame_chunk_and_the_whole_clip_agree(config: Config) -> None:
    encoder = audio_encoder(config).eval()
    clip = torch.randn(1, 80, 200)
    starts = (torch.arange(50) * 3.2).long().unsqueeze(0)
    whole = encoder(clip, starts)
    for first in (0, 17, 40):
        begin = int(starts[0, first])
        end = int(starts[0, first + 4]) + config.model.audio_steps
        chunk = encoder(clip[..., begin:end], starts[:, first : first + 5] - begin)
        torch.testing.assert_close(chunk, whole[:, first : first + 5], rtol=1e-5, atol=1e-5)


def test_a_frame_hears_exactly_its_window(config: Config) -> None:
    encoder, steps = audio_encoder(config).eval(), config.model.audio_steps
    chunk = torch.randn(1, 80, 40, requires_grad=True)
    encoder(chunk, torch.tensor([[7]])).sum().backward()
    assert chunk.grad is not None
    heard = chunk.grad.abs().sum((0, 1)).nonzero().flatten().tolist()
    assert heard == list(range(7, 7 + steps))


@pytest.mark.parametrize("name", ["base", "tiny"])
def test_the_clip_encoders_reach_is_the_configured_one(name: str) -> None:
    encoder = ClipAudioEncoder(preset(name)).eval()
    steps = preset(name).model.audio_steps
    assert encoder.blocks(torch.zeros(1, 80, steps)).shape[-1] == 1


def test_windows_are_gathered_as_a_loop_would() -> None:
    chunk, starts = torch.randn(2, 3, 20), torch.tensor([[0, 5], [2, 12]])
    windows = gather_windows(chunk, starts, 8)
    for b in range(2):
        for f in range(2):
            begin = int(starts[b, f])
            assert torch.equal(windows[b, f], chunk[b, :, begin : begin + 8])


def test_a_reach_that_is_too_short_is_an_error_that_names_the_setting() -> None:
    tiny = preset("tiny")
    with pytest.raises(ConfigError, match=r"model\.audio_steps"):
        ClipAudioEncoder(replace(tiny, model=replace(tiny.model, audio_steps=4)))
