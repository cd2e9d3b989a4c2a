"""When somebody speaks: what is quiet between words of one breath is speech, what is quiet for longer is silence.

Energy of the spectrogram with hysteresis. The core of speech is loud where voices are; what is softer, or only hisses,
counts as speech only beside a core (a fricative that begins or ends a word) or between two near ones (the closure of a
stop). So a breath, a click or the hum of a room is silence, and a soft consonant within a word is not. T mel steps.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from synctalkface.config import AudioConfig

VOICED = 3  # the lower third of the bands, up to about 1 kHz, is where voices are louder than breath
CORE_DB = 24.0  # below the loudest around: vowels and what is as loud
EDGE_DB = 34.0  # below the loudest around: what may begin or end a word
ABOVE_NOISE_DB = 8.0  # speech is at least this much louder than the floor of the recording
LEAST_RANGE_DB = 15.0  # what is less than this below the loudest around is never taken for noise
AROUND = 4.0  # s to either side in which the loudest is sought, for speakers who are not equally loud
SOFTEST_DB = 12.0  # how much softer than the recording's loud parts a speaker may be
HARDEST_DB = 4.0  # how much louder; what is beyond is a knock at the microphone
SHORTEST_CORE = 0.08  # s: what is shorter is a click, which the spectrogram's window has made 0.05 s longer
INAUDIBLE_DB = -85.0  # of full scale, as the spectrogram has it: below it nothing is speech
EDGE = 0.2  # s: how far speech may reach beyond its core
PAUSE = 0.4  # s: shorter pauses lie within speech
ONSET = 0.08  # s: the mouth opens before it is heard
HANGOVER = 0.12  # s: and closes after
RAMP = 0.1  # s: from closed to free and back


class Voice:
    """Where in a spectrogram `mel` (bands, T) somebody speaks; before its begin and after its end nobody does."""

    def __init__(self, mel: Tensor, config: AudioConfig) -> None:
        self.rate = config.mel_rate
        self._margin = round((ONSET + HANGOVER + RAMP) * self.rate) + 1  # steps of silence around it
        voiced, heard = _levels(mel[: config.bands // VOICED], config), _levels(mel, config)
        spoken = np.pad(_spoken(voiced, heard, self.rate), self._margin)
        free = _reach(spoken, before=(ONSET + RAMP / 2) * self.rate, after=(HANGOVER + RAMP / 2) * self.rate)
        bell = np.hanning(round(RAMP * self.rate) | 1)  # odd, so that it shifts nothing
        self._gate = np.convolve(free, bell / bell.sum(), "same").clip(0, 1)

    def at(self, moments: NDArray[np.float64]) -> NDArray[np.float32]:
        """How free the mouth is at `moments` (F,) seconds: 1 where somebody speaks, 0 in silence, smooth in between."""
        steps = np.arange(len(self._gate)) - self._margin
        gate = np.interp(np.asarray(moments) * self.rate, steps, self._gate, left=0, right=0)
        return np.asarray(gate, np.float32)


def _levels(mel: Tensor, config: AudioConfig) -> NDArray[np.float64]:
    """The loudness of each step in dB, (T,)."""
    decibels = (mel.double().numpy() / config.span + 1) / 2 * -config.floor_db + config.floor_db
    power = (10 ** (decibels / 10) - 10 ** (config.floor_db / 10)).clip(0).sum(0)  # of a clipped band: nothing
    return np.asarray(10 * np.log10(power + 10 ** (config.floor_db / 10)))


def _spoken(voiced: NDArray[np.float64], heard: NDArray[np.float64], rate: float) -> NDArray[np.bool_]:
    """The steps that are speech, (T,), by their loudness where voices are, and over all bands, both (T,) dB."""
    if not len(heard):
        return np.zeros(0, bool)
    core = _keep_runs(voiced > _threshold(voiced, CORE_DB, rate), SHORTEST_CORE * rate)
    beside = (heard > _threshold(heard, EDGE_DB, rate)) & _reach(core, EDGE * rate, EDGE * rate)
    spoken = core | beside
    for begin, end in zip(*_runs(~spoken), strict=True):
        if end - begin < PAUSE * rate and begin > 0 and end < len(spoken):  # beyond the ends the silence goes on
            spoken[begin:end] = True
    return spoken


def _threshold(level: NDArray[np.float64], below: float, rate: float) -> NDArray[np.float64]:
    """What a level (T,) must exceed: `below` dB under the loudest around, and more than the recording's noise."""
    floor, loud = np.percentile(level, [5, 95])
    around = 2 * round(AROUND * rate) + 1
    loudest = cv2.dilate(level[None], np.ones((1, around), np.uint8))[0]
    reference = loudest.clip(loud - SOFTEST_DB, loud + HARDEST_DB)
    # in speech without a pause the floor is no noise: never ask for more than its softer parts have
    noise = np.minimum(floor + ABOVE_NOISE_DB, reference - LEAST_RANGE_DB)
    return np.asarray(np.maximum(np.maximum(reference - below, noise), INAUDIBLE_DB))


def _runs(mask: NDArray[np.bool_]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Where the stretches of True begin and end."""
    edges = np.diff(np.pad(mask.astype(np.int8), 1))
    return np.flatnonzero(edges > 0), np.flatnonzero(edges < 0)


def _keep_runs(mask: NDArray[np.bool_], shortest: float) -> NDArray[np.bool_]:
    """`mask` without the stretches that are shorter than `shortest` steps."""
    kept = mask.copy()
    for begin, end in zip(*_runs(mask), strict=True):
        kept[begin:end] = end - begin >= shortest
    return kept


def _reach(mask: NDArray[np.bool_], before: float, after: float) -> NDArray[np.bool_]:
    """True from `before` steps before each True of `mask` until `after` steps after it."""
    early, late = round(before), round(after)
    count = np.concatenate([[0], np.cumsum(mask)])
    place = np.arange(len(mask))
    first, last = (place - late).clip(0), (place + early + 1).clip(max=len(mask))
    return np.asarray(count[last] > count[first])
