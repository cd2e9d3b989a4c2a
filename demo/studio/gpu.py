"""A GPU for as long as a job lasts, where the page runs on Hugging Face's shared ones; elsewhere nothing changes."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from typing import Any, TypeVar

Work = TypeVar("Work", bound=Callable[..., Any])

SECONDS = 120  # a job of a minute of video needs less


def on_gpu(work: Work) -> Work:
    """`work`, a function or a generator, with a GPU while it runs."""
    if importlib.util.find_spec("spaces") is None:
        return work
    import spaces

    borrowed: Work = spaces.GPU(duration=SECONDS)(work)
    return borrowed
