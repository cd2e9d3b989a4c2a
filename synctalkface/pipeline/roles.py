"""Which faces of a clip speak, and which speech each of them says."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

from synctalkface import hub
from synctalkface.audio import read_waveform, require_speech
from synctalkface.device import find_device
from synctalkface.errors import ConfigError, MediaError, NoFaceError, SilentSpeechError, SyncTalkFaceError
from synctalkface.events import Listener, Warned, ignore
from synctalkface.faces.track import FaceTrack, choose
from synctalkface.person import Cast, Followed, Hearing, introduce, take, with_speaker
from synctalkface.person.judge import OwnJudge
from synctalkface.person.speaker import agreement
from synctalkface.pipeline.dubbing import Role
from synctalkface.video import Video

ALL, SPEAKER = "all", "speaker"
BY_NUMBER = "Choose the face by its number: --face 1."
LIKELY = 3.0  # standard errors: half of the lips that fit no sound stay below 2.3
Scored = Callable[[list[Followed]], list[float]]  # how well each fits the sound
Paths = str | Path | Sequence[str | Path]


def paired(speech: Paths, face: str | Sequence[str], steered: bool) -> tuple[list[Path], list[str]]:
    """The speeches and the names of the faces, as lists. ConfigError unless they can be shared out.

    One speech is for all faces, several are for one each. steered: an address track says what the lips do. How many
    faces "all" are is known later: see `shared`.
    """
    speeches = [Path(speech)] if isinstance(speech, str | Path) else [Path(one) for one in speech]
    faces = [face] if isinstance(face, str) else list(face)
    if not speeches or not faces:
        raise ConfigError("A dub needs a speech and a face. Name at least one of each.")
    if ALL in faces and len(faces) > 1:
        raise ConfigError('"all" is every face of the clip. Name it alone, or name the faces one by one.')
    if len(speeches) > 1 and ALL not in faces and len(faces) != len(speeches):
        raise ConfigError(
            f"There are {_count(len(speeches), 'speech', 'speeches')} for {_count(len(faces), 'face', 'faces')}. "
            "Name as many faces as speeches, in the same order."
        )
    if steered and len(speeches) > 1:
        raise ConfigError("An address track goes with one speech. Dub the faces one after another.")
    return speeches, faces


def find_faces(
    clip: Video,
    tracks: Sequence[FaceTrack],
    faces: Sequence[str],
    first: int,
    scored: Scored,
    on_progress: Listener = ignore,
) -> list[Followed]:
    """Those of `tracks`, which begin at frame `first` of `clip`, that are named: see faces.track.choose, speaker, all.

    scored: how well each of the faces agrees with the clip's own sound, asked only if "speaker" is named.
    Raises NoFaceError if there is none at all, ConfigError for a name of nobody, or two names of one.
    """
    if not tracks:
        raise NoFaceError(f"No face in {clip.named}. Choose a clip in which a face can be seen from the front.")
    ranked = sorted(tracks, key=lambda track: -track.area)
    chosen: list[FaceTrack] = []
    for name in faces:
        found = _named(name, clip, ranked, first, scored, on_progress)
        if any(track is other for track in found for other in chosen):
            raise ConfigError(f"--face {name} is a face that was named before. Name each face once.")
        chosen += found
    return [take(clip, tracks, track, first) for track in chosen]


def _named(
    name: str,
    clip: Video,
    ranked: list[FaceTrack],
    first: int,
    scored: Scored,
    on_progress: Listener,
) -> list[FaceTrack]:
    if name == ALL:
        return ranked
    if name == SPEAKER:
        scores = scored([take(clip, ranked, track, first) for track in ranked])
        best = max(range(len(ranked)), key=lambda number: scores[number])
        if len(ranked) > 1 and scores[best] < LIKELY:
            sentence = f"It is not clear who speaks; face {best + 1} was taken. Compare with --face and a number."
            on_progress(Warned(sentence))
        return [ranked[best]]
    found = choose(ranked, name)
    return [] if found is None else [found]


def shared(followed: list[Followed], hearings: list[Hearing]) -> list[Role]:
    """Each face with what it is to say: the one speech, or its own. Raises ConfigError if their numbers differ."""
    if len(hearings) == 1:
        hearings = hearings * len(followed)
    if len(hearings) != len(followed):
        raise ConfigError(
            f"There are {_count(len(hearings), 'speech', 'speeches')}, but the clip shows "
            f"{_count(len(followed), 'face', 'faces')}. Name the face for each speech."
        )
    return [Role(face, hearing) for face, hearing in zip(followed, hearings, strict=True)]


class Ears:
    """Hears how well faces agree with the sound of `clip`, by the sync expert in the weights' `folder`."""

    def __init__(self, clip: Video, folder: Path | None, device: str, on_progress: Listener = ignore) -> None:
        self.clip, self.folder, self.device, self.on_progress = clip, folder, device, on_progress

    @property
    def deaf(self) -> SyncTalkFaceError | None:
        """Why nothing can be heard; None if something can."""
        if not self.clip.has_audio:
            return MediaError(f"{self.clip.named} has no sound, so nobody can tell who speaks in it. {BY_NUMBER}")
        if self.folder is None or not hub.holds(self.folder, hub.SYNCNET):
            return ConfigError(f"These weights came without a SyncNet, so nobody can tell who speaks. {BY_NUMBER}")
        return None

    def __call__(self, faces: list[Followed]) -> list[float]:
        """How well each of `faces` agrees (see person.speaker).

        Raises MediaError if there is no sound, ConfigError if there is no sync expert, SilentSpeechError if nobody
        can be heard.
        """
        if error := self.deaf:
            raise error
        assert self.folder is not None  # noqa: S101 (else it is deaf)
        net = hub.load_syncnet(self.folder).to(find_device(self.device))
        judge = OwnJudge(net, hub.load_config(self.folder))
        waveform = read_waveform(self.clip.path, judge.sample_rate)
        require_speech(waveform, self.clip.path)
        return agreement(judge, self.clip, faces, waveform, self.on_progress)


def introduced(
    clip: Video, tracks: Sequence[FaceTrack], folder: Path | None, device: str, on_progress: Listener = ignore
) -> Cast:
    """Who is in `clip`, and, as far as it can be heard with the sync expert in `folder`, who speaks."""
    cast, ears = introduce(clip, tracks), Ears(clip, folder, device, on_progress)
    if not ears.deaf:
        with suppress(SilentSpeechError):  # then nobody speaks
            return with_speaker(cast, ears(find_faces(clip, tracks, [ALL], 0, ears)))
    return cast


def _count(number: int, one: str, many: str) -> str:
    return f"{number} {one if number == 1 else many}"
