"""What a host may ask of the worker: one JSON object a line, read strictly.

{"do": "hello", "protocol": 1}
{"do": "dub", "job": "7f", "video": ..., "speech": ..., "out": ..., "runs": [[0, 75, 1]], "rate": "25/1", ...}
{"do": "cancel", "job": "7f"}
{"do": "quit"}
"""

from __future__ import annotations

import json
from dataclasses import dataclass, fields
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from synctalkface.errors import ConfigError

PROTOCOL = 1
MOST_FRAMES = 10_000_000  # four days at 25 frames a second: more is a mistake


@dataclass(frozen=True)
class Hello:
    """The host's protocol."""

    protocol: int


@dataclass(frozen=True)
class Dub:
    """Dub the frames `source` of `video`, shown at `rate`, with what `speech` says from `speech_begin` (s) on.

    clip_rate: the rate by which the host counts the frames of `video`, which matters if they vary in length; 0: its
    own. weights, device, face, crf: as for LipSync.
    """

    job: str
    video: str
    speech: str
    out: str
    source: NDArray[np.int64]
    rate: Fraction
    speech_begin: float = 0.0
    clip_rate: float = 0.0
    weights: str | None = None
    device: str = "auto"
    face: str = "largest"
    crf: int = 18


@dataclass(frozen=True)
class Cancel:
    """Stop a job, or forget it if it has not begun."""

    job: str


@dataclass(frozen=True)
class Quit:
    """Stop everything and end."""


Command = Hello | Dub | Cancel | Quit


_PLAIN: dict[str, type[Hello | Cancel | Quit]] = {"hello": Hello, "cancel": Cancel, "quit": Quit}
_TYPES: dict[str, tuple[type, ...]] = {
    "str": (str,),
    "float": (int, float),
    "int": (int,),
    "str | None": (str, type(None)),
}


def parse(line: str) -> Command:
    """The command in `line`. Raises ConfigError if it is none."""
    try:
        data = json.loads(line)
        verb = data.pop("do")
    except (ValueError, AttributeError, KeyError, TypeError):
        raise ConfigError(f"This is no command: {line.strip()[:80]!r}. Send a JSON object with 'do'.") from None
    try:
        if verb == "dub":
            return _dub(data)
        return _PLAIN[verb](**data)
    except (KeyError, TypeError, ValueError, ZeroDivisionError) as error:
        raise ConfigError(
            f"The command '{verb}' is unknown or incomplete ({error}). Update the older program."
        ) from None


def expand(runs: list[list[int]]) -> NDArray[np.int64]:
    """The frames (M,) of `runs`, each [first, count, step]. Raises ValueError if they are none."""
    if not runs or sum(count for _, count, _ in runs) > MOST_FRAMES or min(count for _, count, _ in runs) < 1:
        raise ValueError("runs without frames, or with too many")
    frames = np.concatenate([first + step * np.arange(count, dtype=np.int64) for first, count, step in runs])
    if frames.min() < 0:
        raise ValueError("runs begin before frame 0")
    return frames


def _dub(data: dict[str, Any]) -> Dub:
    source, rate = expand(data.pop("runs")), Fraction(data.pop("rate"))
    if rate <= 0:
        raise ValueError("a rate that is not positive")
    for each in fields(Dub):
        wanted = _TYPES.get(str(each.type))
        if wanted and each.name in data and not isinstance(data[each.name], wanted):
            raise ValueError(f"{each.name} is no {each.type}")
    return Dub(source=source, rate=rate, **data)
