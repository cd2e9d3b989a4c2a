"""A GPU for as long as a job lasts, where the page runs on Hugging Face's shared ones; elsewhere nothing changes."""

from __future__ import annotations

import importlib.util
import inspect
from collections.abc import Callable
from typing import Any, TypeVar

Work = TypeVar("Work", bound=Callable[..., Any])

SECONDS = 120  # a job of a minute of video needs less
LEARNING = 120  # and so does learning a face before it


def on_gpu(work: Work) -> Work:
    """`work`, a function or a generator, with a GPU while it runs."""
    if importlib.util.find_spec("spaces") is None:
        return work
    import spaces

    names = inspect.signature(work)

    def seconds(*given: Any, **named: Any) -> int:
        return SECONDS + (LEARNING if names.bind(*given, **named).arguments.get("adapt") else 0)

    borrowed: Work = spaces.GPU(duration=seconds)(work)
    return borrowed
