"""The memory of a dub, of clips of several lengths and sizes: the process itself, and with its ffmpegs.

    python benchmarks/memory.py                       20 s and 60 s of 360 x 288, 20 s of 1080p
    python benchmarks/memory.py --clips 1080x600      600 s of 1080p: the whole ten minutes

The clips are the sample, looped and scaled; the weights those that ship. Linux only: it reads /proc.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from synctalkface.ffmpeg import find_ffmpeg

SAMPLES = Path(__file__).parents[1] / "synctalkface" / "assets" / "samples"
MIB = 1024  # kB
EVERY = 0.1  # s between two looks


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clips", nargs="+", default=["288x20", "288x60", "1080x20"], metavar="HEIGHTxSECONDS")
    parser.add_argument("--fit", default="trim", help="bounce over twice the length reads the clip backwards too")
    parser.add_argument("--resume", action="store_true", help="in segments")
    parser.add_argument("--json", type=Path, help="write the numbers to this file")
    arguments = parser.parse_args()
    rows = []
    print(f"{'clip':>10}  {'frames':>6}  {'process MiB':>11}  {'with ffmpeg':>11}")
    for clip in arguments.clips:
        height, seconds = map(int, clip.split("x"))
        rows.append(measure(height, seconds, arguments.fit, arguments.resume))
        row = rows[-1]
        print(f"{clip:>10}  {row['frames']:6}  {row['process_mib']:11.0f}  {row['all_mib']:11.0f}", flush=True)
    same = [row for row in rows if row["height"] == rows[0]["height"]]
    if len(same) > 1:
        grown, frames = same[-1]["process_mib"] - same[0]["process_mib"], same[-1]["frames"] - same[0]["frames"]
        per_frame = grown * MIB / max(1, frames)
        print(f"{per_frame:.1f} kB a frame; ten minutes of 25 frames a second: {per_frame * 15_000 / MIB:.0f} MiB more")
    if arguments.json:
        arguments.json.write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")


def measure(height: int, seconds: int, fit: str, resume: bool) -> dict[str, float]:
    """Dub `seconds` of a clip `height` px high; the largest memory of the process, and of all together, in MiB."""
    with tempfile.TemporaryDirectory(prefix="memory-") as made:
        folder = Path(made)
        clip, speech, out = folder / "clip.mp4", folder / "speech.wav", folder / "out.mp4"
        size = f"scale={'1920:1080' if height == 1080 else f'-2:{height}'}"
        looped = ["-stream_loop", "-1", "-i", str(SAMPLES / "face.mkv"), "-t", str(seconds), "-an", "-vf", size]
        run(*looped, "-c:v", "libx264", "-preset", "ultrafast", str(clip))
        heard = seconds * (2 if fit == "bounce" else 1)
        run("-stream_loop", "-1", "-i", str(SAMPLES / "speech.flac"), "-t", str(heard), "-ac", "1", str(speech))
        command = [sys.executable, "-m", "synctalkface", "dub", str(clip), str(speech), "--out", str(out), "--fit", fit]
        environment = {**os.environ, "SYNCTALKFACE_CACHE": str(folder / "cache")}
        options = ["--events", "--device", "cpu", *(["--resume"] if resume else [])]
        alone = together = 0.0
        with tempfile.TemporaryFile("w+", encoding="utf-8") as said:
            process = subprocess.Popen([*command, *options], stdout=said, env=environment)
            while process.poll() is None:
                alone = max(alone, value(process.pid, "VmHWM"))
                together = max(together, sum(value(one, "Pss") for one in family(process.pid)))
                time.sleep(EVERY)
            said.seek(0)
            frames = json.loads(said.read().splitlines()[-1])["result"]["frames"]
    return {"height": height, "seconds": seconds, "frames": frames, "process_mib": alone, "all_mib": together}


def run(*arguments: str) -> None:
    subprocess.run([find_ffmpeg(), "-nostdin", "-loglevel", "error", *arguments], check=True)


def value(process: int, name: str) -> float:
    """What /proc says of a process, in MiB: VmHWM, the most it has had, or Pss, its share now; 0 if it has ended.

    Between fork and exec a child seems to have all that its parent has, so resident sizes must not be added up.
    """
    try:
        lines = Path(f"/proc/{process}/{'smaps_rollup' if name == 'Pss' else 'status'}").read_text().splitlines()
    except OSError:
        return 0.0
    return sum(int(line.split()[1]) / MIB for line in lines if line.startswith(f"{name}:"))


def family(process: int) -> list[int]:
    """The process and its children."""
    try:
        children = Path(f"/proc/{process}/task").glob("*/children")
        return [process, *(int(word) for path in children for word in path.read_text().split())]
    except OSError:
        return [process]


if __name__ == "__main__":
    main()
