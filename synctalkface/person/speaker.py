"""Who of the people in a clip is speaking: whose mouth agrees best with the clip's own sound.

The clip is looked at 25 times a second, whatever its rate, since that is what the sync expert knows. K faces,
M moments, W windows, C channels of a feature.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from synctalkface.clock import shown_at
from synctalkface.events import Listener, Progress, ignore
from synctalkface.metrics import LARGEST_SHIFT, sync_certainty
from synctalkface.person.cutout import cut_out
from synctalkface.person.follow import Followed
from synctalkface.person.judge import OwnJudge
from synctalkface.person.usable import Why
from synctalkface.video import Frame, Video, read_sequence

RATE = 25.0  # moments a second
STRETCH = 100  # moments looked at in one go
MOST = 12  # stretches of a long clip, spread evenly over it
WINDOW = 5  # moments that the sync expert sees at once


class Seen(NamedTuple):
    """What the sync expert saw of one face: W windows, the moments of their middles and their features."""

    windows: list[int]
    features: list[Tensor]  # each (n, C), W in all


def agreement(
    judge: OwnJudge,
    clip: Video,
    faces: Sequence[Followed],
    waveform: NDArray[np.float32],
    on_progress: Listener = ignore,
) -> list[float]:
    """How well each of K `faces` agrees with the clip's own sound, in standard errors (metrics.sync_certainty).

    waveform: (n,) at the judge's rate. 0 for a face that is never seen long enough. Each has the offset that suits it
    best, as sound and picture of a file may be some frames apart; lips that fit no sound reach 2 to 2.5.
    """
    seen = [Seen([], []) for _ in faces]
    stretches, started = _stretches(clip, faces), time.monotonic()
    for done, stretch in enumerate(stretches, start=1):
        for number, run in _runs(clip, faces, stretch, judge.config.face.size):
            first, crops = run
            seen[number].windows.extend(range(first + WINDOW // 2, first + len(crops) - WINDOW // 2))
            seen[number].features.append(judge.see(np.stack(crops)))
        left = (time.monotonic() - started) / done * (len(stretches) - done)
        on_progress(Progress("find the speaker", done, len(stretches), left))
    wanted = sorted({window + shift for one in seen for window in one.windows for shift in _SHIFTS})
    if not wanted:
        return [0.0 for _ in faces]
    sounds = judge.hear(waveform, (np.array(wanted) + 0.5) / RATE)
    return [_certainty(one, np.array(wanted), sounds) for one in seen]


_SHIFTS = range(-LARGEST_SHIFT, LARGEST_SHIFT + 1)


def _certainty(seen: Seen, wanted: NDArray[np.int64], sounds: Tensor) -> float:
    """sounds: (len(wanted), C), what is heard at the moments `wanted`, in their order."""
    if not seen.windows:
        return 0.0
    moments = np.array(seen.windows)[None] + np.array(_SHIFTS)[:, None]
    heard = sounds[torch.from_numpy(np.searchsorted(wanted, moments))]  # (shifts, W, C)
    return round(sync_certainty(torch.cat(seen.features), heard), 2)


def _stretches(clip: Video, faces: Sequence[Followed]) -> list[range]:
    """The moments that are looked at: all of the part in which the faces were followed, or stretches spread over it."""
    first = min((face.first for face in faces), default=0)
    last = max((face.first + len(face.matrices) for face in faces), default=1) - 1
    low = int(clip.clock.starts[first] * RATE)
    high = max(low + 1, int((clip.clock.starts[last] + clip.clock.lengths[last]) * RATE))
    if high - low <= MOST * STRETCH:
        return [range(begin, min(begin + STRETCH, high)) for begin in range(low, high, STRETCH)]
    begins = np.linspace(low, high - STRETCH, MOST).round().astype(int)
    return [range(int(begin), int(begin) + STRETCH) for begin in begins]


def _runs(
    clip: Video, faces: Sequence[Followed], stretch: range, size: int
) -> Iterator[tuple[int, tuple[int, list[NDArray[np.uint8]]]]]:
    """Which face, and its first moment and crops (size, size, 3) in consecutive moments of one shot, WINDOW or more."""
    sources = shown_at(clip.clock, (np.array(stretch) + 0.5) / RATE)
    open_runs: list[tuple[int, list[NDArray[np.uint8]]]] = [(0, []) for _ in faces]
    before = -1
    for moment, source, frame in zip(stretch, sources, read_sequence(clip, sources), strict=True):
        for number, face in enumerate(faces):
            first, crops = open_runs[number]
            fresh = any(before < start <= source for start in face.cuts)
            crop = _crop(frame, face, int(source), size)
            if (crop is None or fresh) and len(crops) >= WINDOW:
                yield number, (first, crops)
            if crop is None or fresh or not crops:
                first, crops = moment, []
                open_runs[number] = first, crops
            if crop is not None:
                crops.append(crop)
        before = int(source)
    for number, run in enumerate(open_runs):
        if len(run[1]) >= WINDOW:
            yield number, run


def _crop(frame: Frame, face: Followed, source: int, size: int) -> NDArray[np.uint8] | None:
    place = face.at(source)
    if place is None or face.why(source) == Why.COVERED:
        return None
    return cut_out(frame, place.matrix, size)
