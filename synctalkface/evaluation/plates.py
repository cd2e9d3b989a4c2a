"""The plates of the atlas: slots on a face, strips between shapes, maps of slots and phonemes, a word over time.

S slots, F frames of a word, L labels.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from synctalkface.address import Shapes
from synctalkface.data.redraw import redraw
from synctalkface.evaluation.atlas import Heard, by_label, lift
from synctalkface.evaluation.drawing import Picture, below, heat_map, sheet, text
from synctalkface.evaluation.phonemes import CLASSES, Phone, label_frames
from synctalkface.evaluation.sitter import Sitter
from synctalkface.evaluation.take import Take
from synctalkface.evaluation.words import Spoken
from synctalkface.models.generator import SyncTalkFace

STEPS = 7  # pictures of a strip
STRIPS = (("closed", "open"), ("closed", "wide"), ("closed", "round"), ("round", "wide"))
TOP = 8  # slots shown over time
_ORDER = [phoneme for phonemes in CLASSES.values() for phoneme in phonemes]


def slot_order(heard: Heard) -> NDArray[np.int64]:
    """The slots (S,), those of one phoneme side by side, in the order of the classes of mouths."""
    _, means = _sorted(*by_label(heard.addresses, heard.phonemes))
    times = means / np.maximum(heard.addresses.mean(0, dtype=np.float64), 1e-9)
    return np.lexsort((-times.max(0), times.argmax(0)))


def phoneme_map(heard: Heard) -> Picture:
    """The mean address of each phoneme: rows are phonemes by class of mouth, columns are slots in `slot_order`."""
    names, means = _sorted(*by_label(heard.addresses, heard.phonemes))
    order = slot_order(heard)
    return heat_map(means[:, order], names, [str(slot) for slot in order])


def class_map(heard: Heard) -> Picture:
    """The mean address of each class of mouth, columns as in `phoneme_map`."""
    names, means = by_label(heard.addresses, heard.classes)
    order = slot_order(heard)
    return heat_map(means[:, order], names, [str(slot) for slot in order])


def slot_sheet(pictures: list[Picture], heard: Heard) -> Picture:
    """One picture a slot, with the phonemes that ask for it most, in the order of how much it is used."""
    overall = heard.addresses.mean(0, dtype=np.float64)
    names, means = by_label(heard.addresses, heard.phonemes)
    asked = lift(names, means, overall)
    order = np.argsort(-overall)
    captions = [f"{slot}: {' '.join(name for name, _ in asked[slot])} {100 * overall[slot]:.1f}%" for slot in order]
    return sheet([pictures[slot] for slot in order], captions, 8)


def class_sheet(sitter: Sitter, heard: Heard) -> Picture:
    """The face as filmed, and with the mean address of each class of mouth."""
    names, means = by_label(heard.addresses, heard.classes)
    pictures = [sitter.filmed, *(sitter.draw(_unit(mean)) for mean in means)]
    return sheet(pictures, ["filmed", *names], len(pictures))


def shape_sheet(sitter: Sitter, shapes: Shapes) -> Picture:
    """The face as filmed, in silence, and with each named shape."""
    pictures = [sitter.filmed, sitter.draw(sitter.rest()), *(sitter.draw(address) for address in shapes.values())]
    captions = [f"{name} (slot {int(address.argmax())})" for name, address in shapes.items()]
    return sheet(pictures, ["filmed", "silence", *captions], len(pictures))


def strips(sitter: Sitter, shapes: Shapes) -> Picture:
    """From one named shape to another in equal steps of the address; a memory of few slots has not all of them."""
    rows = [sheet([sitter.filmed], ["filmed"], STEPS)]
    for one, other in STRIPS:
        if not {one, other} <= shapes.keys():
            continue
        shares = np.linspace(0, 1, STEPS)
        pictures = [sitter.draw(_unit((1 - share) * shapes[one] + share * shapes[other])) for share in shares]
        captions = [f"{one} {100 * (1 - share):.0f}%" for share in shares[:-1]] + [other]
        rows.append(sheet(pictures, captions, STEPS))
    return below(*rows)


def word_over_time(
    model: SyncTalkFace, take: Take, spoken: Spoken, phones: Sequence[Phone], around: float = 0.05
) -> Picture:
    """Filmed and drawn mouths of a word above the slots that are read, frame by frame."""
    drawn = redraw(model, take.clips, take.clip)
    assert drawn.address is not None  # noqa: S101 (the atlas is made of models with a memory)
    centres = take.clip.centres
    shown = np.flatnonzero((centres >= spoken.start - around) & (centres <= spoken.end + around))
    names, _ = label_frames(phones, centres[shown])
    filmed = take.filmed[shown][:, take.size // 2 :]
    redrawn = take.inner(take.with_mouths(drawn.picture))[shown][:, take.size // 2 :]
    address = drawn.address.numpy()[shown]  # (F, S)
    top = np.argsort(-address.max(0))[:TOP]
    width = filmed.shape[2]
    cells = heat_map(address[:, top].T.astype(np.float64), [f"slot {slot}" for slot in top], [" "] * len(shown), 16)
    left = cells.shape[1] - 16 * len(shown)
    body = np.repeat(cells[-16 * TOP :, left:], width // 16, axis=1)[:, : width * len(shown)]
    labels = np.concatenate([text(name or "", width) for name in names], axis=1)
    columns = below(np.concatenate(list(filmed), 1), np.concatenate(list(redrawn), 1), labels, body)
    margin = below(*_captions(left, filmed.shape[1]), text("phoneme", left), cells[-16 * TOP :, :left])
    return np.concatenate([margin, columns], axis=1)


def _captions(width: int, height: int) -> list[Picture]:
    return [text(word, width, height) for word in ("filmed", "drawn")]


def _sorted(names: list[str], means: NDArray[np.float64]) -> tuple[list[str], NDArray[np.float64]]:
    order = sorted(range(len(names)), key=lambda i: (_ORDER.index(names[i]) if names[i] in _ORDER else 99, names[i]))
    return [names[i] for i in order], means[order]


def _unit(address: NDArray[np.floating]) -> NDArray[np.float32]:
    return np.asarray(address / address.sum(), dtype=np.float32)
