"""The user's word for a device leads to a device that is there, or to a sentence."""

from __future__ import annotations

import pytest
import torch

from synctalkface.device import find_device
from synctalkface.errors import ConfigError


def test_auto_takes_the_gpu_where_there_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    assert find_device("auto") == torch.device("cuda")


def test_auto_is_the_cpu_where_there_is_no_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert find_device("auto") == torch.device("cpu")


def test_a_second_gpu_is_refused_where_there_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    assert find_device("cuda:0") == torch.device("cuda:0")
    with pytest.raises(ConfigError, match=r"no device 'cuda:1'.*--device cpu"):
        find_device("cuda:1")


def test_an_apple_gpu_is_refused_where_there_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    with pytest.raises(ConfigError, match="Apple GPU"):
        find_device("mps")


@pytest.mark.parametrize("name", ["gpu", "", "cuda:x"])
def test_a_word_that_is_no_device_is_refused(name: str) -> None:
    with pytest.raises(ConfigError, match="not a device"):
        find_device(name)
