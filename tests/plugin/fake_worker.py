"""A worker without a model: it copies the asked frames losslessly, or misbehaves as told.

python fake_worker.py FFMPEG [mode], mode: crash, kill, garbage, protocol, silent, stubborn, slow, fail, or none.
"""

from __future__ import annotations

import json
import os
import queue
import signal
import subprocess
import sys
import threading
import time
from fractions import Fraction


def say(**event: object) -> None:
    sys.stdout.write(json.dumps(event) + "\n")
    sys.stdout.flush()


def copy_frames(program: str, job: dict) -> None:
    """Write the frames of the job, each exactly as it is in its source, with the stretch of the sound."""
    parts, names = [], []
    for number, (first, count, step) in enumerate(job["runs"]):
        low = min(first, first + (count - 1) * step)
        stop = low + (1 if step == 0 else count)
        turn = {1: "", -1: ",reverse", 0: f",loop={count - 1}:1"}[step]
        parts.append(f"[s{number}]trim=start_frame={low}:end_frame={stop}{turn},setpts=N[p{number}]")
        names.append(f"[p{number}]")
    runs = len(names)
    split = f"[0:v]setpts=N,split={runs}" + "".join(f"[s{n}]" for n in range(runs))
    joined = f"{''.join(names)}concat=n={runs},setpts=N/({job['rate']})/TB,fps={job['rate']}[v]"
    frames = sum(count for _, count, _ in job["runs"])
    seconds = frames * float(1 / Fraction(job["rate"]))
    begin = job["speech_begin"]
    sound = f"[1:a]aresample=48000,atrim=start={max(begin, 0)}:end={begin + seconds},asetpts=PTS-STARTPTS[a]"
    command = [program, "-nostdin", "-loglevel", "error", "-y", "-r", "1000", "-i", job["video"], "-i", job["speech"]]
    command += ["-filter_complex", ";".join([split, *parts, joined, sound]), "-map", "[v]", "-map", "[a]"]
    command += ["-frames:v", str(frames), "-c:v", "ffv1", "-c:a", "pcm_s16le", "-f", "matroska", job["out"]]
    subprocess.run(command, check=True)


def listen(commands: queue.Queue) -> None:
    for line in sys.stdin:
        commands.put(json.loads(line))
    os._exit(0)  # the host has gone


def main(program: str, mode: str) -> None:
    if mode == "silent":
        time.sleep(600)
    commands: queue.Queue = queue.Queue()
    threading.Thread(target=listen, args=(commands,), daemon=True).start()
    while True:
        command = commands.get()
        if command["do"] == "hello":
            if mode == "garbage":
                sys.stdout.write("Traceback: I am another program\n")
            say(event="hello", protocol=99 if mode == "protocol" else 1, version="0", python="3")
            say(event="ready", device="imagination", torch="", ffmpeg="")
        elif command["do"] == "dub":
            work(program, mode, command, commands)


def work(program: str, mode: str, job: dict, commands: queue.Queue) -> None:
    say(event="started", job=job["job"])
    say(event="progress", job=job["job"], stage="dub", done=1, total=4, seconds_left=3.0)
    if mode == "crash":
        signal.signal(signal.SIGSEGV, signal.SIG_DFL)
        os.kill(os.getpid(), signal.SIGSEGV)
    if mode == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    if mode == "fail" or "unlucky" in job["out"]:
        say(event="failed", job=job["job"], kind="NoFaceError", message="No face in it. Choose another.")
        return
    if mode == "stubborn":
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        time.sleep(600)
    if mode == "slow":
        while True:
            command = commands.get()
            if command["do"] == "cancel":
                say(event="cancelled", job=job["job"])
                return
    copy_frames(program, job)
    say(event="done", job=job["job"], result={"out": job["out"], "faces": 1, "sha256": "0" * 64})


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2] if len(sys.argv) > 2 else "")
