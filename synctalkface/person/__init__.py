"""One filmed person: where the face lies in each frame of a clip, and how its mouth is drawn for what is heard."""

from __future__ import annotations

from synctalkface.person.cast import Cast, Person, introduce, with_speaker
from synctalkface.person.cutout import cut_out
from synctalkface.person.follow import Followed, Place, find_all, follow, take
from synctalkface.person.hearing import Hearing, of_frames, silent
from synctalkface.person.mouth import Mouth, Still, stills
from synctalkface.person.portrait import Portrait
from synctalkface.person.usable import Why

__all__ = [
    "Cast",
    "Followed",
    "Hearing",
    "Mouth",
    "Person",
    "Place",
    "Portrait",
    "Still",
    "Why",
    "cut_out",
    "find_all",
    "follow",
    "introduce",
    "of_frames",
    "silent",
    "stills",
    "take",
    "with_speaker",
]
