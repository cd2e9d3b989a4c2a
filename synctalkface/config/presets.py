"""The presets as small diffs: `paper` is the defaults; `base` and `tiny` say how they differ, and nothing else."""

from __future__ import annotations

from dataclasses import replace

from synctalkface.config.settings import Config, SyncNetTraining, TrainingConfig
from synctalkface.errors import ConfigError
from synctalkface.strict import suggest


def _base() -> Config:
    paper = Config()
    return replace(
        paper,
        name="base",
        audio=replace(paper.audio, loudness=0.06),
        face=replace(paper.face, region="lower"),
        memory=replace(paper.memory, emphasis=2.0),
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
            articulated=True,
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
            detail=10.0,
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
        backdrop=0.5,
        degrade=0.4,
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
        losses=replace(base.losses, detail=0.0),  # of teeth it draws nothing
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
