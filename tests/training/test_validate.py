"""Held-out scores against answers that are known: a model that draws the reference, a sync expert that counts."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from synctalkface.config import preset
from synctalkface.data import offsets
from synctalkface.data.clip import Clip
from synctalkface.data.dataset import Clips
from synctalkface.data.redraw import redraw
from synctalkface.models.generator import SyncTalkFace, for_use
from synctalkface.training.validate import sheet, validate

TINY = preset("tiny")


def model() -> SyncTalkFace:
    torch.manual_seed(0)
    return SyncTalkFace(TINY)


def copier() -> SyncTalkFace:
    """A model whose drawing is always its first reference as it is: no flow, and all of the moved pixel kept."""
    made = model()
    with torch.no_grad():
        made.decoder.head.weight.zero_()
        bias = made.decoder.head.bias
        assert bias is not None
        bias.zero_()
        flows = 2 * made.decoder.references * made.decoder.fold**2
        bias[flows : flows + made.decoder.fold**2] = 50.0
    return for_use(made)


def test_a_model_that_draws_the_reference_scores_as_a_copy(exam: Clips) -> None:
    scores = validate(copier(), exam)
    assert scores.right == pytest.approx(scores.copy, abs=1e-6)
    assert scores.wrong == pytest.approx(scores.copy, abs=1e-6)
    assert scores.psnr == pytest.approx(scores.copy_psnr, abs=1e-3)
    expected = []
    for clip in exam.clips:
        faces, weight = exam.faces(clip).double(), exam.mouths(clip).double().expand(-1, 3, -1, -1)
        difference = (faces[:, :, 64:] - faces[clip.references().closed, :, 64:]).abs()
        expected.append(float((difference * weight).sum() / weight.sum()))
    assert scores.copy == pytest.approx(np.mean(expected), rel=1e-4)
    assert 1 <= scores.slots <= TINY.memory.slots
    assert (scores.confidence, scores.true_confidence, scores.within_one) == (0, 0, 0)


def test_a_clip_is_drawn_the_same_among_others_and_for_its_own_sound(exam: Clips) -> None:
    used = for_use(model())
    clip = exam.clips[1]
    alone = Clips([clip], TINY, exam.size)
    assert torch.equal(redraw(used, exam, clip).picture, redraw(used, alone, clip).picture)
    assert torch.equal(redraw(used, exam, clip, clip.mel).picture, redraw(used, exam, clip).picture)
    other = redraw(used, exam, clip, exam.clips[0].mel[:, ::-1].copy()).address
    own = redraw(used, exam, clip).address
    assert own is not None
    assert other is not None
    assert own.shape == (len(clip.crops), TINY.memory.slots)
    assert not torch.allclose(own, other)


def test_a_long_clip_is_drawn_in_parts_without_a_seam(exam: Clips, monkeypatch: pytest.MonkeyPatch) -> None:
    used, clip = for_use(model()), exam.clips[0]
    whole = redraw(used, exam, clip).picture
    monkeypatch.setattr("synctalkface.data.redraw.BATCH", 7)
    torch.testing.assert_close(redraw(used, exam, clip).picture, whole, atol=1e-4, rtol=0)


class Counting(nn.Module):
    """A sync expert that reads numbers written into pictures and sounds: those of one moment are alike."""

    def __init__(self) -> None:
        super().__init__()
        self.unused = nn.Parameter(torch.zeros(1))

    def see(self, faces: Tensor) -> Tensor:
        return self._told(faces[:, 2, 0, 32, 64] * 255 / 4)

    def hear(self, mel: Tensor) -> Tensor:
        return self._told((mel[:, 0, 8] + mel[:, 0, 7]) / 2 * 100)

    @staticmethod
    def _told(frame: Tensor) -> Tensor:
        return torch.stack([torch.cos(frame / 20), torch.sin(frame / 20)], dim=-1)


@pytest.mark.parametrize("late", [-6, 0, 4])
def test_a_sound_that_comes_late_is_measured_and_put_right(late: int) -> None:
    frames, rate = 40, 25.0
    crops = np.ones((frames, 160, 160, 3), np.uint8) * (np.arange(frames) * 4).astype(np.uint8)[:, None, None, None]
    # mel step k sounds at k / 80 s, and tells the frame that is shown `late` frames before
    told = (np.arange(200) / TINY.audio.mel_rate * rate - 0.5 - late) / 100
    mel = np.tile(told.astype(np.float32), (TINY.audio.bands, 1))
    centres = (np.arange(frames) + 0.5) / rate
    lips, outline = (np.zeros((frames, points, 2), np.float32) for points in (40, 36))
    clip = Clip("a", "ann", crops, mel, centres, lips, rate, outline)
    error = offsets.measure(Counting(), Clips([clip], TINY, 128), clip)  # type: ignore[arg-type]
    assert error.offset == late
    righted = replace(clip, centres=clip.centres + error.offset / rate)
    assert offsets.measure(Counting(), Clips([righted], TINY, 128), righted).offset == 0  # type: ignore[arg-type]


def test_the_sheet_shows_filmed_right_and_wrong_for_each_clip(exam: Clips) -> None:
    picture = sheet(for_use(model()), exam, count=2, every=9)
    assert picture.dtype == np.uint8
    assert picture.shape == (2 * 3 * 128, 3 * 128, 3)
    filmed = exam.faces(exam.clips[0])[0].mul(255).round().byte().permute(1, 2, 0).numpy()
    np.testing.assert_array_equal(picture[:128, :128], filmed)
    np.testing.assert_array_equal(picture[128:192, :128], filmed[:64])  # the upper half is never drawn
