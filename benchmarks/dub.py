"""How fast a dub is on this machine: against the clip's duration, a bare transcode and a pipeline of Wav2Lip's size.

    python benchmarks/dub.py                 # a table
    python benchmarks/dub.py --json out.json # and the numbers

The clip is made of the packaged sample: the speaker, filmed at 720p with some grain, before a soft background.
Keys: realtime and realtime_int8, wall clock of `dub` over the clip's duration; transcode_ratio, transcode_ratio_int8,
its processor time, children included, over that of ffmpeg transcoding the same clip with the same encoder settings;
transcode_ratio_again, the same with the faces remembered from an earlier dub; wav2lip_ratio, its processor time over
that of a plain generator (36 M parameters, 4 GMAC a frame) behind a full-frame detector (290 GMAC a 720p frame), of
which a few frames are timed and the rest is extrapolated; peak_mib, the most memory that `dub` and its children held.
Loading the model is not counted (seconds_to_load): it happens once, however many clips are dubbed.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).parents[1]
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
sys.path.insert(0, str(ROOT))

SAMPLES = ROOT / "synctalkface" / "assets" / "samples"
PRESET, CRF = "veryfast", 18
WARM = 3  # frames of the plain pipeline before timing
Numbers = dict[str, float]


def main() -> None:
    arguments = _arguments()
    if arguments.one:
        print(json.dumps(_one(arguments)))
        return
    with tempfile.TemporaryDirectory(prefix="synctalkface-") as folder:
        clip, speech = make_clip(Path(folder), arguments.seconds, arguments.height), Path(folder) / "speech.wav"
        _ffmpeg("-stream_loop", "-1", "-i", SAMPLES / "speech.flac", "-t", arguments.seconds, speech)
        found = measure(clip, speech, Path(folder), arguments)
    show(found)
    if arguments.json:
        arguments.json.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")


def measure(clip: Path, speech: Path, folder: Path, arguments: argparse.Namespace) -> dict[str, object]:
    """All numbers. Of each job the quickest of `rounds` counts: what disturbs it can only make it slower."""

    def dub(precision: str, *options: str) -> Numbers:
        runs = [_child(clip, speech, folder, "--precision", precision, *options) for _ in range(arguments.rounds)]
        best = {key: min(run[key] for run in runs) for key in runs[0] if isinstance(runs[0][key], (int, float))}
        return best | {"engine": f"{runs[0]['engine']} {runs[0]['precision']}"}  # type: ignore[dict-item]

    bare = min((transcode(clip, speech, folder) for _ in range(arguments.rounds)), key=lambda run: run["cpu"])
    plain, small = dub("auto", "--engine", arguments.engine), dub("int8")
    again = dub("auto", "--engine", arguments.engine, "--again")
    found: dict[str, object] = {
        "realtime": plain["wall"] / plain["seconds"],
        "realtime_int8": small["wall"] / small["seconds"],
        "transcode_ratio": plain["cpu"] / bare["cpu"],
        "transcode_ratio_int8": small["cpu"] / bare["cpu"],
        "transcode_ratio_again": again["cpu"] / bare["cpu"],
        "peak_mib": plain["peak"],
        "engine": plain["engine"],
        "engine_int8": small["engine"],
        "seconds_to_load": plain["load"],
        "frames": plain["frames"],
        "cores": float(os.cpu_count() or 1),
        "bare_ms": 1000 * bare["cpu"] / plain["frames"],
        "dub_ms": 1000 * plain["cpu"] / plain["frames"],
        "dub_int8_ms": 1000 * small["cpu"] / plain["frames"],
        "dub_again_ms": 1000 * again["cpu"] / plain["frames"],
    }
    if not arguments.no_wav2lip:
        theirs = plain_pipeline(arguments.frames)
        found |= theirs | {"wav2lip_ratio": plain["cpu"] / plain["frames"] / (theirs["wav2lip_ms"] / 1000)}
    return found | {"stages": _child(clip, speech, folder, "--stages", "--engine", arguments.engine)["stages"]}


def make_clip(folder: Path, seconds: float, height: int = 720) -> Path:
    """The sample face as 16:9 footage of `height` px, back and forth until it is long enough, with grain."""
    width = height * 16 // 9 // 2 * 2
    person = round(height * 0.85) // 2 * 2
    graph = (
        f"[0:v]split[a][b];[b]reverse[c];[a][c]concat=n=2,loop=-1:150,trim=duration={seconds},split[d][e];"
        f"[d]scale={width}:-2:flags=bicubic,crop={width}:{height},gblur=12[soft];"
        f"[e]scale=-2:{person}:flags=lanczos,unsharp=5:5:0.6[sharp];"
        "[soft][sharp]overlay=(W-w)/2:H-h,noise=alls=3:allf=t,format=yuv420p[out]"
    )
    clip = folder / "clip.mp4"
    coded = ("-c:v", "libx264", "-preset", "medium", "-crf", "20", "-an")
    _ffmpeg("-i", SAMPLES / "face.mkv", "-filter_complex", graph, "-map", "[out]", *coded, clip)
    return clip


def transcode(clip: Path, speech: Path, folder: Path) -> Numbers:
    """A bare transcode with the sound and the encoder settings of the dub."""
    before, begun = _spent(resource.RUSAGE_CHILDREN), time.perf_counter()
    video = ("-c:v", "libx264", "-preset", PRESET, "-crf", CRF, "-pix_fmt", "yuv420p", "-movflags", "+faststart")
    sound = ("-c:a", "aac", "-b:a", "192k", "-ar", "48000")
    _ffmpeg("-i", clip, "-i", speech, "-map", "0:v", "-map", "1:a", *video, *sound, folder / "bare.mp4")
    return {"wall": time.perf_counter() - begun, "cpu": _spent(resource.RUSAGE_CHILDREN) - before}


def plain_pipeline(frames: int) -> Numbers:
    """Milliseconds of processor time a frame of a generator and a detector of the published sizes; not trained."""
    import torch

    from benchmarks.plain import Detector, Generator

    with torch.inference_mode():
        generator, detector = Generator().eval(), Detector().eval()
        face, sound, whole = torch.rand(1, 6, 96, 96), torch.rand(1, 1, 80, 16), torch.rand(1, 3, 720, 1280)
        for _ in range(WARM):
            generator(face, sound)
        made = _timed(lambda: generator(face, sound), 4 * frames)
        found = _timed(lambda: detector(whole), frames)
    return {"wav2lip_ms": made + found, "wav2lip_generator_ms": made, "wav2lip_detector_ms": found}


def _timed(work: Callable[[], object], times: int) -> float:
    """The least milliseconds of processor time of `times` runs."""
    spent = []
    for _ in range(times):
        begun = time.process_time()
        work()
        spent.append(1000 * (time.process_time() - begun))
    return min(spent)


def _child(clip: Path, speech: Path, folder: Path, *options: str) -> dict[str, float]:
    """One job in a process of its own."""
    command = [sys.executable, str(Path(__file__)), "--one", str(clip), str(speech), str(folder), *options]
    ended = subprocess.run(command, capture_output=True, text=True, check=True)
    found: dict[str, float] = json.loads(ended.stdout)
    return found


def _one(arguments: argparse.Namespace) -> dict[str, object]:
    from synctalkface import LipSync

    clip, speech, folder = map(Path, arguments.one)
    begun = time.perf_counter()
    dubber = LipSync.from_pretrained(engine=arguments.engine, precision=arguments.precision, remember=arguments.again)
    load = time.perf_counter() - begun
    if arguments.stages:
        from benchmarks.stages import stages

        return {"stages": stages(dubber, clip, speech, folder)}
    if arguments.again:
        os.environ["SYNCTALKFACE_CACHE"] = str(folder / "cache")
        dubber.follow(_probe(clip))
    with Watch() as watch:
        report = dubber.dub(clip, speech, folder / "dubbed.mp4", fit="trim", crf=CRF, preset=PRESET, overwrite=True)
    named = {"engine": report.engine, "precision": report.precision}
    return {**watch.numbers, **named, "seconds": report.seconds, "frames": report.frames, "load": load}


def _probe(clip: Path) -> object:
    from synctalkface.video import probe

    return probe(clip)


class Watch:
    """Wall clock, processor time and the most memory of this process and its children, while it is entered."""

    def __enter__(self) -> Watch:
        self._over, self._peak = threading.Event(), 0.0
        self._thread = threading.Thread(target=self._look)
        self._cpu, self._begun = _spent_by_all(), time.perf_counter()
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        wall, cpu = time.perf_counter() - self._begun, _spent_by_all() - self._cpu
        self._over.set()
        self._thread.join()
        alone = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        self.numbers = {"wall": wall, "cpu": cpu, "peak": max(self._peak, alone)}

    def _look(self) -> None:
        while not self._over.wait(0.25):
            self._peak = max(self._peak, sum(map(_resident, _family(os.getpid()))))


def _family(process: int) -> list[int]:
    """`process` and its children; alone where the system does not tell."""
    listed = Path(f"/proc/{process}/task").glob("*/children")
    try:
        return [process, *(int(child) for path in listed for child in path.read_text().split())]
    except OSError:
        return [process]


def _resident(process: int) -> float:
    """MiB that `process` holds; 0 once it has ended."""
    try:
        pages = int(Path(f"/proc/{process}/statm").read_text().split()[1])
    except (OSError, IndexError):
        return 0.0
    return pages * resource.getpagesize() / 2**20


def _spent(who: int) -> float:
    used = resource.getrusage(who)
    return used.ru_utime + used.ru_stime


def _spent_by_all() -> float:
    return _spent(resource.RUSAGE_SELF) + _spent(resource.RUSAGE_CHILDREN)


def _ffmpeg(*arguments: object) -> None:
    from synctalkface.ffmpeg import find_ffmpeg

    command = [find_ffmpeg(), "-nostdin", "-loglevel", "error", "-y", *map(str, arguments)]
    subprocess.run(command, check=True)


def show(found: dict[str, object]) -> None:
    frames = found["frames"]
    print(f"{frames:.0f} frames, {found['cores']:.0f} cores, {found['engine']} and {found['engine_int8']}\n")
    for key, what in (
        ("realtime", "seconds of work for a second of video"),
        ("realtime_int8", "the same in 8 bits"),
        ("transcode_ratio", "processor time over a bare transcode's"),
        ("transcode_ratio_int8", "the same in 8 bits"),
        ("transcode_ratio_again", "the same, faces remembered"),
        ("wav2lip_ratio", "processor time over a plain pipeline's, extrapolated"),
        ("peak_mib", "MiB, ffmpeg included"),
        ("seconds_to_load", "seconds to load the model, once"),
    ):
        if key in found:
            print(f"{key:22} {found[key]:9.3f}  {what}")
    print("\nms of processor time a frame")
    for key in ("bare_ms", "dub_ms", "dub_int8_ms", "dub_again_ms", "wav2lip_generator_ms", "wav2lip_detector_ms"):
        if key in found:
            print(f"  {key:22} {found[key]:9.2f}")
    print("\nstage by stage, one after the other, ms of processor time a frame")
    for name, spent in dict(found["stages"]).items():  # type: ignore[call-overload]
        print(f"  {name:22} {spent:9.2f}")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="How fast a dub is on this machine.")
    parser.add_argument("--json", type=Path, help="also write the numbers to this file")
    parser.add_argument("--seconds", type=float, default=60.0, help="length of the clip")
    parser.add_argument("--height", type=int, default=720, help="px of the clip")
    parser.add_argument("--rounds", type=int, default=2, help="how often each job is timed")
    parser.add_argument("--frames", type=int, default=2, help="frames of the plain pipeline that are timed")
    parser.add_argument("--engine", default="auto")
    parser.add_argument("--no-wav2lip", action="store_true", help="leave the plain pipeline out")
    parser.add_argument("--one", nargs=3, metavar=("CLIP", "SPEECH", "FOLDER"), help=argparse.SUPPRESS)
    parser.add_argument("--precision", default="auto", help=argparse.SUPPRESS)
    parser.add_argument("--again", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--stages", action="store_true", help=argparse.SUPPRESS)
    return parser.parse_args()


if __name__ == "__main__":
    main()
