"""Which picture is dubbed with which sound: pairs from a selection, and for every strip left over the reason."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction

from .strips import PICTURES, SOUND, Strip, overlap, why_render


@dataclass(frozen=True)
class Pair:
    """A picture strip, the sound strip it shall speak, and the range both cover. render: why it is rendered first."""

    picture: Strip
    sound: Strip
    begin: int
    end: int
    render: str | None = None

    @property
    def length(self) -> int:
        """In frames."""
        return self.end - self.begin


@dataclass(frozen=True)
class Refusal:
    """A strip that takes no part, and why, in a sentence."""

    name: str
    reason: str


@dataclass(frozen=True)
class Pairing:
    """What was found in a selection."""

    pairs: tuple[Pair, ...]
    refusals: tuple[Refusal, ...]


def pair(strips: list[Strip], rate: Fraction, exists: Callable[[str], bool] = os.path.isfile) -> Pairing:
    """Pair the selected `strips` in a scene of `rate` frames a second.

    Sounds and pictures are matched by the largest overlap, each once; a picture that is left over then shares the sound
    that overlaps it most. So one sound serves many pictures, and n + n become n pairs.
    """
    pictures, sounds, refusals = _usable(strips, exists)
    if not pictures and not refusals:
        refusals.append(Refusal("", "Select a video strip as well: the face that shall speak."))
    if not sounds and not any(strip.kind == SOUND for strip in strips):
        refusals.append(Refusal("", "Select a sound strip as well: the speech."))
    matched = _matched(pictures, sounds)
    pairs = []
    for index, picture in enumerate(pictures):
        if index in matched:
            sound = matched[index]
            begin, end = overlap(picture, sound) or (0, 0)
            why = why_render(picture, rate) or (why_render(sound, rate) if sound.odd else None)
            pairs.append(Pair(picture, sound, begin, end, why))
        elif sounds:
            refusals.append(Refusal(picture.name, "No selected sound plays while it is shown. Move one under it."))
    used = set(matched.values())
    refusals += [
        Refusal(sound.name, "No selected video is shown while it plays. Move one over it.")
        for sound in sounds
        if sound not in used and pictures
    ]
    return Pairing(tuple(sorted(pairs, key=lambda each: (each.begin, each.picture.channel))), tuple(refusals))


def _usable(strips: list[Strip], exists: Callable[[str], bool]) -> tuple[list[Strip], list[Strip], list[Refusal]]:
    pictures, sounds, refusals = [], [], []
    for strip in sorted(strips, key=lambda strip: (strip.left, strip.channel)):
        reason = _unusable(strip, exists)
        if reason:
            refusals.append(Refusal(strip.name, reason))
        elif strip.kind == SOUND:
            sounds.append(strip)
        else:
            pictures.append(strip)
    return pictures, sounds, refusals


def _unusable(strip: Strip, exists: Callable[[str], bool]) -> str | None:
    if strip.kind not in (*PICTURES, SOUND):
        return "It is neither video nor sound. Put it into a meta strip with the video it works on."
    if strip.kind in ("MOVIE", SOUND):
        if not strip.path:
            return "It has no file of its own (packed or made by Blender). Save it as a file first."
        if not exists(strip.path):
            return f"Its file is missing: {strip.path}. Find it with File > External Data > Find Missing Files."
    if strip.kind == "MOVIE" and (strip.rate <= 0 or strip.content_length < 1):
        return "Blender cannot read its file as video. Convert it to MP4."
    return None


def _matched(pictures: list[Strip], sounds: list[Strip]) -> dict[int, Strip]:
    """The sound of each picture, by the picture's place in the list."""
    shared = {}
    for index, picture in enumerate(pictures):
        for place, sound in enumerate(sounds):
            both = overlap(picture, sound)
            if both:
                shared[index, place] = both[1] - both[0]
    best_first = sorted(shared, key=lambda key: (-shared[key], key))
    matched: dict[int, Strip] = {}
    taken: set[int] = set()
    for index, place in best_first:
        if index not in matched and place not in taken:
            matched[index] = sounds[place]
            taken.add(place)
    for index, place in best_first:
        matched.setdefault(index, sounds[place])
    return matched
