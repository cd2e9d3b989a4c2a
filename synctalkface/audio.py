"""Speech as numbers: a file's waveform, and the log-mel spectrogram that the model hears.

n samples, T mel steps. The spectrogram is the paper's (80 bands, 80 steps a second), as Wav2Lip computes it.
"""

from __future__ import annotations

import functools
import subprocess
import tempfile
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from synctalkface import ffmpeg
from synctalkface.config import AudioConfig
from synctalkface.errors import MediaError, SilentSpeechError

FRAME = 0.025  # s: the unit in which loudness is judged
AUDIBLE = 1e-3  # RMS of the loudest frame, -60 dBFS: below it nobody can be heard
ACTIVE_DB = 30.0  # frames this much softer than the loudest are pauses
LARGEST_GAIN_DB = 30.0
SMALLEST_MAGNITUDE = 1e-5  # of the spectrogram, before the logarithm
BLOCK = 8_192  # mel steps computed at once
LONGEST = 6 * 3_600.0  # s: of damaged times a decoder would make days of silence, and fill the memory with them


def read_waveform(
    path: str | Path, sample_rate: int = AudioConfig.sample_rate, longest: float = LONGEST
) -> NDArray[np.float32]:
    """The first sound track of any media file, as float32 (n,) mono at `sample_rate`, in [-1, 1].

    Sample 0 is the file's time zero, that of its pictures too: a track that begins late is padded with silence.
    Raises MediaError if there is no such file, it is no media file, it has no sound, or it lasts more than `longest`
    seconds, of which no more than that is decoded: a small file may hold days of silence.
    """
    with ffmpeg.open_media(path) as container:
        if not container.streams.audio:
            raise MediaError(f"{path} has no sound. Name a file with the speech in it.")
    sound = ffmpeg.media_input(path)["a:0"].filter("aresample", **{"async": 1, "first_pts": 0})
    longest = min(longest, LONGEST)
    limit = {"t": f"{longest + 1:.3f}"}
    output = sound.output("pipe:1", format="f32le", ac=1, ar=sample_rate, **limit)
    with tempfile.TemporaryFile() as errors:
        process = ffmpeg.start(output.get_args(), errors, stdout=subprocess.PIPE)
        try:
            samples, _ = process.communicate()
        finally:
            ffmpeg.stop(process)
        # a damaged end is no reason to refuse what could be read before it
        if process.returncode != 0 and not samples:
            reason = ffmpeg.complaint(errors)
            raise MediaError(f"The sound of {path} cannot be decoded ({reason}). Export it again, for instance as WAV.")
    if len(samples) > 4 * sample_rate * longest:
        raise MediaError(f"{Path(path).name} lasts more than {longest:g} s, which is the most that is taken. Cut it.")
    return np.frombuffer(samples, dtype="<f4").astype(np.float32)


def require_speech(waveform: NDArray[np.float32], path: str | Path, sample_rate: int = AudioConfig.sample_rate) -> None:
    """SilentSpeechError if no 25 ms of `waveform` (n,), read from `path`, reach -60 dBFS."""
    power = _frame_power(torch.as_tensor(waveform), sample_rate)
    if not len(power) or float(power.max()) < AUDIBLE**2:
        raise SilentSpeechError(f"Nobody can be heard in {path}. Check its volume, or name the file with the speech.")


def log_mel(waveform: NDArray[np.float32] | Tensor, config: AudioConfig) -> Tensor:
    """The spectrogram of `waveform` (n,): float32 (bands, T) in [-span, span], T = 1 + n // hop.

    Step k is centred on sample k * hop. Pre-emphasis, magnitude (not power), Slaney mel bands, decibels.
    """
    samples = torch.as_tensor(waveform, dtype=torch.float32)
    if config.loudness is not None:
        samples = normalise(samples, config.loudness, config.sample_rate)
    samples = torch.cat([samples[:1], samples[1:] - config.pre_emphasis * samples[:-1]])
    mel = _magnitudes(samples, config)
    decibels = 20 * torch.log10(mel.clamp(min=SMALLEST_MAGNITUDE)) - config.reference_db
    scaled = (decibels - config.floor_db) / -config.floor_db * 2 * config.span - config.span
    return scaled.clamp(-config.span, config.span)


def _magnitudes(samples: Tensor, config: AudioConfig) -> Tensor:
    """The mel magnitudes (bands, T) of `samples` (n,), a block of steps at a time: an hour of speech fits in memory."""
    margin = config.n_fft // 2
    # what is shorter than the margin cannot be mirrored into it
    mode = "reflect" if len(samples) > margin else "constant"
    padded = functional.pad(samples[None], (margin, margin), mode=mode)[0]
    window = torch.hann_window(config.n_fft, device=samples.device)
    filters = mel_filters(config).to(samples.device)
    total = 1 + len(samples) // config.hop
    blocks = []
    for first in range(0, total, BLOCK):
        last = min(first + BLOCK, total) - 1
        part = padded[first * config.hop : last * config.hop + config.n_fft]
        spectrum = torch.stft(part, config.n_fft, config.hop, window=window, center=False, return_complex=True)
        blocks.append(filters @ spectrum.abs())  # (bands, bins) @ (bins, steps)
    return torch.cat(blocks, dim=1)


def normalise(waveform: Tensor, loudness: float, sample_rate: int = AudioConfig.sample_rate) -> Tensor:
    """`waveform` (n,) scaled so that the RMS of its active frames is `loudness`, by 30 dB at most.

    Active are the 25 ms frames within 30 dB of the loudest, so that pauses do not count. Silence stays silence.
    """
    power = _frame_power(waveform, sample_rate)
    if not len(power) or float(power.max()) == 0.0:
        return waveform
    active = power[power >= power.max() * 10 ** (-ACTIVE_DB / 10)]
    limit = 10 ** (LARGEST_GAIN_DB / 20)
    return waveform * (loudness / active.mean().sqrt()).clamp(1 / limit, limit)


def _frame_power(waveform: Tensor, sample_rate: int) -> Tensor:
    """Mean square of each 25 ms of `waveform` (n,); what is shorter is one frame, the rest at the end is left."""
    if waveform.numel() == 0:
        return waveform
    length = min(round(FRAME * sample_rate), len(waveform))
    return waveform[: len(waveform) // length * length].reshape(-1, length).square().mean(dim=1)


@functools.cache
def mel_filters(config: AudioConfig) -> Tensor:
    """(bands, n_fft // 2 + 1) triangles of equal area on Slaney's mel scale (as librosa.filters.mel)."""
    edges = _hertz(np.linspace(_mel(config.low), _mel(config.high), config.bands + 2))
    bins = np.linspace(0, config.sample_rate / 2, config.n_fft // 2 + 1)
    widths = np.diff(edges)
    rising = (bins - edges[:-2, None]) / widths[:-1, None]
    falling = (edges[2:, None] - bins) / widths[1:, None]
    triangles = np.maximum(0, np.minimum(rising, falling)) * (2 / (edges[2:] - edges[:-2]))[:, None]
    return torch.from_numpy(triangles.astype(np.float32))


# Slaney's scale: linear up to 1 kHz (200/3 Hz a mel), then logarithmic (a factor of 6.4 in 27 mels)
_LINEAR, _KNEE, _LOG_STEP = 200 / 3, 1000.0, np.log(6.4) / 27


def _mel(hertz: float) -> float:
    if hertz < _KNEE:
        return hertz / _LINEAR
    return float(_KNEE / _LINEAR + np.log(hertz / _KNEE) / _LOG_STEP)


def _hertz(mel: NDArray[np.float64]) -> NDArray[np.float64]:
    knee = _KNEE / _LINEAR
    return np.where(mel < knee, mel * _LINEAR, _KNEE * np.exp(_LOG_STEP * (np.maximum(mel, knee) - knee)))
