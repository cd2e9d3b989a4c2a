"""Address tracks on the disk: JSON for programs, CSV for a spreadsheet. What is read is exactly what was written.

JSON: {"format": 1, "slots": 96, "keys": [KEY, ...]}, and each KEY has a "time" in seconds, at will a "share" (default
1), and one of
    "weights": [96 numbers], "slots": {"12": 0.7, "40": 0.3}, "shape": "closed", "shapes": {"wide": 0.5, "open": 0.5}.
CSV: a header `time,share,shape,0,1,...,95`; share and shape may be missing; a row has a shape or the 96 weights.
"""

from __future__ import annotations

import csv
import difflib
import io
import json
import os
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from synctalkface.address.track import AddressTrack, Shapes
from synctalkface.errors import ConfigError, OutputError

FORMAT = 1


def write_track(track: AddressTrack, path: str | Path) -> Path:
    """Write `track` to `path`, as CSV if it ends in .csv, else as JSON; whole or not at all. Raises OutputError."""
    path = Path(path)
    text = _to_csv(track) if path.suffix.lower() == ".csv" else _to_json(track)
    part = path.with_name(path.name + ".part")
    try:
        part.write_text(text, encoding="utf-8", newline="")
        os.replace(part, path)
    except OSError as error:
        raise OutputError(f"{path} cannot be written ({error.strerror}). Choose another file.") from None
    return path


def read_track(path: str | Path, slots: int, shapes: Shapes) -> AddressTrack:
    """The track in `path`, for a memory of `slots` slots whose named `shapes` its keys may use. Raises ConfigError."""
    path = Path(path)
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError):
        raise ConfigError(f"There is no address track {path} that can be read. Check the spelling.") from None
    try:
        keys = _csv_keys(text) if path.suffix.lower() == ".csv" else _json_keys(text)
        rows = sorted(((_number(key.get("time"), "a time"), key) for key in keys), key=lambda row: row[0])
    except (ValueError, KeyError, TypeError) as error:
        raise ConfigError(f"{path} is no address track ({error}). See the documentation of `dub --address`.") from None
    if not rows:
        raise ConfigError(f"{path} holds no key. Add at least one moment with a shape.")
    weights = [_address(key, f"{path} at {time:g} s", slots, shapes) for time, key in rows]
    shares = [_share(key, f"{path} at {time:g} s") for time, key in rows]
    times = np.array([time for time, _ in rows], dtype=np.float64)
    return AddressTrack(times, np.stack(weights), np.array(shares, dtype=np.float32))


def _address(key: dict[str, Any], where: str, slots: int, shapes: Shapes) -> NDArray[np.float32]:
    """The address (S,) that one key means."""
    given = [name for name in ("weights", "slots", "shape", "shapes") if name in key]
    if len(given) != 1:
        raise ConfigError(f"{where}: give the key one of weights, slots, shape or shapes, not {given or 'nothing'}.")
    value = key[given[0]]
    try:
        if given[0] == "weights":
            row = np.array([_number(weight, "a weight") for weight in value], dtype=np.float32)
        elif given[0] == "slots":
            row = np.zeros(slots, np.float32)
            for slot, weight in value.items():
                row[int(slot)] = _number(weight, "a weight")
            row /= row.sum()
        else:
            parts = {value: 1.0} if given[0] == "shape" else value
            mixed = [_number(weight, "a weight") * _shape(name, where, shapes) for name, weight in parts.items()]
            row = np.sum(mixed, axis=0, dtype=np.float32)
            row = row if len(parts) == 1 else row / row.sum()
    except (ValueError, TypeError, AttributeError, IndexError) as error:
        raise ConfigError(f"{where}: '{given[0]}' cannot be read ({error}). Correct the key.") from None
    if row.shape != (slots,):
        raise ConfigError(
            f"{where}: the key has {row.size} weights, the memory {slots} slots. Use this model's tracks."
        )
    return np.asarray(row, dtype=np.float32)


def _shape(name: str, where: str, shapes: Shapes) -> NDArray[np.float32]:
    if name in shapes:
        return shapes[name]
    if not shapes:
        raise ConfigError(
            f"{where}: these weights name no shapes. Run `synctalkface atlas --name-shapes` on them once."
        )
    near = difflib.get_close_matches(str(name), list(shapes), 1, 0.5)
    hint = f"Did you mean '{near[0]}'?" if near else f"There are: {', '.join(shapes)}."
    raise ConfigError(f"{where}: there is no shape '{name}'. {hint}")


def _share(key: dict[str, Any], where: str) -> float:
    try:
        return _number(key.get("share", 1.0), "a share")
    except (ValueError, TypeError) as error:
        raise ConfigError(f"{where}: {error}.") from None


def _number(value: Any, what: str) -> float:
    if isinstance(value, bool) or value is None:
        raise ValueError(f"{what} is missing or no number")
    return float(value)


def _exact(value: np.float32) -> float:
    """The shortest decimal that reads back as the same 32-bit number, as a float that json writes that way."""
    return float(str(value))


def _to_json(track: AddressTrack) -> str:
    lines = [
        json.dumps({"time": float(time), "share": _exact(share), "weights": [_exact(weight) for weight in row]})
        for time, share, row in zip(track.times, track.shares, track.weights, strict=True)
    ]
    body = ",\n".join(lines)
    return f'{{"format": {FORMAT}, "slots": {track.slots}, "keys": [\n{body}\n]}}\n'


def _json_keys(text: str) -> list[dict[str, Any]]:
    data = json.loads(text)
    if not isinstance(data, dict) or data.get("format") != FORMAT:
        raise ValueError(f'it lacks "format": {FORMAT}')
    keys = data["keys"]
    if not isinstance(keys, list) or not all(isinstance(key, dict) for key in keys):
        raise ValueError('"keys" is no list of keys')
    return keys


def _to_csv(track: AddressTrack) -> str:
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(["time", "share", *range(track.slots)])
    for time, share, row in zip(track.times, track.shares, track.weights, strict=True):
        writer.writerow([repr(float(time)), str(share), *(str(weight) for weight in row)])
    return text.getvalue()


def _csv_keys(text: str) -> list[dict[str, Any]]:
    keys: list[dict[str, Any]] = []
    for row in csv.DictReader(io.StringIO(text)):
        key: dict[str, Any] = {"time": row["time"]}
        if row.get("share"):
            key["share"] = row["share"]
        if row.get("shape"):
            key["shape"] = row["shape"].strip()
        else:
            columns = sorted((name for name in row if name is not None and name.strip().isdigit()), key=int)
            key["weights"] = [row[name] for name in columns]
        keys.append(key)
    return keys
