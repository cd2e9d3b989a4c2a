"""Prepare a corpus for training: decode each clip, follow the face, cut it out aligned, pack it. Can be resumed."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from dataclasses import dataclass, replace
from functools import lru_cache, partial
from multiprocessing import get_context
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from synctalkface.audio import read_waveform, require_speech
from synctalkface.config import AudioConfig, FaceConfig
from synctalkface.data import manifest, on_ray, pack
from synctalkface.data.corpora import Source, find
from synctalkface.errors import DataError, MediaError, OutputError, SilentSpeechError
from synctalkface.events import Listener, Progress, ignore
from synctalkface.faces.crop import align, cut, region
from synctalkface.faces.detect import FaceDetector, find_detector
from synctalkface.faces.mesh import FaceMesh
from synctalkface.faces.track import TRACKING_SIDE, FaceTrack, bridge, choose, step_at, track_faces, tracking_scale
from synctalkface.video import Glances, Video, probe, read_frames

LONGEST_GAP = 3  # frames without a face that are bridged
SMALLEST_FACE = 48  # px: a crop narrower than this in the footage teaches blur
SHORTEST_CLIP = 9  # frames: the lip encoder's window around five target frames


@dataclass(frozen=True)
class Summary:
    """What a prepared folder holds."""

    clips: int
    frames: int
    rejected: dict[str, int]  # reason -> clips

    def sentence(self) -> str:
        left_out = ", ".join(f"{count} {reason}" for reason, count in self.rejected.items())
        return f"{self.clips} clips, {self.frames} frames" + (f"; left out: {left_out}" if left_out else "")


class Rejected(DataError):
    """A clip that cannot train; `reason` is what the manifest counts."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def prepare(
    source: Path,
    out: Path,
    corpus: str = "auto",
    workers: int = 1,
    listener: Listener = ignore,
    ray: str | None = None,
) -> Summary:
    """Pack the clips of `source` into the folder `out` with its manifest. Clips already packed are not done again.

    `workers` processes share the work, or all machines of the Ray cluster at the address `ray` ("local": started here).
    Raises DataError if `source` holds no clips, OutputError if `out` cannot be written.
    """
    sources = find(source, corpus)
    book = _open(out)
    waiting = [s for s in sources if s.identifier not in book.entries]
    done = len(sources) - len(waiting)
    started = time.monotonic()
    for count, (clip, result) in enumerate(_results(waiting, out, workers, ray), start=1):
        if isinstance(result, manifest.Entry):
            book.add(result)
        else:
            book.reject(clip.identifier, result)
        if count % 25 == 0:
            book.save(out)
        left = (time.monotonic() - started) / count * (len(waiting) - count)
        listener(Progress("prepare", done + count, len(sources), left))
    book.save(out)
    if not book.entries:
        raise DataError(f"No clip of {source} can train: {book.reasons()}.")
    return summary(out)


def summary(folder: Path) -> Summary:
    """What can train in the prepared `folder`, and why the rest cannot. Raises DataError if it was not prepared."""
    book = manifest.load(folder)
    usable = book.usable()
    return Summary(len(usable), sum(entry.frames for entry in usable), book.reasons())


def prepare_clip(source: Source, out: Path, size: int) -> manifest.Entry:
    """Pack one clip. Raises Rejected with the reason if it cannot train."""
    try:
        video = probe(source.path)
        waveform = read_waveform(source.path, AudioConfig().sample_rate)
        require_speech(waveform, source.path)
    except SilentSpeechError:
        raise Rejected("silent") from None
    except MediaError:
        raise Rejected("unreadable") from None
    if len(video.clock) < SHORTEST_CLIP:
        raise Rejected("too short")
    crops, landmarks = face_crops(video, size)
    centres = video.clock.centres[: len(crops)]
    packed = pack.Pack(crops, waveform, AudioConfig().sample_rate, centres, landmarks)
    pack.save(packed, out / f"{source.identifier}.safetensors")
    return manifest.Entry(source.identifier, source.speaker, source.split, len(crops), float(video.clock.rate))


def face_crops(video: Video, size: int) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
    """The largest face of `video`, aligned: crops with margin (F, P, P, 3) and landmarks (F, K, 2) in crop units."""
    track = _steady_face(video)
    matrices = align(track, float(video.clock.rate))
    scale = float(np.median(np.hypot(matrices[:, 0, 0], matrices[:, 0, 1])))
    if 1 / scale < SMALLEST_FACE:
        raise Rejected("face too small")
    grown = pack.with_margin(matrices)
    crops: list[NDArray[np.uint8]] = []
    for frame, matrix in zip(read_frames(video), grown, strict=False):
        box = region(matrix, 0.02, video.width, video.height)
        crops.append(cut(frame.rgb(box), (box[0], box[1]), matrix, pack.stored_size(size)))
    count = len(crops)
    points = np.einsum("fij,fkj->fki", matrices[:count, :, :2], track.landmarks[:count]) + matrices[:count, None, :, 2]
    return np.stack(crops), points.astype(np.float32)


def _steady_face(video: Video) -> FaceTrack:
    """The largest face, which must be there in every frame but for short gaps."""
    scale = tracking_scale(video.width, video.height)
    step = step_at(float(video.clock.rate))
    tracks = track_faces(Glances(video, TRACKING_SIDE), scale, _detector(), _mesh(), step=step)
    largest = choose(tracks, "largest")
    if largest is None:
        raise Rejected("no face")
    track = bridge(largest, LONGEST_GAP)
    if not track.seen.all():
        raise Rejected("face lost")
    return track


def _open(out: Path) -> manifest.Manifest:
    size = FaceConfig().size
    if (out / manifest.NAME).exists():
        book = manifest.load(out)
        book.entries = {name: entry for name, entry in book.entries.items() if (out / entry.file).is_file()}
        return book
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"The folder {out} cannot be made ({error.strerror}). Choose another one.") from None
    return manifest.Manifest(size)


def _results(
    waiting: list[Source], out: Path, workers: int, ray: str | None
) -> Iterator[tuple[Source, manifest.Entry | str]]:
    """Each clip with its entry or the reason it was left out, as they come."""
    size = FaceConfig().size
    if ray is not None and waiting:
        seen = [replace(source, path=source.path.resolve()) for source in waiting]  # workers have other folders
        yield from on_ray.each(partial(_attempt, out=out.resolve(), size=size), seen, ray)
        return
    if workers <= 1:
        for source in waiting:
            yield source, _attempt(source, out, size)
        return
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        jobs: dict[Future[manifest.Entry | str], Source] = {
            pool.submit(_attempt, source, out, size): source for source in waiting
        }
        for job in as_completed(jobs):
            yield jobs[job], job.result()


def _attempt(source: Source, out: Path, size: int) -> manifest.Entry | str:
    try:
        return prepare_clip(source, out, size)
    except Rejected as rejection:
        return rejection.reason
    except MediaError:
        return "unreadable"


@lru_cache(maxsize=1)
def _detector() -> FaceDetector:
    return find_detector("auto")


@lru_cache(maxsize=1)
def _mesh() -> FaceMesh:
    return FaceMesh()
