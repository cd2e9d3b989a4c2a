"""The faces of a clip, found once and remembered: the same film is dubbed again and again until it is right.

What is kept lies in the user's cache (see synctalkface.cache) under a key made of the clip's content, the frames that
were asked for, the detector, and the code and networks that looked. It is tensors by name, never a pickle.
"""

from __future__ import annotations

import dataclasses
import functools
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load, save

from synctalkface.cache import Cache, content_hash, key_of
from synctalkface.events import Listener, Progress, ignore
from synctalkface.faces.detect import FaceDetector
from synctalkface.faces.mesh import FaceMesh
from synctalkface.faces.track import TRACKING_SIDE, FaceTrack
from synctalkface.person.follow import find_all
from synctalkface.video import Video

TRACKS = Cache("faces", 512 << 20)  # bytes: 25 to 50 kB a second of film and face
_EMPTY = "none"  # a clip without faces is remembered too


def find_all_remembered(
    clip: Video,
    detector: FaceDetector,
    mesh: FaceMesh,
    first: int = 0,
    stop: int | None = None,
    on_progress: Listener = ignore,
) -> list[FaceTrack]:
    """As `find_all`, which is asked only where the cache has nothing whole of these frames."""
    stop = len(clip.clock) if stop is None else min(stop, len(clip.clock))
    asked = f"{type(detector).__qualname__} {vars(detector).get('threshold')} {TRACKING_SIDE} {first} {stop}"
    key = key_of(content_hash(clip.path), asked, _looking(), np.__version__)
    kept = TRACKS.get(key)
    if kept is not None:
        try:
            tracks = unpacked(kept)
        except (SafetensorError, KeyError, ValueError, TypeError):
            pass  # of a version whose tracks were others: found anew
        else:
            on_progress(Progress("find faces", stop - first, stop - first, 0.0))
            return tracks
    tracks = find_all(clip, detector, mesh, first, stop, on_progress)
    TRACKS.put(key, packed(tracks))
    return tracks


def packed(tracks: list[FaceTrack]) -> bytes:
    """`tracks` as the bytes of a safetensors file."""
    tensors: dict[str, NDArray[Any]] = {_EMPTY: np.zeros(1, np.uint8)}
    for number, track in enumerate(tracks):
        for each in dataclasses.fields(track):
            value = getattr(track, each.name)
            if value is not None:
                array = np.array(value, np.int64) if isinstance(value, tuple) else value
                tensors[f"{number}.{each.name}"] = np.ascontiguousarray(array)
    return save(tensors)


def unpacked(data: bytes) -> list[FaceTrack]:
    """The inverse of `packed`. Raises one of SafetensorError, KeyError, ValueError, TypeError if `data` is none."""
    tensors = load(data)
    del tensors[_EMPTY]
    count = 1 + max((int(name.partition(".")[0]) for name in tensors), default=-1)
    fields: list[dict[str, Any]] = [{} for _ in range(count)]
    for name, array in tensors.items():
        number, _, field = name.partition(".")
        fields[int(number)][field] = tuple(map(int, array)) if field == "cuts" else array
    return [FaceTrack(**each) for each in fields]


@functools.cache
def _looking() -> str:
    """A mark of the code and the networks that find and follow faces: with others, others are found."""
    room = Path(str(files("synctalkface")))
    networks = [path for path in sorted((room / "assets" / "faces").iterdir()) if path.suffix == ".onnx"]
    return key_of(*(content_hash(path) for path in (*sorted((room / "faces").glob("*.py")), *networks)))
