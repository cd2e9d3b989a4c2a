"""The atlas of a memory as a folder: report.html with its plates as PNG, and the numbers as atlas.json."""

from __future__ import annotations

import html
import json
import os
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from synctalkface import hub
from synctalkface.address import Shapes, save_shapes
from synctalkface.config import Config
from synctalkface.data import manifest
from synctalkface.data.corpora import Split
from synctalkface.device import find_device
from synctalkface.errors import OutputError
from synctalkface.evaluation import plates
from synctalkface.evaluation.atlas import Heard, Information, by_label, gather, information, spoken_only
from synctalkface.evaluation.drawing import Picture, write_png
from synctalkface.evaluation.naming import SHAPES, name_shapes
from synctalkface.evaluation.phonemes import Phone
from synctalkface.evaluation.sitter import Sitter
from synctalkface.evaluation.take import each, takes
from synctalkface.evaluation.words import SILENCES, Spoken
from synctalkface.events import Listener, Progress, ignore
from synctalkface.models.generator import SyncTalkFace, for_use

WORDS = 4  # words shown over time
FRAMES = 5  # shorter words show nothing

METHOD = (
    "Each frame of the clips reads the memory at an address, one weight a slot, that its sound asks for. Words and "
    "their times come from the corpus, phonemes from the CMU pronouncing dictionary. Within a word the phonemes are "
    "aligned by segmental k-means: equal parts first, then four times the mean spectrum of each phoneme over all clips "
    "and a new division of each word whose steps lie nearest to the means of its phonemes. The information between "
    "slot and phoneme is compared with that of the same phoneme labels dealt anew to the same segments."
)


@dataclass(frozen=True)
class Atlas:
    """What the atlas says in numbers, and where it lies."""

    report: Path
    clips: int
    frames: int
    slots: int
    in_use: float  # slots, by the perplexity of the mean address
    phonemes: Information
    phonemes_spoken: Information  # without silence
    classes_spoken: Information
    shapes: dict[str, int]  # named shape -> its slot

    def as_dict(self) -> dict[str, Any]:
        """The atlas as plain JSON data."""
        return {**asdict(self), "report": str(self.report)}

    def sentences(self) -> list[str]:
        """What was found, for a person."""
        return [
            f"{self.frames} frames of {self.clips} clips; {self.in_use:.1f} of {self.slots} slots are in use.",
            self.phonemes.sentence("phoneme, silence included,"),
            self.phonemes_spoken.sentence("phoneme, without silence,"),
            self.classes_spoken.sentence("class of mouth, without silence,"),
        ]


class Plate(NamedTuple):
    """One picture of the report."""

    name: str  # of its file
    title: str
    explanation: str
    picture: Picture


def make_atlas(
    data: Path,
    word_times: Path,
    face: Path,
    out: Path,
    weights: str | Path | None = None,
    split: Split = "validation",
    *,
    limit: int | None = None,
    keep_shapes: bool = False,
    device: str = "auto",
    listener: Listener = ignore,
) -> Atlas:
    """Write the atlas of the memory in `weights` into the folder `out`.

    The clips are those of `split` in the prepared folder `data` whose words `word_times` tells (see evaluation.words);
    `face` is a video or picture whose mouth is drawn. `keep_shapes` also writes the named shapes beside the weights,
    for address tracks. Raises DataError, WeightsError, ConfigError, MediaError, NoFaceError or OutputError.
    """
    folder = hub.resolve(weights)
    config = hub.load_config(folder)
    model = for_use(hub.load_generator(folder)).to(find_device(device))
    entries = takes(data, split, config, limit)
    heard, phones, times = gather(model, config, data, entries, word_times, listener)
    sitter = Sitter(model, config, face)
    pictures = []
    for slot in range(config.memory.slots):
        pictures.append(sitter.draw_slot(slot))
        listener(Progress("draw the slots", slot + 1, config.memory.slots))
    lips = np.stack([sitter.lips(picture) for picture in pictures])
    usage = heard.addresses.mean(0, dtype=np.float64)
    names, means = by_label(heard.addresses, heard.classes)
    asked = {name: mean / np.maximum(usage, 1e-9) for name, mean in zip(names, means, strict=True)}
    shapes = name_shapes(lips, usage, {name: asked.get(name, np.ones_like(usage)) for name in SHAPES})
    atlas = _numbers(heard, shapes, out / "report.html")
    found = _plates(heard, sitter, shapes, pictures)
    found[-1:-1] = _words(model, config, data, [e for e in entries if e.identifier in phones], phones, times)
    _write(atlas, found, out)
    if keep_shapes:
        save_shapes(shapes, folder)
    return atlas


def _numbers(heard: Heard, shapes: Shapes, report: Path) -> Atlas:
    usage = heard.addresses.mean(0, dtype=np.float64)
    spoken = spoken_only(heard)
    return Atlas(
        report=report,
        clips=heard.clips,
        frames=len(heard.addresses),
        slots=len(usage),
        in_use=float(np.exp(-(usage * np.log(usage + 1e-30)).sum())),
        phonemes=information(heard.addresses, heard.phonemes, heard.segments),
        phonemes_spoken=information(spoken.addresses, spoken.phonemes, spoken.segments),
        classes_spoken=information(spoken.addresses, spoken.classes, spoken.segments),
        shapes={name: int(address.argmax()) for name, address in shapes.items()},
    )


def _plates(heard: Heard, sitter: Sitter, shapes: Shapes, pictures: list[Picture]) -> list[Plate]:
    return [
        Plate(
            "shapes",
            "Named shapes",
            "Silence, and one slot alone each; these names can be used in address tracks.",
            plates.shape_sheet(sitter, shapes),
        ),
        Plate(
            "strips",
            "Between shapes",
            "Equal steps of the address from one shape to another.",
            plates.strips(sitter, shapes),
        ),
        Plate(
            "classes",
            "What the eye can tell apart",
            "The face with the mean address of each class of phonemes.",
            plates.class_sheet(sitter, heard),
        ),
        Plate(
            "class-map",
            "Classes and slots",
            "The mean address of each class of mouth; bright is much.",
            plates.class_map(heard),
        ),
        Plate(
            "phoneme-map",
            "Phonemes and slots",
            "The mean address of each phoneme; slots of one phoneme stand side by side.",
            plates.phoneme_map(heard),
        ),
        Plate(
            "slots",
            "Every slot alone",
            "In silence, the most used first, with the phonemes that ask for it most.",
            plates.slot_sheet(pictures, heard),
        ),
    ]


def _words(
    model: SyncTalkFace,
    config: Config,
    data: Path,
    entries: list[manifest.Entry],
    phones: dict[str, list[Phone]],
    times: dict[str, list[Spoken]],
) -> Iterator[Plate]:
    """A word of each of the first clips, another one each time."""
    done: set[str] = set()
    for take in each(data, entries, config):
        if len(done) == WORDS:
            return
        for spoken in times[take.name]:
            long = (spoken.end - spoken.start) * take.clip.frame_rate >= FRAMES
            if long and spoken.word not in SILENCES | done:
                done.add(spoken.word)
                title = f"“{spoken.word}” over time"
                explanation = (
                    f"{take.name}, {spoken.start:.2f} to {spoken.end:.2f} s, and the slots that its sound asks for."
                )
                picture = plates.word_over_time(model, take, spoken, phones[take.name])
                yield Plate(f"word-{spoken.word}", title, explanation, picture)
                break


def _write(atlas: Atlas, found: list[Plate], out: Path) -> None:
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"The folder {out} cannot be made ({error.strerror}). Choose another one.") from None
    for plate in found:
        write_png(plate.picture, out / f"{plate.name}.png")
    for name, text in (
        ("atlas.json", json.dumps(atlas.as_dict(), indent=1) + "\n"),
        ("report.html", page(atlas, found)),
    ):
        part = out / (name + ".part")
        part.write_text(text, encoding="utf-8")
        os.replace(part, out / name)


def page(atlas: Atlas, found: list[Plate]) -> str:
    """The report as HTML that needs nothing but the pictures beside it."""
    findings = "".join(f"<li>{html.escape(sentence)}</li>\n" for sentence in atlas.sentences())
    sections = "".join(
        f"<h2>{html.escape(plate.title)}</h2>\n<p>{html.escape(plate.explanation)}</p>\n"
        f'<img src="{html.escape(plate.name)}.png" alt="{html.escape(plate.title)}" '
        f'width="{plate.picture.shape[1]}" height="{plate.picture.shape[0]}">\n'
        for plate in found
    )
    return (
        '<!doctype html>\n<html lang="en">\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n<title>Atlas of the memory</title>\n'
        "<style>body{font:16px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:84rem;padding:0 1rem}"
        "img{max-width:100%;height:auto;image-rendering:auto}</style>\n"
        f"<h1>Atlas of the memory</h1>\n<ul>\n{findings}</ul>\n<p>{html.escape(METHOD)}</p>\n{sections}</html>\n"
    )
