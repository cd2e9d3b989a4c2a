"""The folder that an adaptation leaves: weights like any others, with a report beside them; whole or not at all."""

from __future__ import annotations

import json
import os
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from safetensors import safe_open
from torch import nn

from synctalkface import hub
from synctalkface.address.shapes import NAME as SHAPES
from synctalkface.cache import VARIABLE, cache_folder, content_hash, key_of
from synctalkface.config import Config
from synctalkface.errors import OutputError, WeightsError
from synctalkface.hub import sums, tensors

REPORT = "adapted.json"
MOST = 20  # adapted weights in the cache, 25 MB each in the preset base; those not used for longest go first
_FILES = (hub.CONFIG, hub.GENERATOR, hub.SYNCNET, SHAPES, REPORT, sums.SUMS)


@dataclass(frozen=True)
class Adapted:
    """What an adaptation came to. Scores are of the seconds held out, inside the mouth window."""

    folder: Path  # the weights, for LipSync.from_pretrained or --weights
    step: int  # of the weights that were kept; 0: those it began with, none were better
    steps: int  # that were run
    seconds: float  # of footage
    offsets: tuple[float, ...]  # of each clip: frames by which its sound came late, before it was put right
    l1_before: float
    l1_after: float
    psnr_before: float  # dB
    psnr_after: float
    lmd_before: float  # px of the crop: how far the lips are from the filmed ones
    lmd_after: float
    took: float  # seconds of work
    times: float = 1.0  # as far from rest as before that lips go
    cached: bool = False  # found in the cache: nothing was done

    @property
    def improved(self) -> bool:
        return self.step > 0 or self.times != 1

    def as_dict(self) -> dict[str, Any]:
        """The report as plain JSON data."""
        return {**asdict(self), "folder": str(self.folder), "offsets": list(self.offsets), "improved": self.improved}

    def summary(self) -> str:
        """The report as sentences for a person."""
        if self.cached:
            return f"{self.folder} holds weights that were adapted to this footage before."
        if not self.improved:
            return (
                f"{self.folder} holds the weights it began with: {self.steps} steps on {self.seconds:.1f} s of footage "
                "made them no better on the seconds held out."
            )
        wide = "" if self.times == 1 else f", lips that go {self.times:g} times as far"
        return (
            f"{self.folder}: adapted to {self.seconds:.1f} s of footage in {self.took:.0f} s ({self.step} steps{wide})."
            f" On the seconds held out the mouth's L1 went from {self.l1_before:.4f} to {self.l1_after:.4f}, its PSNR "
            f"from {self.psnr_before:.1f} to {self.psnr_after:.1f} dB, and the lips came from {self.lmd_before:.2f} to "
            f"{self.lmd_after:.2f} px of where they were filmed."
        )


def place(clips: list[Path], base: Path, *settings: str) -> Path:
    """The folder of the cache for what `settings` make of the weights in `base` and the contents of `clips`."""
    parts = [base / hub.CONFIG, *tensors.parts(base, hub.GENERATOR), *tensors.parts(base, hub.SYNCNET)]
    hashes = [content_hash(path) for path in (*clips, *parts)]
    return _room() / key_of(str(len(clips)), *hashes, *settings)


def find(folder: Path) -> Adapted | None:
    """What is kept in `folder`; None if nothing is, or if any file of it is damaged."""
    try:
        listed = sums.sealed(folder)
        sums.check(folder, [folder / name for name in listed])
        report = json.loads((folder / REPORT).read_text(encoding="utf-8"))
        report.pop("improved")
        found = Adapted(**{**report, "folder": folder, "offsets": tuple(report["offsets"]), "cached": True})
        if not {hub.CONFIG, hub.GENERATOR, REPORT} <= listed.keys():
            return None
        os.utime(folder)
    except (OSError, ValueError, TypeError, KeyError, AttributeError, WeightsError):
        return None
    return found


def require_free(folder: Path, overwrite: bool) -> None:
    """OutputError unless `folder` can be written and is free, or holds an earlier adaptation and `overwrite` is set."""
    if folder.is_file():
        raise OutputError(f"{folder} is a file. Name a folder for the weights.")
    if folder.is_dir() and any(folder.iterdir()):
        if not (folder / REPORT).is_file():
            raise OutputError(f"{folder} holds something else. Name a new folder.")
        if not overwrite:
            raise OutputError(f"{folder} holds adapted weights already. Pass --force to replace them.")
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".synctalkface-", dir=folder.parent):
            pass  # before the work, not after it
    except OSError as error:
        raise _unwritable(folder, error) from None


def keep(model: nn.Module, config: Config, base: Path, report: Adapted) -> Adapted:
    """Write `model`, as finely as the one in `base` is stored, and all that lies beside that one, to report.folder."""
    folder = report.folder
    try:
        with tempfile.TemporaryDirectory(prefix=".synctalkface-", dir=folder.parent) as made:
            new = Path(made) / "weights"
            new.mkdir()
            hub.save_module(model, config, new, hub.GENERATOR, half=_is_half(base))
            if hub.holds(base, hub.SYNCNET):
                hub.copy_module(base, new, hub.SYNCNET)
            if (base / SHAPES).is_file():
                (new / SHAPES).write_bytes((base / SHAPES).read_bytes())
            (new / REPORT).write_text(json.dumps(report.as_dict(), indent=1) + "\n", encoding="utf-8")
            sums.seal(new, [path.name for path in new.iterdir()])
            _put(new, folder)
    except OSError as error:
        raise _unwritable(folder, error) from None
    return report


def tidy() -> None:
    """Take the adapted weights that were not used for longest out of the cache, beyond MOST."""
    found = sorted((f for f in _room().glob("*") if f.is_dir()), key=lambda f: f.stat().st_mtime, reverse=True)
    for folder in found[MOST:]:
        for path in folder.iterdir():
            path.unlink()
        folder.rmdir()


def _room() -> Path:
    return cache_folder() / "adapted"


def _put(new: Path, folder: Path) -> None:
    """Move the folder `new` to `folder`; into it, if it is there."""
    if not folder.exists():
        new.rename(folder)
        return
    sums.unseal(folder)  # from here to the last file its hashes would not be true
    for stale in {name for name in _FILES if (folder / name).is_file()} - {path.name for path in new.iterdir()}:
        (folder / stale).unlink()
    for path in sorted(new.iterdir(), key=lambda path: path.name == sums.SUMS):  # the hashes last
        os.replace(path, folder / path.name)


def _is_half(base: Path) -> bool:
    """Whether the generator in `base` is stored in 16 bits."""
    shard = next(path for path in tensors.parts(base, hub.GENERATOR) if path.suffix == ".safetensors")
    with safe_open(shard, framework="pt") as file:
        kinds = {file.get_slice(key).get_dtype() for key in file.keys()}  # noqa: SIM118 (not a mapping)
    return "F32" not in kinds


def _unwritable(folder: Path, error: OSError) -> OutputError:
    advice = f"Set {VARIABLE} to a folder that can be" if _room() in folder.parents else "Choose a folder that can be"
    return OutputError(f"{folder} cannot be written ({error.strerror}). {advice} written.")
