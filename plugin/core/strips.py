"""A strip of the sequencer as plain numbers, and which source frame and which second of sound it gives at a frame.

Frames are those of the timeline, whole numbers; a range is [begin, end). Seconds are those of the source file.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

PICTURES = ("MOVIE", "IMAGE", "SCENE", "META")
SOUND = "SOUND"
SAME_RATE = 0.005  # frames a second within which two rates are one


@dataclass(frozen=True)
class Strip:
    """What a strip shows or plays, as Blender tells it.

    left, right: its handles. content_start: where its content begins once the hard trim is taken off; it may lie left
    of `left`, where a handle hides it. content_length, trim_start: frames of the content, and frames trimmed off hard
    before it. rate: frames a second of the file, 0 if unknown. sound_offset: seconds. odd: why its frames cannot be
    counted, in words ("its speed is changed"); such a strip has to be rendered before it can be dubbed.
    """

    name: str
    kind: str
    channel: int
    left: int
    right: int
    content_start: int
    content_length: int
    trim_start: int = 0
    path: str = ""
    rate: float = 0.0
    reversed: bool = False
    sound_offset: float = 0.0
    odd: tuple[str, ...] = ()


def scene_rate(fps: int, fps_base: float) -> Fraction:
    """Frames a second of a scene, exactly: 30 and 1.001 (which Blender stores as a float32) are 30000/1001."""
    return Fraction(fps) / Fraction(fps_base).limit_denominator(1001)


def overlap(one: Strip, other: Strip) -> tuple[int, int] | None:
    """The range in which both strips are; None if there is none."""
    begin, end = max(one.left, other.left), min(one.right, other.right)
    return (begin, end) if begin < end else None


def source_frames(strip: Strip, begin: int, end: int) -> list[int]:
    """The frame of the file that `strip` shows at each frame of the range. Beyond its content the end frames stand."""
    last = strip.content_length - 1
    frames = []
    for frame in range(begin, end):
        place = min(max(frame - strip.content_start, 0), last)
        frames.append(strip.trim_start + (last - place if strip.reversed else place))
    return frames


def sound_second(strip: Strip, frame: int, rate: Fraction) -> float:
    """The second of the file that is heard when `frame` begins."""
    return float((frame - strip.content_start + strip.trim_start) / rate) - strip.sound_offset


def prolonged(frames: list[int], count: int, fit: str) -> list[int]:
    """`frames` brought to `count` by starting again (loop), going back and forth (bounce) or standing still (hold).

    "overlap" never prolongs. What is longer already is left as it is.
    """
    length = len(frames)
    if fit == "overlap" or count <= length:
        return frames
    if fit == "hold" or length == 1:
        return frames + frames[-1:] * (count - length)
    if fit == "loop":
        return [frames[place % length] for place in range(count)]
    period = 2 * length - 2
    return [frames[min(place % period, period - place % period)] for place in range(count)]


def as_runs(frames: list[int]) -> list[list[int]]:
    """`frames` as runs [first, count, step] with step 1, -1 or 0: an hour of plain film is one run."""
    runs: list[list[int]] = []
    for frame in frames:
        if runs:
            first, count, step = runs[-1]
            ahead = frame - (first + (count - 1) * step)
            if (count == 1 and abs(ahead) <= 1) or (count > 1 and ahead == step):
                runs[-1] = [first, count + 1, ahead]
                continue
        runs.append([frame, 1, 1])
    return runs


def why_render(strip: Strip, rate: Fraction) -> str | None:
    """Why the frames of `strip` must be rendered before they can be dubbed; None if they can be counted."""
    if strip.odd:
        return strip.odd[0]
    if strip.kind == "MOVIE" and strip.rate and abs(strip.rate - float(rate)) > SAME_RATE:
        # Blender may have fitted its speed to the scene, and does not tell
        return f"it has {strip.rate:.5g} frames a second, the scene {float(rate):.5g}"
    return None
