"""Damaged files by the hundred, as video and as speech: each is dubbed or refused in one sentence, none does harm.

40 of them in every run; `make test-torture` tries 200 (SYNCTALKFACE_FUZZ=200), other ones with SYNCTALKFACE_FUZZ_SEED.
"""

from __future__ import annotations

import os
import random
from collections.abc import Callable
from pathlib import Path

import pytest

Cut = Callable[..., Path]
Door = Callable[..., object]

COUNT = int(os.environ.get("SYNCTALKFACE_FUZZ", "40"))
SEED = int(os.environ.get("SYNCTALKFACE_FUZZ_SEED", "0"))
SMALL = ["-vf", "crop=220:220:60:40,scale=96:96", "-ac", "1"]
QUICK = ["-c:v", "libx264", "-preset", "ultrafast", "-g", "3"]
FILMS: dict[str, list[str]] = {
    ".mp4": [*SMALL, *QUICK, "-c:a", "aac"],
    ".mkv": [*SMALL, *QUICK, "-bf", "2", "-c:a", "libopus"],
    ".mov": [*SMALL, "-c:v", "mjpeg", "-q:v", "3", "-c:a", "pcm_s16le"],
    ".avi": [*SMALL, "-c:v", "mpeg4", "-q:v", "3", "-c:a", "mp3"],
    ".ts": [*SMALL, *QUICK, "-c:a", "aac"],
    ".gif": [*SMALL[:2], "-an", "-c:v", "gif"],
    ".png": ["-frames:v", "1", *SMALL[:2], "-c:v", "png"],
    ".jpg": ["-frames:v", "1", *SMALL[:2], "-c:v", "mjpeg"],
}
VOICES: dict[str, list[str]] = {
    ".wav": [],
    ".flac": [],
    ".mp3": [],
    ".ogg": ["-c:a", "libopus"],
    ".m4a": ["-c:a", "aac"],
}


def damaged(whole: bytes, other: bytes, chance: random.Random) -> bytes:
    """`whole` with one kind of harm done to it; `other` is a file of another kind."""
    data, place = bytearray(whole), chance.randrange(len(whole))
    match chance.randrange(7):
        case 0:  # single bits, anywhere
            for _ in range(chance.choice([1, 8, 64])):
                data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
        case 1:  # bytes of the header, where sizes and times are
            for _ in range(chance.choice([1, 4, 16])):
                data[chance.randrange(min(400, len(data)))] = chance.choice([0, 1, 0x7F, 0x80, 0xFF])
        case 2:  # bytes of the end, where MP4 and AVI keep their index
            for _ in range(chance.choice([1, 4, 16])):
                data[-1 - chance.randrange(min(900, len(data)))] = chance.choice([0, 1, 0x7F, 0x80, 0xFF])
        case 3:  # broken off
            del data[place:]
        case 4:  # the head of another
            head = chance.choice([8, 32, 256, 1024])
            data[:head] = other[:head]
        case 5:  # a hole
            data[place : place + 512] = bytes(len(data[place : place + 512]))
        case _:  # a piece twice, or not at all
            piece = data[place : place + chance.choice([3, 100, 2000])]
            data[place : place + chance.choice([0, len(piece)])] = piece * chance.choice([0, 2])
    return bytes(data)


@pytest.mark.parametrize("number", range(SEED, SEED + COUNT))
def test_damage_does_no_harm(door: Door, talk: Cut, words: Cut, tmp_path: Path, number: int) -> None:
    chance = random.Random(number)
    kinds = FILMS if chance.random() < 0.65 else VOICES
    (extension, arguments), (another, others) = chance.sample(sorted(kinds.items()), 2)
    cut = talk if kinds is FILMS else words
    whole, other = (cut(f"whole{end}", *how).read_bytes() for end, how in ((extension, arguments), (another, others)))
    path = tmp_path / f"fuzzed{extension}"
    path.write_bytes(damaged(whole, other, chance) or b"x")
    if kinds is FILMS:
        door(path, words(), "--fit", "trim")
    else:
        door(talk("clip.mkv", *FILMS[".mkv"]), path, "--fit", "trim")
