"""What one job may ask for, where strangers send the files: checked before anything is decoded in full."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

from synctalkface.errors import MediaError
from synctalkface.events import Listener, Warned
from synctalkface.video import Video, probe, remarks


@dataclass(frozen=True)
class Limits:
    """The largest clip and the longest speech that are taken on. The defaults are no limits."""

    seconds: float = math.inf  # of the clip, and of the speech
    side: int = 8192  # px of the clip's longer side
    frame_rate: float = math.inf  # frames a second

    def allow(self, video: str | Path) -> None:
        """MediaError if the file `video` is no clip, or more than is taken on."""
        self.check(probe(video), Path(video).name)

    def check(self, clip: Video, name: str) -> None:
        """MediaError if `clip`, which the user calls `name`, is more than is taken on."""
        if clip.clock.duration > self.seconds:
            raise MediaError(
                f"{name} lasts {clip.clock.duration:.1f} s; at most {self.seconds:g} s are taken. Cut it shorter."
            )
        if max(clip.width, clip.height) > self.side:
            raise MediaError(
                f"{name} has {clip.width} x {clip.height} px; at most {self.side} px a side are taken. Scale it down."
            )
        if len(clip.clock) > self.frame_rate * max(clip.clock.duration, 1):
            raise MediaError(
                f"{name} has {len(clip.clock)} frames in {clip.clock.duration:.1f} s; at most {self.frame_rate:g} a "
                "second are taken. Convert it to 25 or 30."
            )


UNLIMITED = Limits()


def opened(video: str | Path, speeches: list[Path], keep_audio: bool, limits: Limits, on_progress: Listener) -> Video:
    """The clip to dub, once it is told what will be changed in it and in the speeches, or lost."""
    clip = probe(video)
    limits.check(clip, Path(video).name)
    told = [sentence for speech in speeches for sentence in remarks(clip, Path(video).name, speech, keep_audio)]
    for sentence in dict.fromkeys(told):
        on_progress(Warned(sentence))
    return clip
