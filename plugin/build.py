"""Makes both zips of the add-on from one source: extension (Blender 4.2 and newer), legacy add-on (3.4 and newer).

python plugin/build.py dist
"""

from __future__ import annotations

import re
import sys
import zipfile
from pathlib import Path

HERE = Path(__file__).parent
LEGACY_FOLDER = "synctalkface_blender"  # not "synctalkface": that is the library's name
MANIFEST = "blender_manifest.toml"
_LEFT_OUT = {"build.py"}
_STAMP = (2026, 1, 1, 0, 0, 0)  # the same source gives the same zip


def sources() -> list[Path]:
    """The files of the add-on, without what is only for one of the zips."""
    found = [path for path in sorted(HERE.rglob("*.py")) if path.name not in _LEFT_OUT]
    return [*found, HERE.parent / "LICENSE"]


def version() -> str:
    """As the manifest says. Raises ValueError if bl_info says another."""
    [said] = re.findall(r'^version = "(.+)"$', (HERE / MANIFEST).read_text(encoding="utf-8"), re.MULTILINE)
    numbers = ", ".join(said.split("."))
    if f'"version": ({numbers})' not in (HERE / "__init__.py").read_text(encoding="utf-8"):
        raise ValueError(f"bl_info in plugin/__init__.py does not say version ({numbers}) as {MANIFEST} does")
    return said


def build(target: Path) -> list[Path]:
    """Write both zips into the folder `target`; their paths, the extension's first."""
    target.mkdir(parents=True, exist_ok=True)
    extension = target / f"synctalkface-blender-extension-{version()}.zip"
    legacy = target / f"synctalkface-blender-legacy-{version()}.zip"
    _write(extension, "", [*sources(), HERE / MANIFEST])
    _write(legacy, f"{LEGACY_FOLDER}/", sources())
    return [extension, legacy]


def _write(path: Path, folder: str, files: list[Path]) -> None:
    part = path.with_suffix(".part")
    with zipfile.ZipFile(part, "w") as archive:
        for file in files:
            name = file.name if file.parent == HERE.parent else file.relative_to(HERE).as_posix()
            entry = zipfile.ZipInfo(folder + name, _STAMP)
            entry.compress_type, entry.external_attr = zipfile.ZIP_DEFLATED, 0o644 << 16
            archive.writestr(entry, file.read_bytes())
    part.replace(path)


if __name__ == "__main__":
    for made in build(Path(sys.argv[1] if len(sys.argv) > 1 else "dist")):
        sys.stdout.write(f"{made}\n")
