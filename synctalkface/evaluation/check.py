"""Do lips and sound of a video fit? Offset, confidence and a verdict in a sentence, for any video with a face.

The video is looked at 25 times a second, whatever its rate, since that is what sync experts know. K such moments.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from synctalkface import hub
from synctalkface.audio import read_waveform, require_speech
from synctalkface.config import FaceConfig
from synctalkface.data import pack
from synctalkface.device import find_device
from synctalkface.errors import NoFaceError
from synctalkface.evaluation.published import load_published
from synctalkface.evaluation.sync import WINDOW, Judge
from synctalkface.events import Listener, Progress, ignore
from synctalkface.faces.detect import find_detector
from synctalkface.faces.mesh import FaceMesh
from synctalkface.metrics import LARGEST_SHIFT, lip_sync_error, sync_certainty
from synctalkface.person import Followed, cut_out, follow
from synctalkface.person.judge import OwnJudge
from synctalkface.video import Video, probe, read_frames

RATE = 25.0  # moments a second
BLOCK = 200  # crops kept at once
MOST_WINDOWS = 3_000  # judged of a long video, spread over it
LIKELY, SURE = 3.0, 4.0  # standard errors; of clips with a sound that does not fit, half stay below 2.3
IN_SYNC = 1.0  # moments: nearer than nobody can measure, and hardly anybody sees


@dataclass(frozen=True)
class SyncReport:
    """What `check` found. A positive offset: the sound comes late."""

    video: str
    offset_seconds: float
    offset_frames: float  # of this video's own rate
    confidence: float  # LSE-C: the median distance minus the smallest
    distance: float  # LSE-D: the smallest distance over all shifts
    certainty: float  # standard errors: see metrics.sync_certainty
    in_sync: bool | None  # None: cannot be told
    verdict: str
    seconds_judged: float
    frame_rate: float
    faces: int
    judge: str

    def as_dict(self) -> dict[str, Any]:
        """The report as plain JSON data."""
        return asdict(self)


class Run(NamedTuple):
    """Consecutive moments of one shot in which the face is seen."""

    first: int  # the number of the first moment
    crops: NDArray[np.uint8]  # (F, P, P, 3) with their margin


def check(
    video: str | Path,
    *,
    face: str = "largest",
    weights: str | Path | None = None,
    published_syncnet: Path | None = None,
    device: str = "auto",
    on_progress: Listener = ignore,
) -> SyncReport:
    """Measure how far sound and lips of `video` are apart, by the sync expert in `weights` (or a published one).

    `face` chooses among several people (see faces.track.choose). Raises MediaError, SilentSpeechError or NoFaceError
    if there is nothing to judge, WeightsError if there is no sync expert.
    """
    judge = load_judge(weights, published_syncnet, device)
    clip = probe(video)
    waveform = read_waveform(video, judge.sample_rate)
    require_speech(waveform, video)
    followed = follow(clip, find_detector(), FaceMesh(), face, on_progress=on_progress)
    windows, seen = _see(judge, clip, followed, on_progress)
    if len(windows) == 0:
        raise NoFaceError(f"No face is seen for {WINDOW / RATE:g} s at a stretch in {video}. Choose another clip.")
    if len(windows) > MOST_WINDOWS:
        chosen = np.linspace(0, len(windows) - 1, MOST_WINDOWS).round().astype(int)
        windows, seen = windows[chosen], seen[chosen]
    first, last = int(windows.min()) - LARGEST_SHIFT, int(windows.max()) + LARGEST_SHIFT
    sounds = judge.hear(waveform, np.asarray((np.arange(first, last + 1) + 0.5) / RATE, dtype=np.float64))
    shifts = np.arange(-LARGEST_SHIFT, LARGEST_SHIFT + 1)
    heard = sounds[torch.from_numpy(windows[None] + shifts[:, None] - first)]  # (shifts, N, C)
    error, certainty = lip_sync_error(seen, heard), sync_certainty(seen, heard)
    return SyncReport(
        video=str(video),
        offset_seconds=round(error.offset / RATE, 3),
        offset_frames=round(error.offset / RATE * float(clip.clock.rate), 2),
        confidence=round(error.confidence, 3),
        distance=round(error.distance, 3),
        certainty=round(certainty, 2),
        in_sync=abs(error.offset) <= IN_SYNC if certainty >= LIKELY else None,
        verdict=_verdict(error.offset / RATE, certainty, float(clip.clock.rate)),
        seconds_judged=round(len(windows) / RATE, 2),
        frame_rate=float(clip.clock.rate),
        faces=followed.faces,
        judge=judge.name,
    )


def load_judge(weights: str | Path | None, published: Path | None, device: str) -> Judge:
    """The published sync expert if its file is given, else the one beside the `weights`. Raises WeightsError."""
    if published is not None:
        return load_published(published)
    folder = hub.resolve(weights)
    return OwnJudge(hub.load_syncnet(folder).to(find_device(device)), hub.load_config(folder))


def _see(judge: Judge, clip: Video, followed: Followed, on_progress: Listener) -> tuple[NDArray[np.int64], Tensor]:
    """The moments (N,) in the middle of a full window, and what the judge sees there (N, C)."""
    windows, features = [], []
    half = WINDOW // 2
    for run in _runs(clip, followed, on_progress):
        windows.append(np.arange(run.first + half, run.first + len(run.crops) - half))
        features.append(judge.see(run.crops))
    if not windows:
        return np.empty(0, np.int64), torch.empty(0)
    return np.concatenate(windows), torch.cat(features)


def _runs(clip: Video, followed: Followed, on_progress: Listener) -> Iterator[Run]:
    """The crops of the face, in stretches of at least a window; long ones in overlapping blocks."""
    crops: list[NDArray[np.uint8]] = []
    first = before = 0
    for moment, frame, crop in _crops(clip, followed, on_progress):
        cut_between = any(before < cut <= frame for cut in followed.cuts)
        if crops and (moment != first + len(crops) or cut_between):
            if len(crops) >= WINDOW:
                yield Run(first, np.stack(crops))
            crops = []
        first = first if crops else moment
        crops.append(crop)
        before = frame
        if len(crops) >= BLOCK:
            yield Run(first, np.stack(crops))
            crops = crops[-(WINDOW - 1) :]
            first = moment - (WINDOW - 2)
    if len(crops) >= WINDOW:
        yield Run(first, np.stack(crops))


def _crops(clip: Video, followed: Followed, on_progress: Listener) -> Iterator[tuple[int, int, NDArray[np.uint8]]]:
    """The face at each moment it is seen: moment, source frame, crop with its margin (P, P, 3)."""
    moments = (np.arange(int(clip.clock.duration * RATE)) + 0.5) / RATE
    sources = np.searchsorted(clip.clock.starts, moments, side="right") - 1
    grown = pack.with_margin(followed.matrices)
    size, started = pack.stored_size(FaceConfig().size), time.monotonic()
    moment = 0
    for number, frame in enumerate(read_frames(clip)):
        crop: NDArray[np.uint8] | None = None
        while moment < len(sources) and sources[moment] <= number:
            if sources[moment] == number and followed.at(number) is not None:
                if crop is None:
                    crop = cut_out(frame, grown[number - followed.first], size)
                yield moment, number, crop
            moment += 1
        left = (time.monotonic() - started) / (number + 1) * (len(clip.clock) - number - 1)
        on_progress(Progress("look at the lips", number + 1, len(clip.clock), left))


def _verdict(offset: float, certainty: float, rate: float) -> str:
    """The sentence for a person. `offset` in seconds, `rate` in frames a second."""
    if certainty < LIKELY:
        return (
            f"Cannot tell: the lips do not clearly follow this sound ({certainty:.1f} standard errors, {LIKELY:g} are "
            "needed). Choose the face that speaks, or a longer stretch in which its mouth can be seen."
        )
    tone = f"{certainty:.1f} standard errors"
    probably = certainty < SURE
    if abs(offset) * RATE <= IN_SYNC:
        apart = f"lips and sound are less than {(IN_SYNC + 0.5) / RATE:.2f} s apart ({tone})."
        return f"Probably in sync: {apart}" if probably else f"In sync: {apart}"
    word, way = ("late", "earlier") if offset > 0 else ("early", "later")
    found = (
        f"the sound comes {abs(offset):.2f} s ({abs(offset) * rate:.1f} frames) {word} ({tone}). Move it {way} by that."
    )
    return f"Probably out of sync: {found}" if probably else f"Out of sync: {found}"
