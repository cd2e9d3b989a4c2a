"""From a pair of strips to a job: everything the worker needs, as plain data, so that no strip is held on to."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import bpy

from ..core.files import make_folder, result_folder, result_path
from ..core.jobs import Job
from ..core.pairs import Pair, Pairing, pair
from ..core.strips import as_runs, prolonged, scene_rate, sound_second, source_frames, why_render
from . import compat, session

_ISOLATE = Path(__file__).with_name("isolate.py")
COPY = "copy.blend"


class OrderError(Exception):
    """The job cannot be given. `str(error)` is the sentence to show."""


def pairing_of(scene: Any) -> Pairing:
    """The pairs in the selection of `scene`."""
    strips = [compat.read(strip) for strip in compat.selected(scene)]
    return pair(strips, scene_rate(scene.render.fps, scene.render.fps_base))


def order(scene: Any, pairs: tuple[Pair, ...], batch: str) -> list[Job]:
    """A job for each of `pairs`. Raises OrderError if results cannot be written, or a strip cannot be rendered."""
    settings = scene.synctalkface
    here = session.current()
    chosen = bpy.path.abspath(settings.folder) if settings.folder else ""
    folder = result_folder(bpy.data.filepath, chosen, here.folder / "results")
    trouble = make_folder(folder)
    if trouble:
        raise OrderError(trouble)
    taken = [job.out for job in here.desk.jobs]
    made = []
    for each in pairs:
        out = str(result_path(folder, each.picture.name, taken))
        taken.append(out)
        job = _job(scene, each, batch, out)
        if each.render:
            _render_first(scene, each, job, here.desk.records)
        made.append(job)
    return made


def _job(scene: Any, each: Pair, batch: str, out: str) -> Job:
    settings, chosen = scene.synctalkface, session.preferences()
    rate = scene_rate(scene.render.fps, scene.render.fps_base)
    frames = source_frames(each.picture, each.begin, each.end)
    end = max(each.end, each.sound.right) if settings.fit != "overlap" else each.end
    weights = bpy.path.abspath(chosen.weights) if chosen.weights.startswith("//") else chosen.weights
    return Job(
        name=each.picture.name,
        batch=batch,
        scene=scene.name,
        picture=each.picture.name,
        sound=each.sound.name,
        channel=each.picture.channel,
        begin=each.begin,
        end=end,
        rate=f"{rate.numerator}/{rate.denominator}",
        video=each.picture.path,
        speech=each.sound.path,
        runs=as_runs(prolonged(frames, end - each.begin, settings.fit)),
        speech_begin=sound_second(each.sound, each.begin, rate),
        out=out,
        clip_rate=each.picture.rate,
        settings={"weights": weights or None, "device": chosen.device, "face": settings.face or "largest", "crf": 12},
        mute_source=settings.mute_source,
        blend=bpy.data.filepath,
    )


def _render_first(scene: Any, each: Pair, job: Job, records: Path) -> None:
    """Give `job` a command that renders what cannot be counted, from a copy of the .blend."""
    if compat.open_level(scene) != scene.sequence_editor:
        raise OrderError(
            f"'{each.picture.name}' must be rendered first ({each.render}), which cannot be done inside a meta strip. "
            "Move it out of the meta strip."
        )
    folder = job.folder(records)
    folder.mkdir(parents=True, exist_ok=True)
    rate = scene_rate(scene.render.fps, scene.render.fps_base)
    spec: dict[str, Any] = {
        "blend": str(folder / COPY),
        "scene": scene.name,
        "begin": each.begin,
        "end": each.end,
        "sound_end": job.end,
        "progress": str(folder / "prepare.jsonl"),
        "owner": job.owner,
    }
    if why_render(each.picture, rate):
        spec["picture"], job.video = each.picture.name, str(folder / "picture.mkv")
        spec["video"], job.clip_rate = job.video, 0.0
        plain = list(range(each.end - each.begin))
        job.runs = as_runs(prolonged(plain, job.end - job.begin, scene.synctalkface.fit))
    if each.sound.odd:
        spec["sound"], job.speech, job.speech_begin = each.sound.name, str(folder / "speech.wav"), 0.0
        spec["speech"] = job.speech
    (folder / "prepare.json").write_text(json.dumps(spec), encoding="utf-8")
    bpy.ops.wm.save_as_mainfile(filepath=spec["blend"], copy=True, check_existing=False)
    blender = [bpy.app.binary_path, "-b", "--factory-startup", "--python-exit-code", "1", "--python"]
    start = blender if bpy.app.binary_path else [sys.executable]  # Blender as a module of Python has no program
    job.prepare = [*start, str(_ISOLATE), "--", str(folder / "prepare.json")]
