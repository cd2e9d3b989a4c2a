"""LipSync: load the weights once, then dub clip after clip."""

from __future__ import annotations

import time
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from synctalkface import hub
from synctalkface.audio import log_mel, read_waveform, require_speech
from synctalkface.clock import Fit, Timeline, fit_picture
from synctalkface.config import Config
from synctalkface.device import find_device
from synctalkface.errors import NoFaceError
from synctalkface.events import Listener, Progress, ignore
from synctalkface.faces.crop import align, steady
from synctalkface.faces.detect import find_detector
from synctalkface.faces.mesh import FaceMesh
from synctalkface.faces.track import bridge, choose, track_faces
from synctalkface.inputs import speech_chunk
from synctalkface.models.generator import SyncTalkFace, for_use
from synctalkface.pipeline.mouth import Mouth, Place
from synctalkface.pipeline.report import Report
from synctalkface.video import Frame, Video, VideoWriter, check_output, probe, read_frames, read_sequence, read_small

TRACKING_SIDE = 640  # px: faces are followed on frames scaled down to this
LONGEST_GAP = 0.4  # seconds without a face that are bridged
BATCH = 8  # frames drawn at once


class Followed(NamedTuple):
    """The chosen face through the source clip of N frames."""

    matrices: NDArray[np.float64]  # (N, 2, 3), NaN where it was not seen
    landmarks: NDArray[np.float32]  # (N, K, 2) px
    faces: int  # people in the clip

    def at(self, frame: int) -> Place | None:
        """Where the face lies in a source frame; None where it was not seen."""
        if frame >= len(self.matrices) or np.isnan(self.matrices[frame, 0, 0]):
            return None
        return Place(self.matrices[frame], self.landmarks[frame])


class LipSync:
    """A model ready for use. It holds no state between calls of `dub`."""

    def __init__(self, model: SyncTalkFace, config: Config, device: str = "auto", weights: str = "given") -> None:
        self.device = find_device(device)
        self.config, self.weights = config, weights
        self.model = for_use(model).to(self.device)
        self._detector, self._mesh = find_detector(), FaceMesh()

    @classmethod
    def from_pretrained(
        cls, weights: str | Path | None = None, device: str = "auto", *, revision: str | None = None
    ) -> LipSync:
        """The model in `weights`: None (those that ship), a folder, or a repository name on the Hugging Face Hub.

        Raises WeightsError if they are missing or damaged, ConfigError if there is no such device.
        """
        folder = hub.resolve(weights, revision)
        return cls(hub.load_generator(folder), hub.load_config(folder), device, str(weights or "shipped"))

    def dub(
        self,
        video: str | Path,
        speech: str | Path,
        out: str | Path,
        *,
        fit: Fit = "bounce",
        face: str = "largest",
        overwrite: bool = False,
        crf: int = 18,
        on_progress: Listener = ignore,
    ) -> Report:
        """Write `out`: the clip `video` with `speech` as its sound and the mouth of one face speaking it.

        `fit` says what to show where speech and picture differ in length (see clock.fit_picture), `face` whose mouth
        it is (see faces.track.choose). Size, frame rate, colours and every pixel outside the mouth stay as filmed.
        Raises MediaError, NoFaceError, SilentSpeechError for bad input, OutputError if `out` cannot be written or
        exists without `overwrite`. Nothing is left behind by a failure.
        """
        started = time.monotonic()
        check_output(out, [video, speech], overwrite)
        clip = probe(video)
        waveform = read_waveform(speech, self.config.audio.sample_rate)
        require_speech(waveform, speech)
        timeline = fit_picture(clip.clock, len(waveform) / self.config.audio.sample_rate, fit)
        followed = self.follow(clip, face, on_progress)
        mel = log_mel(waveform, self.config.audio)
        with VideoWriter(out, clip, timeline.clock, speech, overwrite=overwrite, crf=crf) as writer:
            for done, frame in enumerate(self._dubbed(clip, timeline, followed, mel), start=1):
                writer.write(frame)
                on_progress(_progress("dub", done, len(timeline.clock), started))
        return Report(
            out=Path(out),
            frames=len(timeline.clock),
            seconds=timeline.clock.duration,
            frame_rate=float(clip.clock.rate),
            width=clip.width,
            height=clip.height,
            faces=followed.faces,
            gaps=_gaps(timeline, followed),
            took=time.monotonic() - started,
            device=str(self.device),
            weights=self.weights,
        )

    def follow(self, clip: Video, face: str = "largest", on_progress: Listener = ignore) -> Followed:
        """Find and follow the face called `face` through `clip`. Raises NoFaceError if it shows none."""
        total, started = len(clip.clock), time.monotonic()
        scale = max(1.0, max(clip.width, clip.height) / TRACKING_SIDE)
        tracks = track_faces(
            read_small(clip, TRACKING_SIDE),
            scale,
            self._detector,
            self._mesh,
            on_progress=lambda done: on_progress(_progress("find faces", done, total, started)),
        )
        track = choose(tracks, face)
        if track is None:
            raise NoFaceError(f"No face in {clip.path}. Choose a clip in which a face can be seen from the front.")
        track = bridge(track, round(LONGEST_GAP * float(clip.clock.rate)))
        return Followed(align(track), steady(track).landmarks, len(tracks))

    def _dubbed(self, clip: Video, timeline: Timeline, followed: Followed, mel: Tensor) -> Iterator[Frame]:
        """The frames of the result, in batches through the model."""
        mouth = self._mouth(clip, followed)
        centres = timeline.clock.centres
        shown = read_sequence(clip, timeline.source)
        begin = 0
        while batch := list(islice(shown, BATCH)):
            where = [followed.at(int(source)) for source in timeline.source[begin : begin + len(batch)]]
            seen = [index for index, place in enumerate(where) if place is not None]
            if seen:
                heard = speech_chunk(
                    mel, centres[[begin + index for index in seen]], self.config.model.audio_steps, self.config.audio
                )
                mouth.draw([batch[index] for index in seen], [p for p in where if p is not None], heard)
            yield from batch
            begin += len(batch)

    def _mouth(self, clip: Video, followed: Followed) -> Mouth:
        first = int(np.flatnonzero(~np.isnan(followed.matrices[:, 0, 0]))[0])
        where = followed.at(first)
        assert where is not None  # noqa: S101 (the line above found it)
        reference = next(read_frames(clip, first, first + 1))
        return Mouth(self.model, self.config, reference, where)


def _progress(stage: str, done: int, total: int, started: float) -> Progress:
    left = (time.monotonic() - started) / done * (total - done) if total >= done else None
    return Progress(stage, done, total, left)


def _gaps(timeline: Timeline, followed: Followed) -> tuple[tuple[float, float], ...]:
    """Seconds of the result in which the face was not seen."""
    missing = np.array([followed.at(int(source)) is None for source in timeline.source])
    edges = np.flatnonzero(np.diff(np.concatenate([[False], missing, [False]]).astype(int)))
    ends = np.append(timeline.clock.starts, timeline.clock.duration)
    return tuple((round(float(ends[a]), 3), round(float(ends[b]), 3)) for a, b in edges.reshape(-1, 2))
