"""The footage a model is adapted to: one person's face cut out of a clip, with the clip's own sound, in sync.

F frames that show the face, P side of a crop with its margin, S side without it.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from synctalkface.audio import read_waveform, require_speech
from synctalkface.config import Config
from synctalkface.data import manifest, pack
from synctalkface.data.clip import Clip, unpacked
from synctalkface.data.dataset import Clips
from synctalkface.data.offsets import features
from synctalkface.errors import MediaError, NoFaceError
from synctalkface.events import Listener, Progress, Warned, ignore
from synctalkface.faces.detect import find_detector
from synctalkface.faces.mesh import FaceMesh
from synctalkface.metrics import lip_sync_error, sync_certainty
from synctalkface.models.syncnet import SyncNet
from synctalkface.person import Followed, Why, cut_out, follow
from synctalkface.video import Video, probe, read_frames

USUAL_RATE = 25.0  # frames a second: of footage with twice as many, every second frame is taken
SHORTEST = 1.0  # seconds of face that are needed
LONGEST = 60.0  # seconds of face that are learnt from; of more, blocks spread over the clip are taken
BLOCK = 4.0  # seconds of such a block
LIKELY, SURE = (
    3.0,
    4.0,
)  # standard errors (metrics.sync_certainty): lips and sound belong together; by how much is known


class Footage(NamedTuple):
    """What one clip teaches."""

    stored: pack.Pack  # the F frames that show the face, maybe of several stretches, and the sound of the whole clip
    clip: Clip  # the same as the model gets it, in sync
    stretches: tuple[tuple[int, int], ...]  # [begin, end) of frames that follow each other in one shot
    references: NDArray[np.int64]  # (F, 2) the frames whose pixels are moved in each when the clip is dubbed
    offset: float = 0.0  # frames by which the sound comes late, already listened to; 0 also where nobody can tell

    @property
    def articulation(self) -> float:
        """How wide the person parts the lips."""
        return self.clip.articulation()

    @property
    def seconds(self) -> float:
        return len(self.clip.crops) / self.clip.frame_rate

    def stills(self, frames: NDArray[np.int64], size: int) -> NDArray[np.uint8]:
        """The crops of `frames` (K,) without their margin: (K, S, S, 3)."""
        edge = (self.clip.crops.shape[1] - size) // 2
        return np.ascontiguousarray(self.clip.crops[frames, edge : edge + size, edge : edge + size])


def read_footage(
    path: Path,
    config: Config,
    syncnet: SyncNet | None,
    face: str = "largest",
    listener: Listener = ignore,
    first: int = 0,
    stop: int | None = None,
) -> Footage:
    """The footage in the frames first..stop of the file `path`; `face` is whose (see faces.track.choose).

    Without a `syncnet` its offset is taken as zero. Raises MediaError if there is no sound or not enough of the face,
    SilentSpeechError if nobody can be heard, NoFaceError if there is nobody.
    """
    video = probe(path)
    if not video.has_audio:
        raise MediaError(
            f"{path} has no sound, and its own sound is what teaches. Choose footage that was filmed with it."
        )
    waveform = read_waveform(path, config.audio.sample_rate)
    require_speech(waveform, path)
    followed = follow(video, find_detector(), FaceMesh(), face, first, stop, listener)
    step = max(1, round(float(video.clock.rate) / USUAL_RATE))
    rate = float(video.clock.rate) / step
    frames = _chosen(followed, step, rate)
    if len(frames) < SHORTEST * rate:
        raise NoFaceError(
            f"The face is seen for {len(frames) / rate:.1f} s of {path}; {SHORTEST:g} s are needed to learn from. "
            "Choose longer footage of it."
        )
    packed = _packed(video, followed, frames, waveform, config, listener)
    entry = manifest.Entry(path.stem, path.stem, "train", len(frames), rate)
    clip = unpacked(packed, entry, config)
    found = Footage(packed, clip, _stretches(frames, step, followed.cuts), _references(followed, frames))
    return found if syncnet is None else _in_sync(found, config, syncnet, path, listener)


def _chosen(followed: Followed, step: int, rate: float) -> NDArray[np.int64]:
    """The source frames to learn from, in order: those that a dub would draw."""
    numbers = range(followed.first, followed.first + len(followed.matrices), step)
    seen = np.array([i for i in numbers if followed.why(i) is Why.DRAWN], dtype=np.int64)
    most, block = round(LONGEST * rate), round(BLOCK * rate)
    if len(seen) <= most:
        return seen
    begins = np.linspace(0, len(seen) - block, most // block).round().astype(int)
    return np.unique(np.concatenate([seen[begin : begin + block] for begin in begins]))


def _stretches(frames: NDArray[np.int64], step: int, cuts: tuple[int, ...]) -> tuple[tuple[int, int], ...]:
    """Where `frames` (F,) go on without a gap and without a cut: [begin, end) of each stretch."""
    breaks = [
        place
        for place, (before, after) in enumerate(pairwise(frames.tolist()), start=1)
        if after != before + step or any(before < cut <= after for cut in cuts)
    ]
    return tuple(pairwise([0, *breaks, len(frames)]))


def _references(followed: Followed, frames: NDArray[np.int64]) -> NDArray[np.int64]:
    """Which of `frames` (F,) lie nearest to the references that the dub takes for each of them: (F, 2)."""
    wanted = np.array([followed.references_of(int(frame)) for frame in frames])
    return np.asarray(np.abs(frames - wanted[..., None]).argmin(axis=-1))


def _packed(
    video: Video,
    followed: Followed,
    frames: NDArray[np.int64],
    waveform: NDArray[np.float32],
    config: Config,
    listener: Listener,
) -> pack.Pack:
    """The crops and landmarks of `frames`, packed with the sound as for training."""
    wanted, first, last = set(frames.tolist()), int(frames[0]), int(frames[-1])
    size, crops, landmarks = pack.stored_size(config.face.size), [], []
    for number, frame in enumerate(read_frames(video, first, last + 1), start=first):
        if number in wanted and (place := followed.at(number)) is not None:
            [grown] = pack.with_margin(place.matrix[None])
            crops.append(cut_out(frame, grown, size))
            landmarks.append(place.landmarks @ place.matrix[:, :2].T + place.matrix[:, 2])
        listener(Progress("cut out the face", number + 1 - first, last + 1 - first))
    found = np.stack(landmarks).astype(np.float32)
    centres = video.clock.centres[frames[: len(crops)]]
    return pack.Pack(np.stack(crops), waveform, config.audio.sample_rate, centres, found)


@torch.no_grad()
def _in_sync(footage: Footage, config: Config, syncnet: SyncNet, path: Path, listener: Listener) -> Footage:
    """`footage` heard as late as its sound comes, if that is sure; where they may not belong together, a warning."""
    seen, heard = _judged(footage, config, syncnet)
    certainty = sync_certainty(seen, heard) if len(seen) else 0.0
    if certainty < LIKELY:
        listener(
            Warned(
                f"The lips of {path} do not clearly follow its sound ({certainty:.1f} standard errors, {LIKELY:g} are "
                "needed): they are taken to be in sync. If the voice is not this face's, choose other footage."
            )
        )
    if certainty < SURE:
        return footage
    offset = lip_sync_error(seen, heard).offset
    if abs(offset) < manifest.SMALLEST_CORRECTION:
        return footage
    clip = footage.clip
    return footage._replace(clip=replace(clip, centres=clip.centres + offset / clip.frame_rate), offset=offset)


def _judged(footage: Footage, config: Config, syncnet: SyncNet) -> tuple[Tensor, Tensor]:
    """What the sync expert sees (F', C) and hears (shifts, F', C), of all stretches that are long enough for it."""
    seen, heard = [torch.empty(0, config.syncnet.channels)], []
    for begin, end in footage.stretches:
        if end - begin > config.syncnet.frames:
            clip = footage.clip.part(begin, end)
            found = features(syncnet, Clips([clip], config, config.face.size), clip)
            seen.append(found[0])
            heard.append(found[1])
    return torch.cat(seen), torch.cat(heard, dim=1) if heard else torch.empty(1, 0, config.syncnet.channels)
