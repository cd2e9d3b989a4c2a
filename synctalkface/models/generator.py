"""The generator: sound -> lips from the memory -> a drawing of the mouth on the face (paper, section 3).

B windows (clips), F frames, C channels, S slots, K references, R side of the crop; h x w is the drawn region.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn

from synctalkface.config import Config
from synctalkface.models.audio import audio_encoder
from synctalkface.models.decoder import Decoder, Drawing, moved_alone, render
from synctalkface.models.face import ReferenceFeatures, face_encoder
from synctalkface.models.layers import fold, frozen
from synctalkface.models.lips import LipEncoder
from synctalkface.models.memory import AudioLipMemory, Recall


class Heard(NamedTuple):
    """What the sound says about each frame."""

    audio: Tensor  # (B, F, C)
    lips: Tensor  # (B, F, C) recalled from the memory; the audio itself where the memory is disabled
    address: Tensor | None  # (B, F, S)


class Seen(NamedTuple):
    """What the true lips are, and what the memory holds of them."""

    feature: Tensor  # (B, F, C)
    stored: Recall


class Lesson(NamedTuple):
    """One training pass: both branches, and all that the losses ask for. Without a memory, the sound branch alone."""

    from_sound: Tensor  # (B, F, 3, h, w) I_g, drawn from what the sound recalls: the branch that is used afterwards
    from_lips: Tensor | None  # (B, F, 3, h, w) I_G, drawn from the true lips: teaches the lip encoder what lips are
    heard: Heard
    seen: Seen | None
    sound_drawing: Drawing
    lips_drawing: Drawing | None


class SyncTalkFace(nn.Module):
    """The whole model. In use: recall_lips, then draw. In training: forward, which also sees the true lips.

    `lip_encoder=False` builds it as it is in use: without the parts that only training needs.
    """

    silence: Tensor  # (1, bands, audio_steps): what a frame hears while nobody speaks

    def __init__(self, config: Config, lip_encoder: bool = True) -> None:
        super().__init__()
        model, audio = config.model, config.audio
        self.register_buffer(
            "silence", torch.full((1, audio.bands, model.audio_steps), audio.silence), persistent=False
        )
        self.articulated = model.articulated
        self.audio_encoder = audio_encoder(config)
        self.face_encoder = face_encoder(config)
        self.decoder = Decoder(model, self.face_encoder.maps, self.face_encoder.fold)
        self.memory = AudioLipMemory(model.channels, config.memory) if config.memory.enabled else None
        self.lip_encoder = LipEncoder(config) if lip_encoder and config.memory.enabled else None

    def recall_lips(self, chunk: Tensor, starts: Tensor) -> Heard:
        """chunk (B, bands, T) of mel, starts (B, F): the first mel step each frame hears."""
        audio = self.audio_encoder(chunk, starts)
        if self.memory is None:
            return Heard(audio, audio, None)
        recalled = self.memory.recall(audio)
        return Heard(audio, recalled.lips, recalled.address)

    def rest(self) -> Heard:
        """What silence says, (1, 1, C): the mouth at rest. Nothing is learnt from it."""
        with frozen(self), torch.no_grad():
            return self.recall_lips(self.silence, torch.zeros(1, 1, dtype=torch.long, device=self.silence.device))

    def articulate(self, heard: Heard, rest: Heard, articulation: Tensor) -> Heard:
        """What a person shows who parts the lips `articulation` (B,) times as wide as usual (faces.articulation).

        The lips of `heard` (B, F, C) are moved as many times as far away from those at `rest` (1, 1, C); without a
        memory the sound is. Only where the config says that the model is articulated.
        """
        if not self.articulated:
            return heard
        if self.memory is None:
            audio = away(heard.audio, rest.audio, articulation)
            return Heard(audio, audio, None)
        return heard._replace(lips=away(heard.lips, rest.lips, articulation))

    def see_lips(self, frames: Tensor) -> Seen | None:
        """frames (B, F + 4, 3, H, W): true lower halves (whole crops where the config draws those). None: no memory."""
        if self.memory is None or self.lip_encoder is None:
            return None
        feature = self.lip_encoder(frames)
        return Seen(feature, self.memory.store(feature))

    def judge_lips(self, frames: Tensor) -> Tensor | None:
        """The lip encoder as a judge of generated and true frames (B, F + 4, 3, H, W) -> (B, F, C).

        For the visual-visual loss: the frames get a gradient, the encoder's parameters and statistics are untouched.
        None where there is no lip encoder.
        """
        if self.lip_encoder is None:
            return None
        with frozen(self.lip_encoder):
            features: Tensor = self.lip_encoder(frames)
            return features

    def encode_references(self, references: Tensor) -> ReferenceFeatures:
        """references (B, K, 3, R, R), in the order of person.reference: once a clip."""
        return self.face_encoder.encode_references(references)

    def draw(self, pose: Tensor, features: ReferenceFeatures, audio: Tensor, lips: Tensor) -> Drawing:
        """pose (B, F, 3, R/2, R): upper halves of the target frames; features, audio and lips (B, F, C) as above.

        `audio` and `lips` may hold several branches below each other, (N * B, F, C): all are drawn on the same faces.
        """
        skips = self.face_encoder(pose, features)
        branches = audio.shape[0] // pose.shape[0]
        if branches > 1:
            skips = [torch.cat([skip] * branches) for skip in skips]
        drawing: Drawing = self.decoder(audio, lips, skips)
        return drawing

    def forward(
        self,
        chunk: Tensor,
        starts: Tensor,
        lip_frames: Tensor,
        pose: Tensor,
        references: Tensor,
        muted: Tensor | None = None,
        unpainted: Tensor | None = None,
        articulation: Tensor | None = None,
    ) -> Lesson:
        """Both branches in one decoder pass, so that they share the statistics of its batch norms.

        chunk (B, bands, T), starts (B, F), lip_frames (B, F + 4, 3, H, W), pose (B, F, 3, R/2, R),
        references (B, K, 3, R, R). `muted` (B,) bool: windows where the decoder gets zeros for the sound vector, and
        has only the recalled lips to go by. Without a memory the sound is all there is, and it is ignored.
        `unpainted` (B,) bool: windows drawn with moved pixels alone. `articulation` (B,): how wide the lips part.
        """
        heard, seen = self.recall_lips(chunk, starts), self.see_lips(lip_frames)
        if articulation is not None and self.articulated:
            rest = self.rest()
            heard = self.articulate(heard, rest, articulation)
        features = self.encode_references(references)
        if seen is None:
            drawing = moved_alone(self.draw(pose, features, heard.audio, heard.lips), unpainted)
            return Lesson(render(drawing, references), None, heard, None, drawing, None)
        shown = seen.feature.to(heard.lips.dtype)
        if articulation is not None and self.articulated:
            shown = away(shown, rest.lips, articulation)
        lips = torch.cat([heard.lips, shown])  # (2 B, F, C)
        audio = heard.audio if muted is None else heard.audio.masked_fill(muted[:, None, None], 0.0)
        drawings = _branches(self.draw(pose, features, torch.cat([audio] * 2), lips))
        sound, true = (moved_alone(drawing, unpainted) for drawing in drawings)
        return Lesson(render(sound, references), render(true, references), heard, seen, sound, true)


def for_use(model: SyncTalkFace) -> SyncTalkFace:
    """A copy for dubbing: the memory's emphasis, no lip encoder, batch norms folded, evaluation mode, channels last."""
    used = fold(model)
    emphasise(used)
    used.lip_encoder = None
    used.requires_grad_(False)
    used.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # known to torch, not to its types
    return used


def emphasise(model: SyncTalkFace) -> None:
    """Let the memory of `model` speak up, as far as its settings say.

    A sound is answered with a mean over many lip shapes, which lies nearer to the mouth at rest than any of them, all
    the more where the voice is a stranger's.
    """
    if model.memory is None or model.memory.emphasis == 1:
        return
    model.memory.emphasise(model.rest().lips[0, 0])


def away(lips: Tensor, rest: Tensor, times: Tensor) -> Tensor:
    """`lips` (B, F, C), `times` (B,) as far from `rest` (1, 1, C)."""
    return torch.lerp(rest.to(lips.dtype), lips, times.to(lips)[:, None, None])


def _branches(drawing: Drawing) -> tuple[Drawing, Drawing]:
    """A drawing of (2 B, ...) -> the two of (B, ...)."""
    halves = [(None, None) if part is None else part.chunk(2) for part in drawing]
    first, second = zip(*halves, strict=True)
    return Drawing(*first), Drawing(*second)
