"""All prepared clips of a split in memory, and the batches drawn from them.

A batch depends on the seed and the step alone, so that a resumed run sees exactly what an uninterrupted one sees.
"""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from synctalkface.config import Config
from synctalkface.data import augment, backdrop, camera, card, manifest
from synctalkface.data.clip import Clip, read
from synctalkface.data.corpora import Split
from synctalkface.data.window import SyncBatch, Window, mouth_weight, stacked
from synctalkface.errors import DataError
from synctalkface.events import Listener, Progress, ignore
from synctalkface.faces.articulation import articulation
from synctalkface.inputs import chunk_length, pictures, speech_chunk

EVERY = slice(None)
READERS = min(8, os.cpu_count() or 1)
USUAL = 0.4  # share of samples whose references are those of use; of one reference alone, the clip's first frame
WIDE = 0.3  # share of a clip's frames, those with the widest gap between the lips, that may be the second reference
NEAR = 3  # frames beside a window that do not lend it the look of a mouth so much like its own


# the arguments of Clips.window
Choice = tuple[Clip, int, tuple[int, ...], augment.Look | None, NDArray[np.float32], float]


class Clips:
    """The clips of one split. Speakers are drawn by the square root of their share, so that few clips count more.

    pace: frames a second; windows whose frames come more slowly have no room in a batch. None: all have.
    """

    def __init__(self, clips: list[Clip], config: Config, size: int, pace: float | None = None) -> None:
        if not clips:
            raise DataError("There is no clip to draw from. Prepare more data, or another split.")
        self.clips = clips
        self.config = config
        self.size = size
        counts = {clip.speaker: sum(c.speaker == clip.speaker for c in clips) for clip in clips}
        weights = np.array([1 / np.sqrt(counts[clip.speaker]) for clip in clips])
        self._chances = weights / weights.sum()
        self._articulations = _articulations(clips)
        self._slowest = pace or min(_pace(clip, config.training.frames) for clip in clips)
        self._resident: dict[str, Tensor] = {}

    def stay_near(self, device: torch.device) -> None:
        """Copy all crops to the GPU `device`, if it has room: those of every batch are then cut and changed there."""
        if card.has_room(sum(clip.crops.nbytes for clip in self.clips), device):
            self.stay_on(device)

    def stay_on(self, device: torch.device) -> None:
        """Copy all crops to `device`, whatever it is."""
        self._resident = {clip.identifier: torch.from_numpy(clip.crops).to(device) for clip in self.clips}

    def _changed(
        self,
        clip: Clip,
        frames: NDArray[np.int64],
        change: augment.Look | None,
        top: int = 0,
        *,
        articulated: bool = False,
    ) -> Tensor:
        """The crops at `frames` (N,), changed if so, from row `top` on: (N, 3, S - top, S), 0..1."""
        if change is None:
            edge = (clip.crops.shape[1] - self.size) // 2
            inside = clip.crops[frames][:, edge + top : edge + self.size, edge : edge + self.size]
            return pictures(np.ascontiguousarray(inside))
        mouths = clip.mouths(frames) if articulated else None
        resident = self._resident.get(clip.identifier)
        if resident is None:
            stored = torch.from_numpy(clip.crops[frames])
        else:
            stored = resident[torch.from_numpy(frames).to(resident.device)]
        if change.backdrop is not None:
            stored = backdrop.behind(stored, clip.outline[frames], change.backdrop)
        if resident is None:
            crops = torch.from_numpy(change.crop(stored.numpy(), self.size, top, mouths))
        else:
            crops = card.crop(stored, change, self.size, top, mouths)
        return pictures(change.camera.film(crops, frames, top))

    def windows(self, seed: int, step: int, count: int, strength: float, own: slice = EVERY) -> Window:
        """The generator's batch of training step `step`; of its `count` windows those that `own` picks."""
        rng = np.random.default_rng((seed, step, 1))
        drawn = [self._draw(rng, strength) for _ in range(count)]
        return stacked([self.window(*choice) for choice in drawn[own]])

    def _draw(self, rng: np.random.Generator, strength: float) -> Choice:
        """The arguments of one `window`: cheap beside the window itself, so each process draws all of them."""
        frames, reach = self.config.training.frames, self.config.model.lip_frames // 2
        clip = self.clips[rng.choice(len(self.clips), p=self._chances)]
        first = int(rng.integers(0, len(clip.crops) - frames - 2 * reach + 1))
        references = self._references(rng, clip, first)
        change = augment.look(rng, strength, self.config.model.articulated)
        voiced = augment.voice(clip.mel, rng, strength, self.config.audio.span)
        plan = self.config.training  # what it leaves out draws no numbers: other batches stay as they were without it
        if plan.backdrop and rng.random() < plan.backdrop * strength:
            change = replace(change, backdrop=backdrop.paint(rng))
        if plan.degrade:
            change = replace(change, camera=camera.draw(rng, plan.degrade * strength))
        return clip, first, references, change, voiced, self._articulations[clip.speaker]

    def _references(self, rng: np.random.Generator, clip: Clip, first: int) -> tuple[int, ...]:
        """Frames that lend their pixels to the window at `first`: those of use, or any with the lips parted wide."""
        usual, other = rng.random(2) < USUAL, int(rng.integers(len(clip.crops)))
        if self.config.model.references == 1:
            return (0 if usual[0] else other,)
        closed, parted = clip.references()
        if not usual[1]:
            length = self.config.training.frames + self.config.model.lip_frames - 1
            wide = np.argsort(clip.openings)[-max(1, round(WIDE * len(clip.crops))) :]
            away = wide[(wide < first - NEAR) | (wide >= first + length + NEAR)]
            parted = int(rng.choice(away if len(away) else wide))
        return (closed if usual[0] else other), parted

    def window(
        self,
        clip: Clip,
        first: int,
        references: tuple[int, ...],
        change: augment.Look | None = None,
        mel: NDArray[np.float32] | None = None,
        spoken: float = 1.0,
    ) -> Window:
        """One window (B = 1) of `clip`: the lips from frame `first` on, with the frames `references` (K,) as such.

        `change` alters what is seen; `mel` (bands, T) replaces what is heard. `spoken`: the person's
        articulation.
        """
        config = self.config
        frames, reach = config.training.frames, config.model.lip_frames // 2
        shown = np.arange(first, first + frames + 2 * reach)
        target = slice(first + reach, first + reach + frames)
        lips = clip.lips[target]
        faces, stills = (self._changed(clip, each, change, articulated=True) for each in (shown, np.array(references)))
        wider = spoken * (1.0 if change is None else change.articulation)
        same = change is None or change.articulation == 1
        seen = faces if same else self._changed(clip, shown, change)
        lips = lips if change is None else change.move(lips, clip.mouths(target))
        length = chunk_length(frames, config.model.audio_steps, self._slowest, config.audio)
        sound = torch.from_numpy(clip.mel if mel is None else mel)
        chunk = speech_chunk(sound, clip.centres[target], config.model.audio_steps, config.audio, length)
        middle = clip.centres[target][frames // 2 : frames // 2 + 1]
        sync = speech_chunk(sound, middle, config.syncnet.audio_steps, config.audio)
        mouth = mouth_weight(lips, self.size)
        told = torch.tensor(wider)
        return Window(*(each[None] for each in (faces, seen, stills, chunk.mel, chunk.starts, sync.mel, mouth, told)))

    def faces(self, clip: Clip) -> Tensor:
        """All face crops of `clip` as they are: (F, 3, S, S)."""
        edge = (clip.crops.shape[1] - self.size) // 2
        return pictures(np.ascontiguousarray(clip.crops[:, edge : edge + self.size, edge : edge + self.size]))

    def mouths(self, clip: Clip) -> Tensor:
        """The mouth window of every frame: (F, 1, S/2, S)."""
        return mouth_weight(clip.lips, self.size)

    def sync_pairs(self, seed: int, step: int, strength: float, own: slice = EVERY) -> SyncBatch:
        """The sync expert's batch of step `step`: several windows from each of several clips, those of `own`."""
        plan, rng = self.config.syncnet_training, np.random.default_rng((seed, step, 2))
        half = self.config.syncnet.frames // 2
        drawn = []
        for number in range(plan.clips):
            clip = self.clips[rng.choice(len(self.clips), p=self._chances)]
            change = augment.look(rng, strength)
            spread = rng.permutation(len(clip.crops) // 2 - half)[: plan.windows] * 2 + half + int(rng.integers(2))
            centres = np.clip(spread, half, len(clip.crops) - half - 1)
            voiced = augment.voice(clip.mel, rng, strength, self.config.audio.span)
            drawn.append((number, (clip, centres, change, voiced)))
        parts = []
        for number, choice in drawn[own]:
            windows = self.sync_windows(*choice)
            parts.append(windows._replace(clip=torch.full((len(windows.mel),), number)))
        return SyncBatch(*(torch.cat(column) for column in zip(*parts, strict=True)))

    def sync_windows(
        self,
        clip: Clip,
        centres: NDArray[np.int64],
        change: augment.Look | None = None,
        mel: NDArray[np.float32] | None = None,
    ) -> SyncBatch:
        """The windows of `clip` around the frames `centres` (N,), as they are or changed."""
        half = self.config.syncnet.frames // 2
        top = self.size // 2
        used, place = np.unique(centres[:, None] + np.arange(-half, half + 1), return_inverse=True)
        halves = self._changed(clip, used, change, top)
        faces = halves[torch.from_numpy(place.reshape(len(centres), -1)).to(halves.device)]
        seconds = torch.from_numpy(clip.centres[centres])
        heard = self.sync_sounds(clip, centres, mel)
        return SyncBatch(faces, heard, torch.zeros(len(centres), dtype=torch.int64), seconds)

    def sync_sounds(self, clip: Clip, frames: NDArray[np.int64], mel: NDArray[np.float32] | None = None) -> Tensor:
        """What the sync expert hears at `frames` (N,), which may lie before and after the clip: (N, bands, steps)."""
        sound = torch.from_numpy(clip.mel if mel is None else mel)
        steps, audio = self.config.syncnet.audio_steps, self.config.audio
        inside = np.clip(frames, 0, len(clip.centres) - 1)
        seconds = clip.centres[inside] + (frames - inside) / clip.frame_rate
        return torch.stack([speech_chunk(sound, np.array([t]), steps, audio).mel for t in seconds])


def _articulations(clips: list[Clip]) -> dict[str, float]:
    """Speaker -> how wide it parts the lips."""
    speakers: dict[str, list[NDArray[np.float64]]] = {}
    for clip in clips:
        speakers.setdefault(clip.speaker, []).append(clip.openings)
    return {speaker: articulation(np.concatenate(found)) for speaker, found in speakers.items()}


def _pace(clip: Clip, frames: int) -> float:
    """Frames a second where `frames` of `clip` come most slowly: at uneven times that is less than its own rate."""
    spans = clip.centres[frames - 1 :] - clip.centres[: 1 - frames or None]
    if frames < 2 or not len(spans):
        return clip.frame_rate
    slowest = (frames - 1) / float(spans.max())
    return slowest if slowest < clip.frame_rate * (1 - 1e-6) else clip.frame_rate


def load(folder: Path, split: Split, config: Config, limit: int | None = None, listener: Listener = ignore) -> Clips:
    """Read the clips of `split` into memory. `limit` takes that many, spread over the split. Raises DataError."""
    book = manifest.load(folder)
    entries = book.split(split)
    if limit is not None and len(entries) > limit:
        entries = [entries[i] for i in np.linspace(0, len(entries) - 1, limit).round().astype(int)]
    if not entries:
        raise DataError(f"{folder} holds no clip of the split '{split}'. Prepare more clips.")
    if book.size != config.face.size:
        raise DataError(f"{folder} holds crops of {book.size} px, the model wants {config.face.size}. Prepare again.")
    clips = []
    with ThreadPoolExecutor(READERS) as pool:  # pictures are decoded outside Python's lock
        for entry, clip in zip(entries, pool.map(lambda entry: read(folder, entry, config), entries), strict=True):
            clips.append(replace(clip, centres=clip.centres + entry.correction))
            listener(Progress("load", len(clips), len(entries)))
    _refuse_short(clips, config)
    return Clips(clips, config, book.size)


def _refuse_short(clips: list[Clip], config: Config) -> None:
    """DataError if a window, the generator's or the sync expert's, does not fit into the shortest clip."""
    shortest = min(clips, key=lambda clip: len(clip.crops))
    windows = {
        "training.frames": config.training.frames + config.model.lip_frames - 1,
        "syncnet.frames": config.syncnet.frames + 1,  # one more, so that there are two to choose from
    }
    name, needed = max(windows.items(), key=lambda window: window[1])
    if len(shortest.crops) < needed:
        raise DataError(f"{shortest.identifier} has {len(shortest.crops)} frames, a window has {needed}. Lower {name}.")
