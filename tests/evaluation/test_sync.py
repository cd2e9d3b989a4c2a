"""A judge over a whole clip: sound that is planted late is measured late, whoever judges."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from safetensors.torch import save_file
from torch import Tensor

from synctalkface.config import preset
from synctalkface.data.pack import stored_size
from synctalkface.errors import WeightsError
from synctalkface.evaluation.published import PublishedSyncNet, cepstra, load_published
from synctalkface.evaluation.sync import listen, measure
from synctalkface.models.syncnet import SyncNet
from synctalkface.person.judge import OwnJudge

RATE, FRAMES = 16_000, 60


class Bell:
    """A judge who can be checked by hand: brightness of the middle frame against loudness of 40 ms."""

    name, sample_rate = "bell", RATE

    def see(self, crops: NDArray[np.uint8]) -> Tensor:
        bright = torch.from_numpy(crops).float().mean((1, 2, 3))[2:-2] / 255
        return torch.stack([bright, 1 - bright], -1)

    def hear(self, waveform: NDArray[np.float32], moments: NDArray[np.float64]) -> Tensor:
        loud = []
        for moment in moments:
            begin = round((moment - 0.02) * RATE)
            part = waveform[max(0, begin) : max(0, begin + 640)]
            loud.append(float(np.abs(part).mean()) if len(part) else 0.0)
        return torch.stack([torch.tensor(loud), 1 - torch.tensor(loud)], -1)


def clip(late: int) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
    """Frames as bright as the sound is loud, which comes `late` frames later."""
    level = np.random.default_rng(0).uniform(0, 1, FRAMES + 60)
    crops = np.tile((level[30 : 30 + FRAMES, None, None, None] * 255).astype(np.uint8), (1, 8, 8, 3))
    loud = np.repeat(level[30 - late : 30 - late + FRAMES], 640).astype(np.float32)
    return crops, loud


@pytest.mark.parametrize("late", [-7, 0, 3, 12])
def test_a_planted_delay_is_measured(late: int) -> None:
    crops, waveform = clip(late)
    judge, centres = Bell(), (np.arange(FRAMES) + 0.5) / 25
    assert measure(judge, judge.see(crops), waveform, centres, 25.0).offset == late


def test_our_judge_hears_the_frame_itself_at_shift_zero() -> None:
    torch.manual_seed(0)
    config = preset("tiny")
    judge = OwnJudge(SyncNet(config), config)
    waveform = np.random.default_rng(1).standard_normal(RATE).astype(np.float32) * 0.1
    centres = (np.arange(20) + 0.5) / 25
    every = listen(judge, waveform, centres, 25.0, largest=3)
    assert every.shape == (7, 16, config.syncnet.channels)
    torch.testing.assert_close(every[3], judge.hear(waveform, centres[2:-2]))
    torch.testing.assert_close(every[5, :-2], every[3, 2:])  # two frames later is what the frame after next hears


def test_our_judge_sees_the_lower_half_without_the_margin() -> None:
    torch.manual_seed(0)
    config = preset("tiny")
    judge = OwnJudge(SyncNet(config), config)
    side = stored_size(config.face.size)
    crops = np.random.default_rng(2).integers(0, 256, (6, side, side, 3)).astype(np.uint8)
    seen = judge.see(crops)
    assert seen.shape == (2, config.syncnet.channels)
    changed = crops.copy()
    changed[:, : side // 2] = 0
    changed[:, -16:] = 0
    torch.testing.assert_close(judge.see(changed), seen)


def test_the_published_network_has_the_published_shapes_and_reads_safetensors(tmp_path: Path) -> None:
    torch.manual_seed(0)
    net = PublishedSyncNet().eval()
    assert net.netcnnlip(torch.zeros(1, 3, 5, 224, 224)).shape == (1, 512, 1, 1, 1)
    assert net.netcnnaud(torch.zeros(1, 1, 13, 20)).shape == (1, 512, 1, 1)
    save_file(net.state_dict(), tmp_path / "net.safetensors")
    judge = load_published(tmp_path / "net.safetensors")
    waveform = np.random.default_rng(3).standard_normal(RATE).astype(np.float32) * 0.1
    assert judge.hear(waveform, np.array([-0.5, 0.5, 9.0])).shape == (3, 1024)
    crops = np.random.default_rng(4).integers(0, 256, (6, 160, 160, 3)).astype(np.uint8)
    assert judge.see(crops).shape == (2, 1024)


def test_what_is_no_published_network_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "other.safetensors"
    save_file({"weight": torch.zeros(3)}, path)
    with pytest.raises(WeightsError, match=r"other\.safetensors.*docs/evaluation\.md"):
        load_published(path)


def test_cepstra_are_those_of_the_published_protocol() -> None:
    reference = pytest.importorskip("python_speech_features")
    samples = np.random.default_rng(5).standard_normal(12_345) * 3000
    np.testing.assert_allclose(cepstra(samples), reference.mfcc(samples, RATE).T, atol=1e-6)


def test_cepstra_follow_loudness_and_have_a_step_every_ten_milliseconds() -> None:
    tone = np.sin(np.arange(16_000) / RATE * 2 * np.pi * 440) * 1000
    found = cepstra(tone)
    assert found.shape == (13, 99)
    louder = cepstra(tone * 10)
    np.testing.assert_allclose(louder[0] - found[0], np.log(100), atol=1e-6)  # the log energy
    np.testing.assert_allclose(louder[1:], found[1:], atol=0.05)
