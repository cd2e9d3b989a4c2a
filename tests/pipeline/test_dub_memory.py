"""Memory does not grow with the clip: frames are streamed, and a minute needs what ten seconds need."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

MEASURED = """
import resource, sys
from pathlib import Path
import torch
from synctalkface.pipeline import LipSync

torch.set_num_threads(1)
LipSync.from_pretrained(sys.argv[1], "cpu").dub(sys.argv[2], sys.argv[3], sys.argv[4], fit="trim")
status = Path("/proc/self/status")  # on Linux ru_maxrss begins at what the parent had when it started us
lines = status.read_text().splitlines() if status.exists() else []
high = [int(line.split()[1]) for line in lines if line.startswith("VmHWM")]
sys.stdout.write(str(high[0] if high else resource.getrusage(resource.RUSAGE_SELF).ru_maxrss))
"""


def peak(*arguments: Path) -> int:
    done = subprocess.run(
        [sys.executable, "-c", MEASURED, *map(str, arguments)], check=True, capture_output=True, text=True
    )
    return int(done.stdout)


def test_a_minute_needs_the_memory_of_ten_seconds(
    make_media: Callable[..., Path], sample_face: Path, sample_speech: Path, tiny_weights: Path, tmp_path: Path
) -> None:
    coded = (
        "-r",
        "10",
        "-an",
        "-c:v",
        "libx264",
        "-preset",
        "ultrafast",
    )  # 10 a second: the frames count, not the time
    peaks = {}
    for seconds in (10, 60):
        clip = make_media(f"{seconds}.mp4", "-stream_loop", "-1", "-i", str(sample_face), "-t", str(seconds), *coded)
        speech = make_media(f"{seconds}.wav", "-stream_loop", "-1", "-i", str(sample_speech), "-t", str(seconds))
        peaks[seconds] = peak(tiny_weights, clip, speech, tmp_path / f"{seconds}-dubbed.mp4")
    assert peaks[60] < 1.1 * peaks[10], peaks
