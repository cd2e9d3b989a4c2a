"""Every number of the method, as frozen dataclasses. The defaults are the paper's (SyncTalkFace, AAAI 2022)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal


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

    @property
    def silence(self) -> float:
        """The value of a spectrogram where nothing sounds."""
        return -self.span


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
    emphasis: float = 1.0  # in use: how far recalled lips lie from those of silence, times as far; ours, paper: 1


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
    articulated: bool = False  # lips part as far as this person's do, which is told to the model; ours, not the paper's
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
    detail: float = 0.0  # L1 between how finely the mouth is drawn; ours, 0 in the paper
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
    backdrop: float = 0.0  # share of windows, at full strength, with something else behind the face; paper: 0
    degrade: float = 0.0  # of those that are blurred, of those with noise, of those compressed; paper: 0
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
