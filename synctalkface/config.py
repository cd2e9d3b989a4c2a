"""Every number of the method, as frozen dataclasses; presets as small diffs; JSON beside the weights.

The defaults are the paper's (SyncTalkFace, AAAI 2022). `base` and `tiny` say how they differ, and nothing else.
"""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from synctalkface.errors import ConfigError
from synctalkface.strict import build, suggest

FORMAT_VERSION = 1


@dataclass(frozen=True)
class AudioConfig:
    """How a waveform becomes a log-mel spectrogram (paper, implementation details)."""

    sample_rate: int = 16_000  # Hz
    n_fft: int = 800  # samples; window length is the same
    hop: int = 200  # samples: 80 mel steps a second
    bands: int = 80  # mel bands
    low: float = 55.0  # Hz
    high: float = 7_600.0  # Hz
    pre_emphasis: float = 0.97
    floor_db: float = -100.0  # dB that map to -span
    reference_db: float = 20.0  # dB subtracted before scaling
    span: float = 4.0  # the spectrogram is scaled and clipped to [-span, span]
    loudness: float | None = None  # RMS that active speech is brought to; None: as recorded (paper)

    @property
    def mel_rate(self) -> float:
        """Mel steps a second."""
        return self.sample_rate / self.hop


@dataclass(frozen=True)
class FaceConfig:
    """The aligned face crop."""

    size: int = 128  # px, square
    region: Literal["face", "lower"] = "face"  # what the decoder draws: the whole crop, or its lower half


@dataclass(frozen=True)
class MemoryConfig:
    """The Audio-Lip Memory (paper, section 3.1)."""

    slots: int = 96  # S
    sharpness: float = 16.0  # kappa, of the softmax over cosines
    centred: bool = True  # linear map + batch norm on each query; without it the addresses collapse (docs/log.md)
    enabled: bool = True  # False is the no-memory ablation: sound alone drives the decoder


@dataclass(frozen=True)
class ModelConfig:
    """Widths and structure of the generator."""

    channels: int = 512  # C: of audio features, lip features and memory slots
    audio_encoder: Literal["window", "clip"] = "window"  # 2D over one window a frame, or 1D over the clip, read once
    audio_steps: int = 16  # mel steps one frame sees: 0.2 s
    audio_widths: tuple[int, ...] = (32, 64, 128, 256)  # and last the channels
    audio_residuals: int = 2  # residual convolutions after each width of the window encoder
    lip_frames: int = 5  # consecutive frames the lip encoder sees, centred on the target frame
    lip_widths: tuple[int, ...] = (64, 64, 128, 256, 512)
    lip_residuals: int = 1
    face_encoder: Literal["joint", "cached"] = "joint"  # 6 channels together, or the reference apart, once a clip
    face_widths: tuple[int, ...] = (16, 32, 64, 128, 256, 512, 512)  # from full size down, each halving
    face_residuals: int = 1
    decoder_widths: tuple[int, ...] = (512, 512, 512, 384, 256, 128, 64)  # from the smallest map up to the largest
    decoder_residuals: tuple[int, ...] = (0, 2, 2, 2, 2, 1, 1)  # after each width
    head: Literal["paint", "move"] = "paint"  # colours only, or flow + mask + colours
    max_flow: float = 0.35  # of the crop's side: how far the moving head may fetch a pixel
    references: int = 1  # frames that lend their pixels: lips closed, and with two also parted


@dataclass(frozen=True)
class SyncNetConfig:
    """The sync expert (paper, section 3.3; SyncNet as Wav2Lip trains it)."""

    frames: int = 5
    audio_steps: int = 16
    channels: int = 512
    face_widths: tuple[int, ...] = (32, 64, 128, 256, 512)
    audio_widths: tuple[int, ...] = (32, 64, 128, 256)  # and last the channels
    residuals: int = 2  # residual convolutions after each width
    fold: int = 1  # px: squares of this side become channels before the first convolution; 1: none (paper)


@dataclass(frozen=True)
class DiscriminatorConfig:
    """The quality discriminator on the lower half of the face."""

    widths: tuple[int, ...] = (32, 64, 128, 256, 512, 512)


@dataclass(frozen=True)
class LossWeights:
    """One weight a term; the names are the names of the terms (paper, section 3.4)."""

    reconstruction: float = 10.0
    audio_visual: float = 0.01
    visual_visual: float = 0.01
    adversarial: float = 0.01
    store: float = 0.01
    align: float = 0.01
    mouth: float = 0.0  # extra L1 inside the mouth window; ours, 0 in the paper
    balance: float = 0.0  # how unevenly the slots are used; ours, 0 in the paper


@dataclass(frozen=True)
class TrainingConfig:
    """How long and how fast."""

    steps: int = 100_000
    windows: int = 8  # windows of consecutive frames a batch
    frames: int = 5  # target frames a window; 8 x 5 = batch 40
    accumulate: int = 1  # batches whose gradients make one step: for more windows than the memory of a GPU takes
    learning_rate: float = 1e-4
    final_learning_rate: float = 1e-4  # reached along a cosine; equal to the first: constant
    warmup: int = 0  # steps
    discriminator_rate: float = 5e-4
    betas: tuple[float, float] = (0.5, 0.999)
    ema: float = 0.999  # decay of the averaged weights that are saved for use
    clip_norm: float = 1.0  # largest gradient norm
    audio_visual_from: int = 0  # step the term begins at
    visual_visual_from: int = 0
    critic_from: int = 0  # step the discriminator begins to learn at, before it has a say
    adversarial_from: int = 0
    augment_from: int = 0  # step the augmentation begins to grow at
    augment_full: int = 0  # step it reaches full strength at
    augment_strength: float = 0.0  # 0: none (paper); 1: full
    align_lips: float = 0.0  # share of the align loss's gradient that also moves the lips' addresses toward the sound's
    align_lips_from: int = 0  # step it begins at: before the sound tells slots apart, addresses would become uniform
    mute: float = 0.0  # share of windows drawn from the recalled lips alone, without the sound beside them; paper: 0
    unpainted: float = 0.0  # share of windows drawn with moved pixels alone; paper: none are moved
    evaluate_every: int = 1_000
    save_every: int = 1_000
    seed: int = 0


@dataclass(frozen=True)
class SyncNetTraining:
    """The schedule of the sync expert; frozen afterwards."""

    steps: int = 100_000
    clips: int = 32  # clips a batch
    windows: int = 8  # windows of each clip in the batch: the others are its hard negatives (32 x 8 = batch 256)
    learning_rate: float = 1e-4
    final_learning_rate: float = 1e-4
    warmup: int = 0
    betas: tuple[float, float] = (0.9, 0.999)
    contrast: float = 0.0  # weight of the contrastive term beside the binary one; ours, 0 in the paper
    augment_strength: float = 0.0
    evaluate_every: int = 250
    save_every: int = 250
    seed: int = 0


@dataclass(frozen=True)
class Config:
    """Everything that travels with the weights."""

    name: str = "paper"
    audio: AudioConfig = field(default_factory=AudioConfig)
    face: FaceConfig = field(default_factory=FaceConfig)
    memory: MemoryConfig = field(default_factory=MemoryConfig)
    model: ModelConfig = field(default_factory=ModelConfig)
    syncnet: SyncNetConfig = field(default_factory=SyncNetConfig)
    discriminator: DiscriminatorConfig = field(default_factory=DiscriminatorConfig)
    losses: LossWeights = field(default_factory=LossWeights)
    training: TrainingConfig = field(default_factory=TrainingConfig)
    syncnet_training: SyncNetTraining = field(default_factory=SyncNetTraining)


def _base() -> Config:
    paper = Config()
    return replace(
        paper,
        name="base",
        audio=replace(paper.audio, loudness=0.06),
        face=replace(paper.face, region="lower"),
        model=replace(
            paper.model,
            channels=256,
            audio_encoder="clip",
            audio_steps=33,  # 0.41 s
            audio_widths=(256, 256, 256, 256),
            lip_widths=(32, 64, 128, 192),
            face_encoder="cached",
            face_widths=(32, 64, 96, 192, 384),
            face_residuals=0,
            decoder_widths=(384, 256, 128, 64, 32),
            decoder_residuals=(2, 0, 0, 0, 0),
            head="move",
            references=2,
        ),
        syncnet=replace(
            paper.syncnet,
            channels=192,
            face_widths=(48, 64, 96, 128, 192),
            audio_widths=(32, 48, 96, 128),
            residuals=1,
            fold=4,
        ),
        discriminator=replace(paper.discriminator, widths=(32, 64, 128, 192)),
        losses=replace(
            paper.losses,
            mouth=10.0,
            audio_visual=0.2,
            visual_visual=0.4,
            store=1.0,
            align=1.0,
            adversarial=0.1,
            balance=0.05,
        ),
        training=_base_training(),
        syncnet_training=_base_syncnet_training(),
    )


def _base_training() -> TrainingConfig:
    return TrainingConfig(
        steps=5_200,
        learning_rate=5e-4,
        final_learning_rate=2e-5,
        warmup=200,
        audio_visual_from=800,
        visual_visual_from=800,
        critic_from=1_000,
        adversarial_from=1_500,
        augment_from=500,
        augment_full=4_500,
        augment_strength=1.0,
        align_lips=0.1,
        align_lips_from=1_500,
        mute=0.3,
        unpainted=0.5,
    )


def _base_syncnet_training() -> SyncNetTraining:
    return SyncNetTraining(
        steps=1_200,
        clips=24,
        learning_rate=5e-4,
        final_learning_rate=2e-5,
        warmup=100,
        contrast=1.0,
        augment_strength=1.0,
    )


def _tiny() -> Config:
    base = _base()
    return replace(
        base,
        name="tiny",
        memory=replace(base.memory, slots=12),
        model=replace(
            base.model,
            channels=16,
            audio_steps=9,
            audio_widths=(16, 16),
            lip_widths=(8, 12, 16),
            face_widths=(8, 12, 16),
            decoder_widths=(16, 12, 8),
            decoder_residuals=(1, 0, 0),
        ),
        syncnet=replace(base.syncnet, channels=16, face_widths=(8, 12, 16), audio_widths=(8, 12, 16)),
        discriminator=replace(base.discriminator, widths=(8, 12)),
        training=replace(
            Config().training,
            steps=20,
            windows=2,
            evaluate_every=10,
            save_every=10,
            learning_rate=5e-4,
            augment_strength=1.0,
        ),
        syncnet_training=replace(base.syncnet_training, steps=20, clips=2, windows=3, warmup=0),
    )


PRESETS: dict[str, Config] = {"paper": Config(), "base": _base(), "tiny": _tiny()}


def preset(name: str) -> Config:
    """The preset called `name`. Raises ConfigError, with the nearest name, if there is none."""
    if name not in PRESETS:
        raise ConfigError(f"There is no preset '{name}'.{suggest(name, list(PRESETS))}")
    return PRESETS[name]


def override(config: Config, settings: list[str]) -> Config:
    """`config` with settings of the form "training.steps=500" applied. Raises ConfigError on the first bad one."""
    for setting in settings:
        key, equals, text = setting.partition("=")
        if not equals:
            raise ConfigError(f"'{setting}' is not a setting. Write it as name=value, for instance training.steps=500.")
        data = to_dict(config)
        node: Any = data
        *path, last = key.split(".")
        for part in [*path, last]:
            if not isinstance(node, dict) or part not in node:
                raise ConfigError(f"There is no setting '{key}'.{suggest(key, _keys(to_dict(config)))}")
            parent, node = node, node[part]
        parent[last] = _parse(text)
        config = from_dict(data)
    return config


def to_dict(config: Config) -> dict[str, Any]:
    """`config` as plain data, with the format version in front."""
    return {"format": FORMAT_VERSION, **dataclasses.asdict(config)}


def to_json(config: Config) -> str:
    """`config` as the text of a config.json."""
    return json.dumps(to_dict(config), indent=2) + "\n"


def from_json(text: str, where: str = "config.json") -> Config:
    """The config in `text`. Raises ConfigError naming `where` if it is not one."""
    try:
        data = json.loads(text)
    except json.JSONDecodeError as error:
        raise ConfigError(
            f"{where} is not JSON (line {error.lineno}). Restore the file or download it again."
        ) from None
    if not isinstance(data, dict):
        raise ConfigError(f"{where} does not hold a configuration. Restore the file or download it again.")
    return from_dict(data, where)


def from_dict(data: dict[str, Any], where: str = "config") -> Config:
    """The inverse of `to_dict`, strict: an unknown key, a missing key or a wrong type is a ConfigError."""
    data = dict(data)
    version = data.pop("format", None)
    if version != FORMAT_VERSION:
        raise ConfigError(
            f"{where} has format {version!r}; this version of synctalkface reads format {FORMAT_VERSION}. "
            "Install the version of synctalkface that wrote it."
        )
    return build(Config, data, where)


def _parse(text: str) -> Any:
    try:
        return json.loads(text.replace("True", "true").replace("False", "false").replace("None", "null"))
    except json.JSONDecodeError:
        return text


def _keys(data: dict[str, Any], path: str = "") -> list[str]:
    found: list[str] = []
    for key, value in data.items():
        found += _keys(value, f"{path}{key}.") if isinstance(value, dict) else [path + key]
    return found
