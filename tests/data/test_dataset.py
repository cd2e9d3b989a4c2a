"""Batches that depend on seed and step alone, windows whose pictures, sounds and moments belong together."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from synctalkface.config import Config, preset
from synctalkface.data import augment, manifest
from synctalkface.data.clip import Clip
from synctalkface.data.dataset import Clips, load
from synctalkface.data.pack import stored_size
from synctalkface.data.window import mouth_weight
from synctalkface.errors import DataError

CONFIG = preset("tiny")
STEPS, REACH = CONFIG.model.audio_steps, CONFIG.model.lip_frames // 2


def numbered(frames: int = 30, speaker: str = "ann", name: str = "a", rate: float = 25.0) -> Clip:
    """A clip whose frame n is grey n * 8 and whose mel step k holds k / 100 - 2; its lips are in the usual place."""
    side = stored_size(CONFIG.face.size)
    crops = np.ones((frames, side, side, 3), np.uint8) * (np.arange(frames) * 8).astype(np.uint8)[:, None, None, None]
    steps = 1 + int(frames / rate * CONFIG.audio.mel_rate)
    mel = np.tile((np.arange(steps) / 100 - 2).astype(np.float32), (CONFIG.audio.bands, 1))
    lips = np.stack([mouth(0.01 + 0.04 * (n % 10) / 9) for n in range(frames)])  # opens within ten frames
    centres, outline = (np.arange(frames) + 0.5) / rate, np.repeat(oval()[None], frames, axis=0)
    return Clip(f"{speaker}-{name}", speaker, crops, mel, centres, lips, rate, outline)


def oval() -> NDArray[np.float32]:
    """A face's outline of 36 points that leaves a twentieth of the crop around it."""
    angle = 2 * np.pi * np.arange(36) / 36
    return (0.5 + 0.45 * np.stack([np.cos(angle), np.sin(angle)], axis=1)).astype(np.float32)


def mouth(gap: float) -> NDArray[np.float32]:
    """The 40 points of lips that are `gap` apart, of a mouth 0.2 wide in the usual place."""
    angle = np.pi * (1 - np.arange(20) / 10)  # from the right corner over the upper lip to the left one and back
    around = np.stack([np.cos(angle), -np.sin(angle)], axis=1)
    return np.concatenate(
        [[0.5, 0.67] + around * (0.1, gap / 2 + 0.02), [0.5, 0.67] + around * (0.08, gap / 2)]
    ).astype(np.float32)


def clips_of(*clips: Clip, config: Config = CONFIG) -> Clips:
    return Clips(list(clips), config, config.face.size)


def heard(mel: torch.Tensor, start: int) -> list[int]:
    """The numbers of the mel steps from `start` on, of a `numbered` clip; -200 where it is silent."""
    return [round((float(value) + 2) * 100) for value in mel[0, start : start + STEPS]]


def test_a_window_shows_its_frames_and_hears_their_moments() -> None:
    clip = numbered()
    window = clips_of(clip).window(clip, 4, (0,))
    assert window.faces.shape == (1, 5 + 2 * REACH, 3, 128, 128)
    assert [round(float(face.mean()) * 255 / 8) for face in window.faces[0]] == list(range(4, 13))
    assert float(window.references.mean()) == 0
    for place, start in enumerate(window.starts[0].tolist()):
        centre = (4 + REACH + place + 0.5) / 25 * CONFIG.audio.mel_rate  # mel steps
        assert np.mean(heard(window.mel[0], start)) == pytest.approx(centre, abs=0.51)
    middle = (4 + REACH + 2 + 0.5) / 25 * CONFIG.audio.mel_rate
    sync = [round((float(v) + 2) * 100) for v in window.sync_mel[0, 0]]
    assert len(sync) == CONFIG.syncnet.audio_steps
    assert np.mean(sync) == pytest.approx(middle, abs=0.51)


def test_the_first_and_the_last_window_of_a_clip_exist() -> None:
    clip = numbered(frames=9)
    window = clips_of(clip).window(clip, 0, (8,))
    assert window.faces.shape[1] == 9
    assert clips_of(clip).windows(0, 0, 3, 1.0).faces.shape[:2] == (3, 9)


def test_a_sync_batch_holds_mouths_with_the_sound_of_their_moment() -> None:
    clip = numbered()
    batch = clips_of(clip).sync_windows(clip, np.array([2, 10, 27]))
    assert batch.faces.shape == (3, 5, 3, 64, 128)
    for row, centre in enumerate((2, 10, 27)):
        shown = [round(float(face.mean()) * 255 / 8) for face in batch.faces[row]]
        assert shown == [centre + d for d in (-2, -1, 0, 1, 2)]
        sounds = [round((float(v) + 2) * 100) for v in batch.mel[row, 0]]
        if min(sounds) >= 0:
            assert np.mean(sounds) == pytest.approx((centre + 0.5) * 3.2, abs=0.51)
        assert float(batch.seconds[row]) == pytest.approx((centre + 0.5) / 25)


def test_sound_is_looked_up_before_and_after_the_clip_as_inside_it() -> None:
    clip = numbered()
    clips = clips_of(clip)
    around = clips.sync_sounds(clip, np.array([-40, 0, 15, 29, 80]))
    assert (around[0] == -CONFIG.audio.span).all()
    assert (around[4] == -CONFIG.audio.span).all()
    assert torch.equal(around[2], clips.sync_windows(clip, np.array([15])).mel[0])


def test_a_batch_depends_on_seed_and_step_alone() -> None:
    one, other = (clips_of(numbered(), numbered(name="b")) for _ in range(2))
    other.windows(3, 10, 2, 1.0)  # what was drawn before does not matter
    np.random.default_rng(0).random()
    for first, second in zip(one.windows(3, 11, 4, 1.0), other.windows(3, 11, 4, 1.0), strict=True):
        assert torch.equal(first, second)
    for first, second in zip(one.sync_pairs(3, 11, 1.0), other.sync_pairs(3, 11, 1.0), strict=True):
        assert torch.equal(first, second)
    assert not torch.equal(one.windows(3, 11, 4, 1.0).faces, one.windows(3, 12, 4, 1.0).faces)
    assert not torch.equal(one.windows(3, 11, 4, 1.0).faces, one.windows(4, 11, 4, 1.0).faces)


def test_a_sync_batch_has_several_windows_of_each_clip() -> None:
    batch = clips_of(numbered(), numbered(name="b")).sync_pairs(0, 5, 0.0)
    plan = CONFIG.syncnet_training
    assert batch.faces.shape == (plan.clips * plan.windows, 5, 3, 64, 128)
    assert batch.clip.tolist() == [clip for clip in range(plan.clips) for _ in range(plan.windows)]
    for clip in range(plan.clips):
        seconds = batch.seconds[batch.clip == clip].sort().values
        assert (seconds.diff() > 1.5 / 25).all()  # two frames apart at least: else both are in sync with one sound


@pytest.mark.parametrize(("frames", "length"), [(15, 30), (15, 16), (5, 9)])
def test_the_windows_of_a_wider_sync_expert_stay_inside_the_clip(frames: int, length: int) -> None:
    config = replace(CONFIG, syncnet=replace(CONFIG.syncnet, frames=frames))
    clip = numbered(frames=length)
    for step in range(6):
        batch = Clips([clip], config, 128).sync_pairs(0, step, 0.0)
        shown = (batch.faces.mean(dim=(2, 3, 4)) * 255 / 8).round()  # the frames' numbers
        assert shown.shape[1] == frames
        assert (shown.diff(dim=1) == 1).all()


def test_clips_of_other_rates_share_a_batch() -> None:
    batch = clips_of(numbered(), numbered(name="b", rate=12.5)).windows(0, 0, 12, 0.0)
    assert batch.mel.shape[0] == 12
    assert int(batch.starts.max()) + STEPS <= batch.mel.shape[2]


def test_frames_at_uneven_times_teach_too() -> None:
    clip = numbered()
    late = replace(clip, centres=clip.centres + np.where(np.arange(30) < 15, 0.0, 0.3))  # the camera paused
    lessons = clips_of(late, numbered(name="b"))
    for first in range(30 - CONFIG.training.frames - 2 * REACH + 1):
        window = lessons.window(late, first, (0,))
        assert int(window.starts.max()) + STEPS <= window.mel.shape[2]


def test_a_window_is_not_changed_by_the_other_clips() -> None:
    clip = numbered()
    alone = clips_of(clip).window(clip, 3, (1,))
    among = clips_of(numbered(name="b"), clip, numbered(speaker="bob")).window(clip, 3, (1,))
    for first, second in zip(alone, among, strict=True):
        assert torch.equal(first, second)


def test_a_speaker_with_few_clips_is_drawn_more_often_than_his_share() -> None:
    clips = clips_of(*(numbered(name=str(n)) for n in range(9)), numbered(speaker="bob"))
    assert clips._chances[9] == pytest.approx(1 / 4)  # sqrt(1) against sqrt(9)
    assert clips._chances.sum() == pytest.approx(1)


def test_the_mouth_window_is_full_on_the_lips_and_empty_far_from_them() -> None:
    lips = numbered(frames=2).lips
    weight = mouth_weight(lips, 128)
    assert weight.shape == (2, 1, 64, 128)
    assert float(weight[0, 0, round(0.67 * 128) - 64, 64]) > 0.95
    assert float(weight[0, 0, 0, 0]) < 0.01
    assert float(weight[0, 0, -1, 64]) < 0.05
    open_wide = lips.copy()
    open_wide[:, 3, 1] += 0.1
    assert (mouth_weight(open_wide, 128).sum((1, 2, 3)) > weight.sum((1, 2, 3))).all()


def test_the_mouth_window_moves_with_the_picture() -> None:
    clip = numbered()
    mark = slice(round(0.77 * 128), round(0.82 * 128))  # where a lip at (0.5, 0.67) lies in a stored crop
    clip.crops[:] = 0
    clip.crops[:, 97:104, 77:84] = 255
    change = augment.look(np.random.default_rng(2), 1.0)
    window = clips_of(clip).window(clip, 0, (0,), change)
    shown = window.faces[0, REACH, :, 64:].mean(0)
    rows, columns = torch.nonzero(shown > shown.max() / 2).float().mean(0).tolist()
    assert float(window.mouth[0, 0, 0, round(rows), round(columns)]) > 0.8
    assert mark.start > 64


def test_prepared_clips_come_back_with_their_faces_and_their_sound(tiny_data: Path) -> None:
    clips = load(tiny_data, "train", CONFIG)
    assert [clip.identifier for clip in clips.clips] == ["ann-morning", "cleo-morning"]
    clip = clips.clips[0]
    assert clips.faces(clip).shape == (30, 3, 128, 128)
    assert clips.mouths(clip).shape == (30, 1, 64, 128)
    assert clip.mel.shape[1] == pytest.approx(1.2 * 80, abs=4)
    assert len(load(tiny_data, "train", CONFIG, limit=1).clips) == 1


def test_sound_that_was_measured_to_be_late_is_listened_to_later(tiny_data: Path, tmp_path: Path) -> None:
    folder = tmp_path / "data"
    shutil.copytree(tiny_data, folder)
    book = manifest.load(folder)
    book.measured("ann-morning", 3.0, 5.0)
    book.save(folder)
    before, after = (load(f, "train", CONFIG).clips[0].centres for f in (tiny_data, folder))
    np.testing.assert_allclose(after - before, 3 / 25)


def trouble(folder: Path, kind: str) -> Config:
    """Spoil a prepared folder, or ask for what it does not hold."""
    if kind == "damaged":
        (folder / "ann-morning.safetensors").write_bytes(b"nothing")
    elif kind == "lost":
        (folder / "ann-morning.safetensors").unlink()
    elif kind == "unprepared":
        (folder / "manifest.json").unlink()
    elif kind == "size":
        return replace(CONFIG, face=replace(CONFIG.face, size=96))
    elif kind == "frames":
        return replace(CONFIG, training=replace(CONFIG.training, frames=40))
    return CONFIG


@pytest.mark.parametrize(
    ("kind", "sentence"),
    [
        ("damaged", r"ann-morning\.safetensors is not a prepared clip .* run 'prepare' again"),
        ("lost", r"ann-morning\.safetensors is not a prepared clip .* run 'prepare' again"),
        ("unprepared", r"holds no prepared clips .* Run 'synctalkface prepare' first"),
        ("size", r"holds crops of 128 px, the model wants 96\. Prepare again"),
        ("frames", r"ann-morning has 30 frames, .* 44.* training\.frames"),
    ],
)
def test_a_folder_that_cannot_train_says_why_and_what_to_do(
    tiny_data: Path, tmp_path: Path, kind: str, sentence: str
) -> None:
    folder = tmp_path / "data"
    shutil.copytree(tiny_data, folder)
    config = trouble(folder, kind)
    with pytest.raises(DataError, match=sentence):
        load(folder, "train", config)


def test_an_empty_split_says_so(tiny_data: Path) -> None:
    with pytest.raises(DataError, match="no clip of the split 'test'"):
        load(tiny_data, "test", CONFIG)
    with pytest.raises(DataError, match="no clip to draw from"):
        clips_of()


def test_augmented_frames_of_one_sample_stay_one_person() -> None:
    """Target and references get the same change: equal frames stay equal."""
    clip = numbered()
    rng: NDArray[np.uint8] = np.random.default_rng(0).integers(0, 255, clip.crops.shape[1:], dtype=np.uint8)
    clip.crops[:], clip.lips[:] = rng, clip.lips[0]
    window = clips_of(clip).windows(0, 1, 1, 1.0)
    assert torch.equal(window.faces[0, 0], window.faces[0, -1])
    assert torch.equal(window.faces[0, 0], window.references[0, 0])
    assert torch.equal(window.faces[0, 0], window.references[0, 1])


def test_a_clip_lends_a_closed_mouth_and_one_with_parted_lips() -> None:
    clip = numbered()
    np.testing.assert_allclose(clip.openings[[0, 9]], [0.05, 0.25], atol=1e-5)
    closed, parted = clip.references()
    assert closed % 10 == 0
    assert parted % 10 == 8  # of ten equal steps the 85th hundredth is nearest to the second last
    assert max(clip.part(0, 10).references()) < 10


def test_training_lends_usual_frames_and_others_but_never_a_second_one_beside_the_window() -> None:
    clip = numbered(60)
    clips, usual = clips_of(clip), clip.references()
    drawn = [clips._draw(np.random.default_rng(seed), 1.0) for seed in range(300)]
    lent = [references for _, _, references, *_ in drawn]
    assert 0.3 < np.mean([closed == usual.closed for closed, _ in lent]) < 0.55
    assert 0.3 < np.mean([parted == usual.parted for _, parted in lent]) < 0.55
    assert {closed % 10 for closed, _ in lent} == set(range(10))
    others = [(first, parted) for _, first, (_, parted), *_ in drawn if parted != usual.parted]
    assert {parted % 10 for _, parted in others} == {7, 8, 9}
    assert not [first for first, parted in others if first - 3 <= parted < first + 5 + 2 * REACH + 3]


def test_one_reference_is_the_first_frame_or_any() -> None:
    config = replace(CONFIG, model=replace(CONFIG.model, references=1))
    clips = clips_of(numbered(), config=config)
    lent = [clips._draw(np.random.default_rng(seed), 1.0)[2] for seed in range(200)]
    assert {len(references) for references in lent} == {1}
    assert 0.3 < np.mean([first == 0 for (first,) in lent]) < 0.55
