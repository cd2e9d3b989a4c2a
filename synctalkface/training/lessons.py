"""The windows that adaptation draws from footage: with references as in use, heard in many voices.

Every second face stays as it is, since its looks are what is to be learnt; the others vary a little, so that the few
poses of the footage are not learnt by heart. The voice varies, since the dub will speak with another.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from synctalkface.clock import window_start
from synctalkface.config import Config
from synctalkface.data import augment
from synctalkface.data.dataset import Choice, Clips
from synctalkface.errors import NoFaceError
from synctalkface.inputs import chunk_length
from synctalkface.training.footage import Footage

USUAL = 0.5  # share of samples whose references are those that a dub takes
FILMED, LOOK = 0.5, 0.5  # share of samples that stay as filmed; how far the others vary, 0..1
HELD_OUT = 0.2  # share of the frames, at the end, that is not learnt from
LONGEST_HELD_OUT = 4.0  # seconds


class Lessons(Clips):
    """The frames of each footage before its held-out end. Raises NoFaceError if not one window fits into them."""

    def __init__(self, footage: Sequence[Footage], config: Config) -> None:
        super().__init__([one.clip for one in footage], config, config.face.size, min(map(_pace, footage)))
        self._usual = [one.references for one in footage]
        self._wide = [one.articulation for one in footage]
        self._ends = [len(one.clip.crops) - held_out(one, len(footage)) for one in footage]
        starts = [self._starts(one, end) for one, end in zip(footage, self._ends, strict=True)]
        self._places = [(number, first) for number, found in enumerate(starts) for first in found]
        if not self._places:
            needed = config.training.frames + config.model.lip_frames - 1
            raise NoFaceError(
                f"The face is never seen for {needed} frames at a stretch. Choose footage that shows it for longer."
            )

    @property
    def seconds(self) -> float:
        """How much is learnt from."""
        return sum(end / clip.frame_rate for end, clip in zip(self._ends, self.clips, strict=True))

    def _draw(self, rng: np.random.Generator, strength: float) -> Choice:
        """What one window shows; `strength` is how far the voice varies."""
        number, first = self._places[rng.integers(len(self._places))]
        references = self._usual[number][first].tolist()
        if rng.random() >= USUAL:
            references[0] = int(rng.integers(self._ends[number]))
        clip, lent = self.clips[number], tuple(references[: self.config.model.references])
        look = None if rng.random() < FILMED else augment.look(rng, LOOK, self.config.model.articulated)
        voiced = augment.voice(clip.mel, rng, strength, self.config.audio.span)
        return clip, first, lent, look, voiced, self._wide[number]

    def _starts(self, footage: Footage, end: int) -> list[int]:
        """The frames at which a window may begin: it stays in one stretch, before `end`, and its sound fits a batch."""
        frames, reach = self.config.training.frames, self.config.model.lip_frames // 2
        steps, audio, found = self.config.model.audio_steps, self.config.audio, []
        longest = chunk_length(frames, steps, self._slowest, audio)
        begins = window_start(footage.clip.centres, steps, audio.mel_rate)
        for begin, stop in footage.stretches:
            for first in range(begin, min(stop, end) - frames - 2 * reach + 1):
                span = begins[first + reach : first + reach + frames]
                if int(span.max() - span.min()) + steps <= longest:  # not so where frames come at uneven times
                    found.append(first)
        return found


def _pace(footage: Footage) -> float:
    """Frames a second that nine in ten come at: at uneven times that may be less than the clip's own rate."""
    centres, rate = footage.clip.centres, footage.clip.frame_rate
    intervals = np.concatenate([np.diff(centres[begin:end]) for begin, end in footage.stretches])
    return rate if not len(intervals) else min(rate, 1 / float(np.quantile(intervals, 0.9)))


def held_out(footage: Footage, clips: int = 1) -> int:
    """How many frames at the end of `footage`, one of several `clips`, are kept to judge by."""
    longest = LONGEST_HELD_OUT * footage.clip.frame_rate / clips
    return max(1, round(min(HELD_OUT * len(footage.clip.crops), longest)))
