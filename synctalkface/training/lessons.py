"""The windows that adaptation draws from footage: with references as in use, heard in many voices.

Every second face stays as it is, since its looks are what is to be learnt; the others vary a little, so that the few
poses of the footage are not learnt by heart. The voice varies, since the dub will speak with another.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from synctalkface.clock import window_start
from synctalkface.config import Config
from synctalkface.data import augment
from synctalkface.data.dataset import Choice, Clips
from synctalkface.errors import NoFaceError
from synctalkface.inputs import chunk_length
from synctalkface.training.footage import Footage

Stretches = tuple[tuple[int, int], ...]  # [begin, end) of frames

USUAL = 0.5  # share of samples whose references are those that a dub takes
FILMED, LOOK = 0.5, 0.5  # share of samples that stay as filmed; how far the others vary, 0..1
HELD_OUT = 0.2  # share of the frames that is not learnt from
LONGEST_HELD_OUT = 4.0  # seconds
SHORT = 4.0  # seconds: of less, each moment in which the lips move is needed to learn from
LIVELY = 0.3  # of the whole clip's spread of openings: where a mouth moves less, it rests


class Lessons(Clips):
    """The frames of each footage that are not held out. Raises NoFaceError if not one window fits into them."""

    def __init__(self, footage: Sequence[Footage], config: Config) -> None:
        super().__init__([one.clip for one in footage], config, config.face.size, min(map(_pace, footage)))
        self._usual = [one.references for one in footage]
        self._wide = [one.articulation for one in footage]
        self._learnt = [_left(one, held_out(one, len(footage))) for one in footage]
        starts = [self._starts(one, parts) for one, parts in zip(footage, self._learnt, strict=True)]
        self._places = [(number, first) for number, found in enumerate(starts) for first in found]
        if not self._places:
            needed = config.training.frames + config.model.lip_frames - 1
            raise NoFaceError(
                f"The face is never seen for {needed} frames at a stretch. Choose footage that shows it for longer."
            )

    @property
    def seconds(self) -> float:
        """How much is learnt from."""
        taught = zip(self._learnt, self.clips, strict=True)
        return sum((end - begin) / clip.frame_rate for parts, clip in taught for begin, end in parts)

    def _draw(self, rng: np.random.Generator, strength: float) -> Choice:
        """What one window shows; `strength` is how far the voice varies."""
        number, first = self._places[rng.integers(len(self._places))]
        references = self._usual[number][first].tolist()
        if rng.random() >= USUAL:
            references[0] = int(rng.choice(np.concatenate([np.arange(*each) for each in self._learnt[number]])))
        clip, lent = self.clips[number], tuple(references[: self.config.model.references])
        look = None if rng.random() < FILMED else augment.look(rng, LOOK, self.config.model.articulated)
        voiced = augment.voice(clip.mel, rng, strength, self.config.audio.span)
        return clip, first, lent, look, voiced, self._wide[number]

    def _starts(self, footage: Footage, parts: Stretches) -> list[int]:
        """The frames at which a window may begin: it stays in one of `parts`, and its sound fits a batch."""
        frames, reach = self.config.training.frames, self.config.model.lip_frames // 2
        steps, audio, found = self.config.model.audio_steps, self.config.audio, []
        longest = chunk_length(frames, steps, self._slowest, audio)
        begins = window_start(footage.clip.centres, steps, audio.mel_rate)
        for begin, stop in parts:
            for first in range(begin, stop - frames - 2 * reach + 1):
                span = begins[first + reach : first + reach + frames]
                if int(span.max() - span.min()) + steps <= longest:  # not so where frames come at uneven times
                    found.append(first)
        return found


def _pace(footage: Footage) -> float:
    """Frames a second that nine in ten come at: at uneven times that may be less than the clip's own rate."""
    centres, rate = footage.clip.centres, footage.clip.frame_rate
    intervals = np.concatenate([np.diff(centres[begin:end]) for begin, end in footage.stretches])
    return rate if not len(intervals) else min(rate, 1 / float(np.quantile(intervals, 0.9)))


def held_out(footage: Footage, clips: int = 1) -> tuple[int, int]:
    """The frames [begin, end) of `footage`, one of several `clips`, that are kept to judge by.

    They are its end, or, if it is not SHORT, the last before it in which the mouth moves: lips at rest, as many clips
    end with, tell little about weights that shall speak.
    """
    openings = footage.clip.openings
    longest = LONGEST_HELD_OUT * footage.clip.frame_rate / clips
    length = max(1, round(min(HELD_OUT * len(openings), longest)))
    if footage.seconds < SHORT:
        return len(openings) - length, len(openings)
    movement = sliding_window_view(openings, length).std(axis=1)
    lively = movement >= min(LIVELY * openings.std(), movement.max())
    begin = int(np.flatnonzero(lively)[-1])
    return begin, begin + length


def _left(footage: Footage, held: tuple[int, int]) -> Stretches:
    """The stretches of `footage` without the frames that are held out."""
    first, last = held
    parts = [part for begin, end in footage.stretches for part in ((begin, min(end, first)), (max(begin, last), end))]
    return tuple((begin, end) for begin, end in parts if begin < end)
