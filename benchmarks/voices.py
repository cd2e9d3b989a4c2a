"""How much do the recalled lips move for a voice? Little for one that is new: its mouth nearly holds one shape.

    python benchmarks/voices.py prepared/ [--split train|validation|test|all] [--limit 40] [--weights FOLDER]
    python benchmarks/voices.py --speech president.flac reader.wav

The spread is the root of the summed variances of the lips' channels over the moments at which somebody speaks, before
they are emphasised, smoothed or brought to rest. Beside it stands how many times as far a dub spreads them
(person/lively.py), and last the spread of all the memory's values.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from synctalkface import hub
from synctalkface.audio import log_mel, read_waveform
from synctalkface.config import Config
from synctalkface.data import pack
from synctalkface.evaluation.take import takes
from synctalkface.models.generator import Heard, SyncTalkFace
from synctalkface.models.layers import fold
from synctalkface.person.hearing import Recalled
from synctalkface.person.lively import liveliness
from synctalkface.person.quiet import Voice


def spoken(model: SyncTalkFace, config: Config, mel: Tensor) -> Heard:
    """What is recalled at each step of `mel` (bands, T) at which somebody speaks: (1, F, C)."""
    moments = np.arange(mel.shape[1]) / config.audio.mel_rate
    return Recalled(model, config, mel).at(moments[Voice(mel, config.audio).at(moments) > 0.5])


def spread(lips: Tensor) -> float:
    """Of lips (F, C)."""
    return float(lips.var(0).sum().sqrt())


def voices(wanted: argparse.Namespace, config: Config) -> Iterator[tuple[str, Tensor]]:
    """Name and spectrogram (bands, T) of each voice that is asked for."""
    for path in wanted.speech:
        yield path.name, log_mel(read_waveform(path, config.audio.sample_rate), config.audio)
    if wanted.data:
        split = None if wanted.split == "all" else wanted.split
        for entry in takes(wanted.data, split, config, wanted.limit):
            yield entry.identifier, log_mel(pack.load(wanted.data / entry.file).waveform, config.audio)


@torch.inference_mode()
def main() -> None:
    """Print the spread of each voice, and that of all together."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("data", type=Path, nargs="?")
    parser.add_argument("--split", choices=["train", "validation", "test", "all"], default="train")
    parser.add_argument("--speech", type=Path, nargs="+", default=[])
    parser.add_argument("--weights", help="a folder or a name on the Hub; default: those that ship")
    parser.add_argument("--limit", type=int, default=40)
    wanted = parser.parse_args()
    folder = hub.resolve(wanted.weights)
    config, model = hub.load_config(folder), fold(hub.load_generator(folder))
    every = []
    for name, mel in voices(wanted, config):
        heard = spoken(model, config, mel)
        every.append(heard.lips[0])
        gain = 1.0
        if model.memory is not None and heard.address is not None:
            gain = liveliness(heard.address[0], model.memory.values).gain
        print(f"{spread(heard.lips[0]):6.2f} x {gain:.2f}  {name}")
    if len(every) > 1:
        print(f"{np.mean([spread(lips) for lips in every]):6.2f}  mean of these")
        print(f"{spread(torch.cat(every)):6.2f}  all together")
    if model.memory is not None:
        print(f"{spread(model.memory.values):6.2f}  of the memory's values")


if __name__ == "__main__":
    main()
