"""How many floating-point operations one step costs: counted on shapes alone, so it takes no time, memory or luck.

A step is what the run does: both branches, the judges that have a say at that step, the critic, and all gradients.
"""

from __future__ import annotations

from functools import lru_cache

import torch
from torch.utils.flop_counter import FlopCounterMode

from synctalkface.config import Config, LossWeights
from synctalkface.data.window import Window
from synctalkface.inputs import chunk_length
from synctalkface.models.discriminator import Discriminator
from synctalkface.models.generator import SyncTalkFace
from synctalkface.models.syncnet import SyncNet
from synctalkface.training.terms import discriminator_loss, generator_terms, teach, weighted

FRAME_RATE = 25.0


def of_generator(config: Config, windows: int, factors: LossWeights, judged: bool, critic: bool) -> int:
    """Operations of one pass over `windows`. `judged`: there is a sync expert; `critic`: the discriminator learns."""
    heavy = (bool(factors.audio_visual) and judged, bool(factors.visual_visual), bool(factors.adversarial), critic)
    return _of_generator(config, windows, *heavy)


@lru_cache(maxsize=32)
def _of_generator(config: Config, windows: int, expert: bool, lips: bool, adversary: bool, critic: bool) -> int:
    with torch.device("meta"):
        model, judge, discriminator = SyncTalkFace(config).train(), SyncNet(config), Discriminator(config)
        batch = _shapes(config, windows)
        factors = LossWeights(audio_visual=expert, visual_visual=lips, adversarial=adversary)
        with FlopCounterMode(display=False) as counter:
            taught = teach(model, batch, config)
            terms = generator_terms(taught, batch, config, factors, model, judge if expert else None, discriminator)
            torch.autograd.backward(weighted(terms, factors))
            if critic:
                torch.autograd.backward(discriminator_loss(taught, discriminator, config))
    return int(counter.get_total_flops())


@lru_cache(maxsize=8)
def of_syncnet(config: Config, pairs: int) -> int:
    """Operations of one step of the sync expert over `pairs` of mouths and sounds."""
    net = config.syncnet
    with torch.device("meta"):
        model = SyncNet(config).train()
        faces = torch.zeros(pairs, net.frames, 3, config.face.size // 2, config.face.size)
        mel = torch.zeros(pairs, config.audio.bands, net.audio_steps)
        with FlopCounterMode(display=False) as counter:
            torch.autograd.backward((model.see(faces) @ model.hear(mel).T).sum())
    return int(counter.get_total_flops())


def _shapes(config: Config, windows: int) -> Window:
    frames, side, bands = config.training.frames, config.face.size, config.audio.bands
    length = chunk_length(frames, config.model.audio_steps, FRAME_RATE, config.audio)
    faces = torch.zeros(windows, frames + config.model.lip_frames - 1, 3, side, side)
    return Window(
        faces,
        faces,
        torch.zeros(windows, config.model.references, 3, side, side),
        torch.zeros(windows, bands, length),
        torch.zeros(windows, frames, dtype=torch.int64),
        torch.zeros(windows, bands, config.syncnet.audio_steps),
        torch.zeros(windows, frames, 1, side // 2, side),
        torch.ones(windows),
    )
