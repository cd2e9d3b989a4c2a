"""LipSync: load the weights once, then dub clip after clip."""

from __future__ import annotations

import math
import time
from fractions import Fraction
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from synctalkface import hub
from synctalkface.address import AddressTrack, Shapes, load_shapes, read_track
from synctalkface.audio import log_mel, read_waveform, require_speech
from synctalkface.clock import Clock, Fit, Timeline, fit_picture
from synctalkface.config import Config
from synctalkface.device import find_device
from synctalkface.errors import ConfigError, WeightsError
from synctalkface.events import Listener, Progress, ignore
from synctalkface.faces.detect import find_detector
from synctalkface.faces.mesh import FaceMesh
from synctalkface.models.generator import SyncTalkFace, for_use
from synctalkface.person import (
    Cast,
    Followed,
    Hearing,
    Portrait,
    find_all,
    follow,
    introduce,
    silent,
)
from synctalkface.pipeline.dubbing import BATCH, Dubbing, Role
from synctalkface.pipeline.label import NOTE, Label
from synctalkface.pipeline.limits import UNLIMITED, Limits
from synctalkface.pipeline.report import Report, stretches
from synctalkface.video import Video, VideoWriter, check_output, probe, read_frames


class LipSync:
    """A model ready for use. It holds no state between calls of `dub`."""

    def __init__(self, model: SyncTalkFace, config: Config, device: str = "auto", weights: str = "given") -> None:
        self.device = find_device(device)
        self.config, self.weights = config, weights
        self.folder: Path | None = None  # where the weights were loaded from
        self.shapes: Shapes = {}  # named mouth shapes of these weights: name -> (S,) address
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
        made = cls(hub.load_generator(folder), hub.load_config(folder), device, str(weights or "shipped"))
        made.folder = folder
        made.shapes = load_shapes(folder, made.config.memory.slots)
        return made

    def push_to_hub(self, name: str, facts: hub.Facts | None = None, *, private: bool = True) -> str:
        """Upload the weights this was loaded from as the repository "owner/name". Returns the address of the commit.

        `facts` is what the model card says of them. Raises HubError, or WeightsError if there is no such folder.
        """
        if self.folder is None:
            raise WeightsError("This model lies in no folder yet. Save it with hub.save_module, then load that folder.")
        return hub.push_to_hub(self.folder, name, facts, private=private)

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
        timeline: Timeline | None = None,
        speech_begin: float = 0.0,
        address: AddressTrack | str | Path | None = None,
        hear: bool = True,
        label: bool = False,
        limits: Limits = UNLIMITED,
        on_progress: Listener = ignore,
    ) -> Report:
        """Write `out`: the clip `video` with `speech` as its sound and the mouth of one face speaking it.

        `fit` says what to show where speech and picture differ in length (see clock.fit_picture), `face` whose mouth
        it is (see faces.track.choose). Size, frame rate, colours and every pixel outside the mouth stay as filmed.
        An editor that has cut the clip gives a `timeline` of its own instead of a `fit`, and in `speech_begin` the
        second of `speech` that is heard when the result begins; only the frames it names are searched for faces.
        `address` is a track that says what the lips do (see `addresses`, which makes one from speech, and the package
        `address`): as far as its keys say, it takes the place of what the sound asks for. Without `hear` the lips do
        not follow the speech at all, only the track. `label` writes into the picture that it is dubbed; the file's
        comment says so always. What is more than `limits` allow is refused before it is decoded.
        Raises MediaError, NoFaceError, SilentSpeechError for bad input, OutputError if `out` cannot be written or
        exists without `overwrite`. Nothing is left behind by a failure.
        """
        started = time.monotonic()
        track = self._track(address)
        check_output(out, [video, speech], overwrite)
        clip = probe(video)
        limits.check(clip, Path(video).name)
        waveform = self.waveform(speech, limits=limits)
        if timeline is None:
            timeline = fit_picture(clip.clock, len(waveform) / self.config.audio.sample_rate, fit)
        first, last = int(timeline.source.min()), int(timeline.source.max())
        followed = self.follow(clip, face, on_progress, first, last + 1)
        mel = log_mel(waveform, self.config.audio) if hear else silent(self.config)
        roles = [Role(followed, Hearing(self.model, self.config, mel, track))]
        moments = timeline.clock.centres + speech_begin
        dubbing = Dubbing(self.model, self.config, clip, timeline, roles, moments)
        plate = Label(clip.width, clip.height) if label else None
        drawing = time.monotonic()
        with VideoWriter(
            out, clip, timeline.clock, speech, -speech_begin, overwrite=overwrite, crf=crf, comment=NOTE
        ) as writer:
            for done, frame in enumerate(dubbing.frames(), start=1):
                if plate:
                    plate.put(frame)
                writer.write(frame)
                on_progress(_progress("dub", done, len(timeline.clock), drawing))
        return self._report(Path(out), dubbing, time.monotonic() - started)

    def _report(self, out: Path, dubbing: Dubbing, took: float) -> Report:
        clock = dubbing.timeline.clock
        return Report(
            out=out,
            frames=len(clock),
            seconds=clock.duration,
            frame_rate=float(clock.rate),
            width=dubbing.clip.width,
            height=dubbing.clip.height,
            faces=dubbing.roles[0].followed.faces,
            gaps=stretches(dubbing.missing(), clock),
            took=took,
            device=str(self.device),
            weights=self.weights,
        )

    def waveform(self, speech: str | Path, *, limits: Limits = UNLIMITED) -> NDArray[np.float32]:
        """The sound of `speech`, (n,) mono in [-1, 1] at `config.audio.sample_rate`.

        Raises MediaError if it cannot be read or is longer than `limits` allow, SilentSpeechError if nobody speaks.
        """
        waveform = read_waveform(speech, self.config.audio.sample_rate, limits.seconds)
        require_speech(waveform, speech)
        return waveform

    def addresses(
        self, speech: str | Path, video: str | Path | None = None, *, fit: Fit = "bounce", frame_rate: float = 25.0
    ) -> AddressTrack:
        """The slots that `speech` asks for at each frame, as a track: to look at, to edit, to give back to `dub`.

        With `video` (and the same `fit`) there is a key for each frame of the result, and dubbing with the track gives
        bit for bit the video that dubbing without it gives; else the keys come `frame_rate` times a second.
        Raises MediaError or SilentSpeechError for bad input, ConfigError if the model has no memory.
        """
        waveform = self.waveform(speech)
        seconds = len(waveform) / self.config.audio.sample_rate
        if video is not None:
            clock = fit_picture(probe(video).clock, seconds, fit).clock
        else:
            rate = Fraction(frame_rate).limit_denominator(1001)
            clock = Clock.constant(rate, max(1, math.ceil(seconds * float(rate) - 1e-6)))
        hearing = Hearing(self.model, self.config, log_mel(waveform, self.config.audio))
        moments, rows = clock.centres, []
        for begin in range(0, len(moments), BATCH):
            address = hearing.at(moments[begin : begin + BATCH]).address
            if address is None:
                raise ConfigError("These weights have no memory, so there are no addresses. Choose other weights.")
            rows.append(address[0].cpu().numpy())
        weights = np.concatenate(rows)
        return AddressTrack(moments, weights, np.ones(len(weights), np.float32))

    def faces(self, video: str | Path, *, limits: Limits = UNLIMITED, on_progress: Listener = ignore) -> Cast:
        """Who is in `video`: each face with the number that `dub` takes as `face`, and a frame to show them on.

        Raises MediaError for bad input or one beyond `limits`, NoFaceError if there is nobody.
        """
        clip = probe(video)
        limits.check(clip, Path(video).name)
        return introduce(clip, find_all(clip, self._detector, self._mesh, on_progress=on_progress))

    def portrait(self, video: str | Path, face: str = "largest", *, limits: Limits = UNLIMITED) -> Portrait:
        """One frame of `video`, a clip or a picture, whose mouth can be moved by memory address.

        It is the first that shows the face, of the first two seconds. Raises as `faces`, and ConfigError if the model
        has no memory.
        """
        clip = probe(video)
        limits.check(clip, Path(video).name)
        followed = self.follow(clip, face, stop=round(2 * float(clip.clock.rate)) + 1)
        first = followed.reference
        where = followed.at(first)
        assert where is not None  # noqa: S101 (it is the frame in which the face was found)
        return Portrait(self.model, self.config, next(read_frames(clip, first, first + 1)), where, self.shapes)

    def _track(self, address: AddressTrack | str | Path | None) -> AddressTrack | None:
        if address is None or isinstance(address, AddressTrack):
            return address
        return read_track(address, self.config.memory.slots, self.shapes)

    def follow(
        self,
        clip: Video,
        face: str = "largest",
        on_progress: Listener = ignore,
        first: int = 0,
        stop: int | None = None,
    ) -> Followed:
        """Follow the face called `face` through the frames first..stop of `clip`. NoFaceError if they show none."""
        return follow(clip, self._detector, self._mesh, face, first, stop, on_progress)


def _progress(stage: str, done: int, total: int, started: float) -> Progress:
    left = (time.monotonic() - started) / done * (total - done) if total >= done else None
    return Progress(stage, done, total, left)
