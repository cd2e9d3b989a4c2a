"""The placed result shows, frame by frame, what its source showed, and was made for the sound that is heard there."""

from __future__ import annotations

import importlib
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import bpy
import pytest
from conftest import ADDON, ffmpeg


def compat() -> Any:
    return importlib.import_module(f"{ADDON}.blender.compat")


def strips(scene: Any) -> Any:
    return compat().strips_of(scene.sequence_editor)


def add_movie(scene: Any, path: Path, name: str = "face", channel: int = 1, frame: int = 11) -> Any:
    strip = strips(scene).new_movie(name=name, filepath=str(path), channel=channel, frame_start=frame)
    strip.select = True
    return strip


def add_sound(scene: Any, path: Path, name: str = "speech", channel: int = 2, frame: int = 1) -> Any:
    strip = strips(scene).new_sound(name=name, filepath=str(path), channel=channel, frame_start=frame)
    strip.select = True
    return strip


def set_handles(strip: Any, left: int, right: int) -> None:
    names = strip.bl_rna.properties
    new = "left_handle" in names
    setattr(strip, "left_handle" if new else "frame_final_start", left)
    setattr(strip, "right_handle" if new else "frame_final_end", right)


def trim_hard(strip: Any, start: int, end: int) -> None:
    new = "content_trim_start" in strip.bl_rna.properties
    setattr(strip, "content_trim_start" if new else "animation_offset_start", start)
    setattr(strip, "content_trim_end" if new else "animation_offset_end", end)


def rendered(scene: Any, folder: Path, begin: int, end: int, name: str) -> bytes:
    """The raw grey pixels of the frames [begin, end) as the scene renders them."""
    compat().write_movie(scene.render)
    scene.render.use_file_extension = False
    scene.render.filepath = str(folder / f"{name}.mkv")
    scene.frame_start, scene.frame_end = begin, end - 1
    bpy.ops.render.render(animation=True, scene=scene.name)
    return ffmpeg("-i", scene.render.filepath, "-f", "rawvideo", "-pix_fmt", "rgb24", "pipe:1")


def shown_frames(raw: bytes) -> list[int]:
    """Which frame of the grey clip stands in the middle of each picture; limited range, as video is."""
    size = 96 * 64 * 3
    middles = [raw[start + size // 2 + 48 * 3] for start in range(0, len(raw), size)]
    return [round((grey * 219 / 255 + 16 - 20) / 2) for grey in middles]


def dub() -> set[str]:
    return set(bpy.ops.synctalkface.lipsync("EXEC_DEFAULT"))


def result_of(scene: Any) -> Any:
    [strip] = [strip for strip in strips(scene) if strip.name.startswith("face.sync")]
    return strip


CUTS: dict[str, Callable[[Any], None]] = {
    "plain": lambda strip: None,
    "handles": lambda strip: set_handles(strip, 21, 81),
    "hard": lambda strip: trim_hard(strip, 7, 13),
    "hard and handles": lambda strip: (trim_hard(strip, 7, 13), set_handles(strip, 31, 71)),  # type: ignore[func-returns-value]
    "reversed": lambda strip: setattr(strip, "use_reverse_frames", True),
    "reversed and trimmed": lambda strip: (  # type: ignore[func-returns-value]
        setattr(strip, "use_reverse_frames", True),
        trim_hard(strip, 7, 13),
        set_handles(strip, 31, 71),
    ),
    "still ends": lambda strip: set_handles(strip, 5, 115),
}


@pytest.mark.parametrize("cut", CUTS)
def test_the_result_shows_the_frames_the_source_showed(
    cut: str, scene: Any, session: Any, media: Path, tmp_path: Path
) -> None:
    strip = add_movie(scene, media / "grey25.mkv")
    add_sound(scene, media / "noise.wav")
    CUTS[cut](strip)
    scene.synctalkface.folder = str(tmp_path / "out")
    facts = compat().read(strip)
    before = rendered(scene, tmp_path, facts.left - 2, facts.right + 2, "before")
    assert dub() == {"FINISHED"}
    assert session.current().desk.jobs[0].prepare == []
    result = compat().read(result_of(scene))
    assert (result.left, result.right) == (facts.left, facts.right)
    assert result.channel == 3
    strips(scene)["face"].mute = True
    after = rendered(scene, tmp_path, facts.left - 2, facts.right + 2, "after")
    assert shown_frames(after) == shown_frames(before)
    assert after == before, "an identity worker changes not one bit"


@pytest.mark.parametrize(("fps", "base", "file"), [(24, 1, "24"), (25, 1, "25"), (30, 1.001, "2997"), (30, 1, "30")])
def test_every_frame_rate_is_kept(
    fps: int, base: float, file: str, scene: Any, session: Any, media: Path, tmp_path: Path
) -> None:
    scene.render.fps, scene.render.fps_base = fps, base
    set_handles(add_movie(scene, media / f"grey{file}.mkv"), 21, 61)
    add_sound(scene, media / "noise.wav")
    scene.synctalkface.folder = str(tmp_path / "out")
    assert dub() == {"FINISHED"}
    assert session.current().desk.jobs[0].prepare == []
    strips(scene)["face"].mute = True
    assert shown_frames(rendered(scene, tmp_path, 21, 61, "after")) == list(range(10, 50))
    rate = json.loads(result_of(scene)["synctalkface"])["rate"].split("/")
    assert int(rate[0]) / int(rate[1]) == pytest.approx(fps / base, abs=1e-6)


def test_a_clip_of_another_rate_is_rendered_first(scene: Any, session: Any, media: Path, tmp_path: Path) -> None:
    scene.render.fps = 24
    set_handles(add_movie(scene, media / "grey25.mkv"), 21, 41)
    add_sound(scene, media / "noise.wav")
    scene.synctalkface.folder = str(tmp_path / "out")
    before = shown_frames(rendered(scene, tmp_path, 21, 41, "before"))
    assert dub() == {"FINISHED"}, session.current().desk.jobs[0].message
    assert session.current().desk.jobs[0].video.endswith("picture.mkv")
    strips(scene)["face"].mute = True
    assert shown_frames(rendered(scene, tmp_path, 21, 41, "after")) == before


def test_transform_crop_and_looks_are_the_same(scene: Any, session: Any, media: Path, tmp_path: Path) -> None:
    strip = add_movie(scene, media / "grey25.mkv")
    add_sound(scene, media / "noise.wav")
    strip.transform.offset_x, strip.transform.scale_x, strip.transform.rotation = 7, 0.7, 0.3
    strip.crop.max_y, strip.blend_alpha, strip.color_multiply, strip.use_flip_x = 9, 0.8, 1.2, True
    scene.synctalkface.folder = str(tmp_path / "out")
    scene.synctalkface.mute_source = True
    before = rendered(scene, tmp_path, 11, 31, "before")
    assert dub() == {"FINISHED"}
    assert strips(scene)["face"].mute
    assert rendered(scene, tmp_path, 11, 31, "after") == before


def test_a_meta_strip_with_a_transform_is_rendered_first(scene: Any, session: Any, media: Path, tmp_path: Path) -> None:
    meta = strips(scene).new_meta(name="face", channel=3, frame_start=11)
    inside = (
        compat().strips_of(meta).new_movie(name="inner", filepath=str(media / "grey25.mkv"), channel=1, frame_start=11)
    )
    set_handles(inside, 21, 41)
    set_handles(meta, 21, 41)
    meta.select = True
    meta.transform.offset_x = 11
    add_sound(scene, media / "noise.wav")
    scene.synctalkface.folder = str(tmp_path / "out")
    before = rendered(scene, tmp_path, 21, 41, "before")
    assert dub() == {"FINISHED"}, session.current().desk.jobs[0].message
    strips(scene)["face"].mute = True
    after = rendered(scene, tmp_path, 21, 41, "after")
    assert max(abs(a - b) for a, b in zip(after, before, strict=True)) <= 1


def test_a_strip_made_of_pictures_is_rendered_first(scene: Any, session: Any, media: Path, tmp_path: Path) -> None:
    ffmpeg("-i", str(media / "grey25.mkv"), "-frames:v", "20", str(tmp_path / "%04d.png"))
    strip = strips(scene).new_image(name="face", filepath=str(tmp_path / "0001.png"), channel=1, frame_start=11)
    for number in range(2, 21):
        strip.elements.append(f"{number:04d}.png")
    set_handles(strip, 11, 31)
    strip.select = True
    add_sound(scene, media / "noise.wav")
    scene.synctalkface.folder = str(tmp_path / "out")
    before = shown_frames(rendered(scene, tmp_path, 11, 31, "before"))
    assert dub() == {"FINISHED"}, session.current().desk.jobs[0].message
    strips(scene)["face"].mute = True
    assert shown_frames(rendered(scene, tmp_path, 11, 31, "after")) == before


def test_changed_speed_is_rendered_first(scene: Any, session: Any, media: Path, tmp_path: Path) -> None:
    strip, sound = add_movie(scene, media / "grey25.mkv"), add_sound(scene, media / "noise.wav")
    if hasattr(strip, "speed_factor"):
        strip.speed_factor, sound.speed_factor = 2.0, 0.5
    elif bpy.app.version >= (5, 1):
        for each, end in ((strip, 61), (sound, 501)):
            last = [each.retiming_keys.add(timeline_frame=frame) for frame in (each.left_handle, each.right_handle)][1]
            last.timeline_frame = end
    else:
        pytest.skip("adding a retiming key crashes Blender 4.2 to 5.0")
    facts = compat().read(strip)
    scene.synctalkface.folder = str(tmp_path / "out")
    before = shown_frames(rendered(scene, tmp_path, facts.left, facts.right, "before"))
    assert dub() == {"FINISHED"}, session.current().desk.jobs[0].message
    [job] = session.current().desk.jobs
    assert (Path(job.video).name, Path(job.speech).name) == ("picture.mkv", "speech.wav")
    strips(scene)["face"].mute = True
    assert shown_frames(rendered(scene, tmp_path, facts.left, facts.right, "after")) == before


@pytest.mark.parametrize("cut", ["plain", "handles", "hard"])
def test_the_sound_of_the_result_is_what_is_heard_there(
    cut: str, scene: Any, session: Any, media: Path, tmp_path: Path
) -> None:
    add_movie(scene, media / "grey25.mkv", frame=31)
    sound = add_sound(scene, media / "noise.wav", frame=5)
    CUTS[cut](sound)
    scene.synctalkface.folder = str(tmp_path / "out")
    assert dub() == {"FINISHED"}, session.current().desk.jobs[0].message
    facts = compat().read(result_of(scene))
    out = json.loads(result_of(scene)["synctalkface"])
    scene.frame_start, scene.frame_end = facts.left, facts.right - 1
    mixed = str(tmp_path / "mixed.wav")
    bpy.ops.sound.mixdown(filepath=mixed, check_existing=False, container="WAV", codec="PCM", format="S16")
    result = session.current().desk.jobs[0].out
    assert out["begin"] == facts.left
    assert abs(lag(samples(mixed), samples(result))) <= 8, "samples at 8 kHz: 1 ms"


def samples(path: str) -> list[float]:
    import array

    raw = array.array("h")
    raw.frombytes(ffmpeg("-i", path, "-vn", "-ac", "1", "-ar", "8000", "-f", "s16le", "pipe:1"))
    return [float(value) for value in raw[:8000]]


def lag(one: list[float], other: list[float]) -> int:
    """By how many samples `other` comes later, looked for within 100 ms."""
    length = min(len(one), len(other)) - 1600
    piece = one[800 : 800 + length]

    def agreement(shift: int) -> float:
        return sum(a * b for a, b in zip(piece, other[800 + shift : 800 + shift + length], strict=False))

    return max(range(-800, 801), key=agreement)


def test_one_undo_takes_a_batch_away_and_one_redo_brings_it_back(
    scene: Any, session: Any, media: Path, tmp_path: Path
) -> None:
    set_handles(add_movie(scene, media / "grey25.mkv", "face one", 1), 11, 31)
    set_handles(add_movie(scene, media / "grey25.mkv", "face two", 3, 41), 41, 61)
    set_handles(add_movie(scene, media / "grey25.mkv", "unlucky", 4, 61), 71, 91)
    add_sound(scene, media / "noise.wav")
    scene.synctalkface.folder = str(tmp_path / "out")
    bpy.ops.ed.undo_push(message="before")
    assert dub() == {"FINISHED"}
    assert [job.state for job in session.current().desk.jobs] == ["placed", "placed", "failed"]
    assert session.current().desk.jobs[2].message == "No face in it. Choose another."
    made = {"face one.sync", "face two.sync"}
    assert made <= set(strips(bpy.context.scene).keys())
    bpy.ops.ed.undo()
    assert not made & set(strips(bpy.data.scenes[0]).keys())
    bpy.ops.ed.redo()
    assert made <= set(strips(bpy.data.scenes[0]).keys())


def test_a_source_that_is_gone_leaves_the_result_where_it_was(
    scene: Any, session: Any, media: Path, tmp_path: Path
) -> None:
    placing = importlib.import_module(f"{ADDON}.blender.placing")
    strip = add_movie(scene, media / "grey25.mkv")
    add_sound(scene, media / "noise.wav")
    scene.synctalkface.folder = str(tmp_path / "out")
    ordering = importlib.import_module(f"{ADDON}.blender.ordering")
    [job] = ordering.order(scene, ordering.pairing_of(scene).pairs, "b")
    strips(scene).remove(strip)
    ffmpeg("-i", str(media / "grey25.mkv"), "-c", "copy", "-f", "matroska", job.out)
    assert re.search("not there any more", placing.place(job))
    assert compat().read(result_of(scene)).left == 11


def test_what_cannot_be_used_is_refused_with_its_reason(scene: Any, session: Any, media: Path, tmp_path: Path) -> None:
    ordering = importlib.import_module(f"{ADDON}.blender.ordering")
    assert "Select" in ordering.pairing_of(scene).refusals[0].reason
    add_movie(scene, tmp_path / "gone.mp4", "gone")
    (tmp_path / "broken.mp4").write_bytes(b"this is no video")
    add_movie(scene, tmp_path / "broken.mp4", "broken", 4)
    add_sound(scene, media / "noise.wav")
    reasons = {refusal.name: refusal.reason for refusal in ordering.pairing_of(scene).refusals}
    assert "missing" in reasons["gone"]
    assert "cannot read" in reasons["broken"]
    assert ordering.pairing_of(scene).pairs == ()
    with pytest.raises(RuntimeError):
        dub()
