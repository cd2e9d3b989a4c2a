"""What the page can do, each thing once: who is in a clip, dub it, show what the memory was asked for."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple, TypedDict, cast

import gradio as gr
from gradio.utils import get_upload_folder

from studio import house, pictures
from studio.dubbers import Dubbers
from studio.jobs import Job, bar, note, plain
from studio.provenance import sign
from synctalkface import LipSync, SyncTalkFaceError, check

HIDDEN = ("video", "verdict")  # of a check's report: a path of this server, and what is said in words already


class Facts(TypedDict):
    """What is known of a result."""

    frames: int
    seconds: float
    frame_rate: float
    width: int
    height: int
    faces: int
    gaps: list[list[float]]
    took: float
    device: str
    engine: str
    precision: str


class Asked(NamedTuple):
    """What a visitor wants done."""

    video: str
    speech: str
    face: str
    fit: str
    adapt: bool
    precision: str
    label: bool


class Studio:
    """One loaded model, for all visitors. Its methods are what the page and the programs call.

    `weights` and `device` are where `dubber` came from: the sync expert that checks results lies there too.
    """

    def __init__(self, dubber: LipSync, weights: str | None = None, device: str = "auto") -> None:
        self.dubber, self.weights, self.device = dubber, weights, device
        self.dubbers = Dubbers(dubber, weights, device)

    def faces(self, video: str | None = None, picture: str | None = None) -> Iterator[tuple[Any, Any, Any]]:
        """Number the faces of a video or a picture: (a frame with them, the choices for `face`, how many there are).

        With one face there is no frame, since there is no choice. The frame and the sentence are HTML.
        """
        source = video or picture
        nothing = gr.update(visible=False, value=None), gr.update(visible=False, value="1")
        yield *nothing, note("Looking for faces …" if source else "")
        if source is None:
            return
        try:
            cast = self.dubber.faces(source, limits=house.LIMITS)
        except SyncTalkFaceError as error:
            yield *nothing, note(plain(error))
            raise gr.Error(plain(error), duration=None, print_exception=False) from None
        if len(cast.people) == 1:
            yield *nothing, note("One face found.")
            return
        choices = [(_described(person), str(person.number)) for person in cast.people]
        drawn = pictures.as_html(pictures.numbered(cast.picture, list(cast.people)), "The faces with their numbers")
        found = note(f"{len(choices)} faces found. Choose one.")
        yield gr.update(visible=True, value=drawn), gr.update(visible=True, choices=choices, value="1"), found

    def dub(
        self,
        video: str | None = None,
        picture: str | None = None,
        speech: str | None = None,
        face: str = "1",
        fit: str = "bounce",
        adapt: bool = False,
        precision: str = "auto",
        label: bool = False,
        consent: bool = False,
    ) -> Iterator[tuple[Any, Any, Any]]:
        """Dub the face in a video (or in a picture) with the speech: (the dubbed video, how it went, facts about it).

        face: number of the face, from 1, the largest. fit: what to show where speech and video differ in length:
        bounce, loop, hold, trim or speech. adapt: learn the face from the video and its sound first, which takes
        minutes. precision: auto, fp32 or int8. label: write "AI-dubbed" into the picture. consent: the person shown has
        agreed; nothing is made without it. A limit is a sentence in the error.
        """
        missing = _missing(video or picture, speech, consent) or (house.NO_MOTION if adapt and not video else None)
        if missing:
            yield gr.skip(), note(missing), gr.skip()
            raise gr.Error(missing, print_exception=False)
        asked = Asked(str(video or picture), str(speech), face, fit, adapt, precision, label)
        folder = Path(tempfile.mkdtemp(dir=get_upload_folder()))
        out, done = folder / "dubbed.mp4", False
        try:
            with Job(lambda listen: self._dub(asked, out, listen)) as job:
                for event in job.events():
                    yield gr.skip(), bar(event), gr.skip()
                report, learnt = job.result()
            sign(out)
            done = True
            yield str(out), note(_told(report, learnt)), _facts(report)
        except SyncTalkFaceError as error:
            yield gr.skip(), note(plain(error)), gr.skip()  # stays on the page when the message has gone
            raise gr.Error(plain(error), duration=None, print_exception=False) from None
        finally:
            if not done:
                shutil.rmtree(folder)

    def _dub(self, asked: Asked, out: Path, listen: Any) -> tuple[Any, Any]:
        """The report of the dub, and of the adaptation before it, if one was asked for. Of that nothing is kept."""
        dubber, learnt, fit = self.dubbers.get(asked.precision), None, cast(Any, asked.fit)
        if asked.adapt:
            house.LIMITS.allow(asked.video)
            with tempfile.TemporaryDirectory(dir=out.parent) as folder:
                place = Path(folder) / "weights"
                dubber, learnt = self.dubbers.adapted(asked.video, place, asked.face, asked.precision, listen)
        report = dubber.dub(
            asked.video,
            asked.speech,
            out,
            fit=fit,
            face=asked.face,
            label=asked.label,
            limits=house.LIMITS,
            on_progress=listen,
        )
        return report, learnt

    def check(self, video: str | None = None, face: str = "1") -> tuple[Any, Any]:
        """Say whether lips and sound of a video fit: (a sentence, the numbers: offset, confidence and so on)."""
        if video is None:
            raise gr.Error(house.NO_FACE_GIVEN, print_exception=False)
        try:
            house.LIMITS.allow(video)
            report = check(video, face=face, weights=self.weights, device=self.device)
        except SyncTalkFaceError as error:
            raise gr.Error(plain(error), duration=None, print_exception=False) from None
        return report.verdict, {name: value for name, value in report.as_dict().items() if name not in HIDDEN}

    def addresses(self, speech: str | None) -> Any:
        """A picture of the memory slots that the speech asks for over time, above its sound, as HTML."""
        if speech is None:
            raise gr.Error(house.NO_SPEECH_GIVEN, print_exception=False)
        try:
            waveform = self.dubber.waveform(speech, limits=house.LIMITS)
            track = self.dubber.addresses(speech)
        except SyncTalkFaceError as error:
            raise gr.Error(plain(error), duration=None, print_exception=False) from None
        drawn = pictures.addresses(track.times, track.weights, waveform, self.dubber.config.audio.sample_rate)
        return pictures.as_html(drawn, "Memory addresses over time, above the sound that asks for them", wide=True)


def _missing(source: str | None, speech: str | None, consent: bool) -> str | None:
    """What a dub still needs, as a sentence; None if all is there."""
    if source is None:
        return house.NO_FACE_GIVEN
    if speech is None:
        return house.NO_SPEECH_GIVEN
    return None if consent else house.NO_CONSENT


def _described(person: Any) -> str:
    if person.box is None:
        return f"Face {person.number} (from {person.first:.1f} s)"
    return f"Face {person.number}"


def _told(report: Any, learnt: Any = None) -> str:
    text = f"Done: {report.frames} frames, {report.seconds:.2f} s, made in {report.took:.1f} s."
    if learnt is not None:
        better = learnt.psnr_after - learnt.psnr_before
        gain = f"{better:.1f} dB nearer to the filmed one" if learnt.improved else "no nearer, so nothing was changed"
        text += f" Learning the face took {learnt.took:.0f} s; on seconds kept aside the mouth came {gain}."
    if report.gaps:
        where = ", ".join(f"{begin:.1f}-{end:.1f} s" for begin, end in report.gaps)
        text += f" Left as filmed, because no face was seen: {where}."
    return text


def _facts(report: Any) -> Facts:
    data = report.as_dict()
    return {name: data[name] for name in Facts.__annotations__}  # type: ignore[return-value]  # its own names
