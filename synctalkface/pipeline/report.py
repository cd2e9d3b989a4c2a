"""What `LipSync.dub` tells about its work."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from synctalkface.clock import Clock
from synctalkface.person import Why
from synctalkface.pipeline.dubbing import Dubbing
from synctalkface.video.remarks import chroma_lost

TOLD = 8  # gaps of one reason that a person is told of


@dataclass(frozen=True)
class Report:
    """One finished dub. Times are seconds of the result; `gaps` are the stretches left as filmed, `reasons` say why."""

    out: Path
    frames: int
    seconds: float
    frame_rate: float
    width: int
    height: int
    faces: int  # people followed in the source clip
    gaps: tuple[tuple[float, float], ...]
    took: float  # seconds of work
    device: str
    weights: str
    engine: str = "torch"  # what drew the mouth, and in which numbers
    precision: str = "fp32"
    reasons: tuple[str, ...] = ()  # without reasons, no face was seen
    lost: tuple[str, ...] = ()  # what the picture has less of than the source clip, in sentences

    @property
    def speed(self) -> float:
        """Seconds of video made in one second of work."""
        return self.seconds / self.took if self.took > 0 else 0.0

    def as_dict(self) -> dict[str, Any]:
        """The report as plain JSON data."""
        data = asdict(self)
        lists = {"gaps": [list(gap) for gap in self.gaps], "reasons": list(self.reasons), "lost": list(self.lost)}
        return {**data, **lists, "out": str(self.out), "speed": round(self.speed, 3)}

    def summary(self) -> str:
        """The report as sentences for a person."""
        text = (
            f"{self.out}: {self.frames} frames, {self.seconds:.2f} s, made in {self.took:.1f} s "
            f"({self.speed:.2f} x real time)."
        )
        if self.gaps:
            text += " Left as filmed, " + "; ".join(self._told()) + "."
        return text

    def _told(self) -> list[str]:
        """For each reason, where it was one."""
        reasons = self.reasons or (Why.ABSENT.sentence,) * len(self.gaps)
        told = []
        for reason in dict.fromkeys(reasons):
            gaps = [gap for gap, why in zip(self.gaps, reasons, strict=True) if why == reason]
            where = ", ".join(f"{begin:.1f}-{end:.1f} s" for begin, end in gaps[:TOLD])
            more = f" and {len(gaps) - TOLD} more times" if len(gaps) > TOLD else ""
            told.append(f"because {reason}: {where}{more}")
        return told


def report_of(out: Path, dubbing: Dubbing, took: float, **by: str) -> Report:
    """What there is to tell of a finished `dubbing`; `by`: the device, weights, engine and precision it was made by."""
    clock, why = dubbing.timeline.clock, dubbing.reasons()
    gaps = sorted((gap, reason) for reason in Why if reason for gap in stretches(why == reason, clock))
    return Report(
        out=out,
        frames=len(clock),
        seconds=clock.duration,
        frame_rate=float(clock.rate),
        width=dubbing.clip.width,
        height=dubbing.clip.height,
        faces=dubbing.roles[0].followed.faces,
        gaps=tuple(gap for gap, _ in gaps),
        reasons=tuple(reason.sentence for _, reason in gaps),
        lost=tuple(f"{dubbing.clip.named.name} {told}" for told in (chroma_lost(dubbing.clip),) if told),
        took=took,
        **by,
    )


def stretches(frames: NDArray[np.bool_], clock: Clock) -> tuple[tuple[float, float], ...]:
    """Where `frames` (M,) are true: the seconds (begin, end) of each stretch of them."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], frames, [False]]).astype(int)))
    ends = np.append(clock.starts, clock.duration)
    return tuple((round(float(ends[a]), 3), round(float(ends[b]), 3)) for a, b in edges.reshape(-1, 2))
