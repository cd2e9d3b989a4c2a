"""What `LipSync.dub` tells about its work."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from synctalkface.clock import Clock


@dataclass(frozen=True)
class Report:
    """One finished dub. Times are seconds of the result, `gaps` the stretches left as filmed for lack of a face."""

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

    @property
    def speed(self) -> float:
        """Seconds of video made in one second of work."""
        return self.seconds / self.took if self.took > 0 else 0.0

    def as_dict(self) -> dict[str, Any]:
        """The report as plain JSON data."""
        data = asdict(self)
        return {**data, "out": str(self.out), "gaps": [list(gap) for gap in self.gaps], "speed": round(self.speed, 3)}

    def summary(self) -> str:
        """The report as sentences for a person."""
        text = (
            f"{self.out}: {self.frames} frames, {self.seconds:.2f} s, made in {self.took:.1f} s "
            f"({self.speed:.2f} x real time)."
        )
        if self.gaps:
            where = ", ".join(f"{begin:.1f}-{end:.1f} s" for begin, end in self.gaps)
            text += f" Left as filmed, because no face was seen: {where}."
        return text


def stretches(frames: NDArray[np.bool_], clock: Clock) -> tuple[tuple[float, float], ...]:
    """Where `frames` (M,) are true: the seconds (begin, end) of each stretch of them."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], frames, [False]]).astype(int)))
    ends = np.append(clock.starts, clock.duration)
    return tuple((round(float(ends[a]), 3), round(float(ends[b]), 3)) for a, b in edges.reshape(-1, 2))
