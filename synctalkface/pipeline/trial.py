"""A trial before weights are published: frames of the sample clip are dubbed with them, as a user would."""

from __future__ import annotations

import tempfile
from fractions import Fraction
from importlib.resources import files
from pathlib import Path

import numpy as np

from synctalkface.clock import Clock, Timeline
from synctalkface.errors import WeightsError
from synctalkface.pipeline.lipsync import LipSync
from synctalkface.video import probe

FRAMES = 2


def try_weights(folder: Path) -> None:
    """Dub two frames of the sample clip with the weights in `folder`. Raises WeightsError if nothing comes of it."""
    samples = Path(str(files("synctalkface"))) / "assets" / "samples"
    timeline = Timeline(np.arange(FRAMES), Clock.constant(Fraction(25), FRAMES))
    with tempfile.TemporaryDirectory(prefix="synctalkface-") as made:
        out = Path(made) / "dubbed.mp4"
        dubber = LipSync.from_pretrained(folder, "cpu")
        dubber.dub(samples / "face.mkv", samples / "speech.flac", out, timeline=timeline)
        frames = len(probe(out).clock)
    if frames != FRAMES:
        raise WeightsError(f"With {folder}, {frames} of {FRAMES} frames were dubbed. Do not publish these weights.")
