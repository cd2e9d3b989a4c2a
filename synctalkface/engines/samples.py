"""Real faces and real sound for calibration: what the model is given while the sample clip of the package is dubbed."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from synctalkface.audio import log_mel, read_waveform
from synctalkface.config import Config
from synctalkface.faces.articulation import LEAST, MOST
from synctalkface.faces.detect import BlazeFace
from synctalkface.faces.mesh import FaceMesh
from synctalkface.inputs import pictures, upper
from synctalkface.models.generator import SyncTalkFace
from synctalkface.person import Hearing, cut_out, follow
from synctalkface.video import probe, read_frames

EVERY = 5  # of the clip's frames, one is taken
# The one face of the sample stands for many: filmed darker and brighter, warmer and colder, and mirrored.
WIDTHS = (1.0, LEAST, MOST)  # one face speaks like many, too
LIGHTS = ((1.0, 1.0, 1.0), (0.55, 0.5, 0.45), (1.25, 1.25, 1.3), (1.15, 0.95, 0.75), (0.35, 0.4, 0.5))


def sample_inputs(model: SyncTalkFace, config: Config) -> list[tuple[Tensor, ...]]:
    """Inputs of the graph (see engines.graph), one batch for each light."""
    crops = _crops(config.face.size)  # (F, 3, S, S)
    speech = read_waveform(_sample("speech.flac"), config.audio.sample_rate)
    hearing = Hearing(model, config, log_mel(speech, config.audio))
    batches = []
    with torch.inference_mode():
        for number, light in enumerate(LIGHTS):
            lit = (crops * torch.tensor(light)[:, None, None]).clamp(0, 1)
            lit = lit.flip(-1) if number % 2 else lit
            heard = hearing.at(2.0 * number + 0.2 + 0.08 * np.arange(len(lit), dtype=np.float64))
            wide = torch.tensor([WIDTHS[number % len(WIDTHS)]])
            heard = model.articulate(heard, model.rest(), wide)
            features = model.encode_references(lit[None, [0, len(lit) // 2][: config.model.references]])
            batches.append((upper(lit).contiguous(), heard.audio[0], heard.lips[0], *features))
    return batches


def _crops(size: int) -> Tensor:
    clip = probe(_sample("face.mkv"))
    followed = follow(clip, BlazeFace(), FaceMesh())
    cuts = []
    for number, frame in enumerate(read_frames(clip)):
        where = followed.at(number)
        if where is not None and number % EVERY == 0:
            cuts.append(cut_out(frame, where.matrix, size))
    return pictures(np.stack(cuts))


def _sample(name: str) -> Path:
    return Path(str(files("synctalkface"))) / "assets" / "samples" / name
