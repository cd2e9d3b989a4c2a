"""LipSync: load the weights once, then dub clip after clip."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from fractions import Fraction
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from synctalkface import ffmpeg, hub
from synctalkface.address import AddressTrack, Shapes, load_shapes, read_track
from synctalkface.audio import log_mel, read_waveform, require_speech
from synctalkface.clock import Clock, Fit, Timeline, fit_picture
from synctalkface.config import Config
from synctalkface.device import find_device
from synctalkface.engines.choice import start
from synctalkface.engines.names import EngineName, Precision
from synctalkface.engines.network import Engine
from synctalkface.errors import ConfigError, WeightsError
from synctalkface.events import Listener, ignore
from synctalkface.faces.detect import find_detector
from synctalkface.faces.mesh import FaceMesh
from synctalkface.models.generator import SyncTalkFace, for_use
from synctalkface.person import (
    Cast,
    Followed,
    Hearing,
    Portrait,
    find_all,
    silent,
    stills,
)
from synctalkface.person.remembered import find_all_remembered
from synctalkface.pipeline.deliver import Delivery
from synctalkface.pipeline.dubbing import BATCH, Dubbing, told
from synctalkface.pipeline.fingerprint import code, fingerprint
from synctalkface.pipeline.label import NOTE, Label
from synctalkface.pipeline.limits import UNLIMITED, Limits, opened
from synctalkface.pipeline.parts import Parts
from synctalkface.pipeline.report import Report, report_of
from synctalkface.pipeline.roles import Ears, Paths, find_faces, introduced, paired, shared
from synctalkface.pipeline.stages import one_thread_each
from synctalkface.video import Video, check_output, check_preset, probe, sound_of_result
from synctalkface.video.choir import together


class LipSync:
    """A model ready for use. It holds no state between calls of `dub`."""

    def __init__(
        self,
        model: SyncTalkFace,
        config: Config,
        device: str = "auto",
        weights: str = "given",
        *,
        engine: EngineName = "torch",
        precision: Precision = "auto",
        folder: Path | None = None,
        remember: bool = False,
    ) -> None:
        self.device = find_device(device)
        self.config, self.weights = config, weights
        self.folder = folder  # where the weights were loaded from
        self.shapes: Shapes = {}  # named mouth shapes of these weights: name -> (S,) address
        self.model: Engine = start(for_use(model).to(self.device), config, folder, engine, precision)
        self._detector, self._mesh = find_detector(), FaceMesh()
        self._find = find_all_remembered if remember else find_all

    @classmethod
    def from_pretrained(
        cls,
        weights: str | Path | None = None,
        device: str = "auto",
        *,
        revision: str | None = None,
        engine: EngineName = "auto",
        precision: Precision = "auto",
        remember: bool = False,
    ) -> LipSync:
        """The model in `weights`: None (those that ship), a folder, or a repository name on the Hugging Face Hub.

        `engine` (auto, torch, onnx, openvino) draws, and counts in `precision` (auto, fp32, bf16, int8); auto is what
        is quickest on this machine at full quality, measured once and remembered. With `remember`, where the faces of a
        clip are is kept in the user's cache (see person.remembered), so that the next dub of it need not look for them.
        Raises WeightsError if the weights are missing or damaged, ConfigError if there is no such device or engine, or
        it does not count like that.
        """
        folder = hub.resolve(weights, revision)
        model, config, name = hub.load_generator(folder), hub.load_config(folder), str(weights or "shipped")
        made = cls(model, config, device, name, engine=engine, precision=precision, folder=folder, remember=remember)
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
        speech: Paths,
        out: str | Path,
        *,
        fit: Fit = "bounce",
        face: str | Sequence[str] = "largest",
        overwrite: bool = False,
        crf: int = 18,
        preset: str = "veryfast",
        timeline: Timeline | None = None,
        speech_begin: float = 0.0,
        address: AddressTrack | str | Path | None = None,
        hear: bool = True,
        label: bool = False,
        keep_audio: bool = False,
        resume: bool = False,
        limits: Limits = UNLIMITED,
        on_progress: Listener = ignore,
    ) -> Report:
        """Write `out`: the clip `video` with `speech` as its sound and the mouth of a face speaking it.

        `fit` says what to show where speech and picture differ in length (see clock.fit_picture), `face` whose mouth
        it is: largest, a number or a point (see faces.track.choose), speaker (whose mouth fits the clip's own sound) or
        all. Several faces say the one speech, or each its own of as many, which then sound together. Size, frame rate,
        colours and every pixel outside the mouth stay as filmed.
        An editor that has cut the clip gives a `timeline` of its own instead of a `fit`, and in `speech_begin` the
        second of `speech` that is heard when the result begins; only the frames it names are searched for faces.
        `address` is a track that says what the lips do (see `addresses`, which makes one from speech, and the package
        `address`): as far as its keys say, it takes the place of what the sound asks for. Without `hear` the lips do
        not follow the speech at all, only the track. `label` writes into the picture that it is dubbed; the file's
        comment says so always. `crf` and `preset` are x264's. `keep_audio` keeps the clip's own sound under the speech,
        12 dB softer (see video.bed). What is more than `limits` allow is refused before it is decoded. `resume` keeps
        the work in segments beside `out`: the same call after a kill goes on from them, to the same file.
        Raises MediaError, NoFaceError, SilentSpeechError for bad input, OutputError if `out` cannot be written or
        exists without `overwrite`. Nothing is left behind by a failure.
        """
        asked = dict(locals())  # all of it, so that no option can be forgotten that changes the result
        started = time.monotonic()
        track = self._track(address)
        speeches, faces = paired(speech, face, steered=track is not None)
        check_output(out, [video, *speeches], overwrite)
        check_preset(preset)
        parts = Parts(Path(out), self._marks(asked), overwrite) if resume else None
        clip = opened(video, speeches, keep_audio, limits, on_progress)
        waveforms = [self.waveform(one, limits=limits) for one in speeches]
        if timeline is None:
            timeline = fit_picture(clip.clock, max(map(len, waveforms)) / self.config.audio.sample_rate, fit)
        first, last = int(timeline.source.min()), int(timeline.source.max())
        followed = self.follow_all(clip, faces, on_progress, first, last + 1)
        roles = shared(followed, [self._hearing(one if hear else None, track) for one in waveforms])
        dubbing = Dubbing(self.model, self.config, clip, timeline, roles, timeline.clock.centres + speech_begin)
        drawn = partial(told, dubbing, Label(clip.width, clip.height) if label else None, on_progress)
        with (
            together(speeches) as spoken,
            sound_of_result(clip, timeline, spoken, -speech_begin, keep_audio) as (sound, begin),
        ):
            Delivery(Path(out), clip, timeline.clock, sound, begin, overwrite, crf, NOTE, preset).write(drawn, parts)
        return report_of(Path(out), dubbing, time.monotonic() - started, **self._by)

    @property
    def _by(self) -> dict[str, str]:
        """What a result is made by."""
        by = {"device": str(self.device), "weights": self.weights}
        return by | {"engine": self.model.name, "precision": self.model.precision}

    def _hearing(self, waveform: NDArray[np.float32] | None, track: AddressTrack | None) -> Hearing:
        mel = silent(self.config) if waveform is None else log_mel(waveform, self.config.audio)
        return Hearing(self.model, self.config, mel, track)

    def _marks(self, asked: dict[str, object]) -> dict[str, str]:
        """What determines the result of a call of `dub` with these arguments."""
        aside = ("self", "out", "overwrite", "resume", "limits", "on_progress")
        facts = {name: fact for name, fact in asked.items() if name not in aside}
        facts |= {"weights": self.model.state_dict(), "config": self.config, "shapes": self.shapes}
        encoder = ffmpeg.version(ffmpeg.find_ffmpeg())
        facts |= {"engine": self.model.name, "precision": self.model.precision}
        return fingerprint({**facts, "device": str(self.device), "version": code(), "ffmpeg": encoder})

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

    def faces(
        self, video: str | Path, *, listen: bool = False, limits: Limits = UNLIMITED, on_progress: Listener = ignore
    ) -> Cast:
        """Who is in `video`: each face with the number that `dub` takes as `face`, and a frame to show them on.

        With `listen`, also how well each fits the clip's own sound, if it has any and there is a sync expert.
        Raises MediaError for bad input or one beyond `limits`, NoFaceError if there is nobody.
        """
        clip = probe(video)
        limits.check(clip, Path(video).name)
        with one_thread_each():
            tracks = self._find(clip, self._detector, self._mesh, on_progress=on_progress)
        return introduced(clip, tracks, self.folder if listen else None, str(self.device), on_progress)

    def portrait(self, video: str | Path, face: str = "largest", *, limits: Limits = UNLIMITED) -> Portrait:
        """One frame of `video`, a clip or a picture, whose mouth can be moved by memory address.

        It is the one with the lips closed that a dub of the first two seconds would move. Raises as `faces`, and
        ConfigError if the model has no memory.
        """
        clip = probe(video)
        limits.check(clip, Path(video).name)
        followed = self.follow(clip, face, stop=round(2 * float(clip.clock.rate)) + 1)
        lent = stills(clip, followed, followed.references_of(followed.first))
        return Portrait(self.model, self.config, lent, self.shapes, followed.articulation)

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
        return self.follow_all(clip, [face], on_progress, first, stop)[0]

    def follow_all(
        self,
        clip: Video,
        faces: Sequence[str],
        on_progress: Listener = ignore,
        first: int = 0,
        stop: int | None = None,
    ) -> list[Followed]:
        """Follow each of `faces` (as `dub` takes them) through the frames first..stop of `clip`; see `follow`."""
        with one_thread_each():
            tracks = self._find(clip, self._detector, self._mesh, first, stop, on_progress)
        ears = Ears(clip, self.folder, str(self.device), on_progress)
        return find_faces(clip, tracks, faces, first, ears, on_progress)
