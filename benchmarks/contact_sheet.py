"""Every n-th frame of a clip over the same frame of its dub, as one picture to look at.

    python benchmarks/contact_sheet.py source.mp4 dubbed.mp4 sheet.png [--every 10] [--face]

--face shows the aligned face crop instead of the whole frame.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from synctalkface.clock import fit_picture
from synctalkface.faces.crop import align, cut
from synctalkface.faces.track import TRACKING_SIDE, choose, track_faces, tracking_scale
from synctalkface.video import Frame, Glances, Video, probe, read_frames, read_sequence

COLUMNS = 9  # frames in a row


def main() -> None:
    """Read the two clips and write the picture."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("source", type=Path)
    parser.add_argument("dubbed", type=Path)
    parser.add_argument("sheet", type=Path)
    parser.add_argument("--every", type=int, default=10)
    parser.add_argument("--size", type=int, default=200, help="height of one picture in px")
    parser.add_argument("--face", action="store_true")
    wanted = parser.parse_args()
    source, dubbed = probe(wanted.source), probe(wanted.dubbed)
    timeline = fit_picture(source.clock, dubbed.clock.duration - 1e-3, "bounce")
    matrices = _matrices(source) if wanted.face else None
    tiles = []
    pairs = zip(timeline.source, read_sequence(source, timeline.source), read_frames(dubbed), strict=False)
    for index, before, after in islice(pairs, 0, None, wanted.every):
        matrix = None if matrices is None else matrices[index]
        tiles.append(np.concatenate([_tile(frame, matrix, wanted.size) for frame in (before, after)]))
    rows = list(_rows(tiles))
    cv2.imwrite(str(wanted.sheet), cv2.cvtColor(np.concatenate(rows), cv2.COLOR_RGB2BGR))


def _matrices(source: Video) -> NDArray[np.float64]:
    scale = tracking_scale(source.width, source.height)
    track = choose(track_faces(Glances(source, TRACKING_SIDE), scale))
    if track is None:
        raise SystemExit(f"No face in {source.path}.")
    return align(track)


def _tile(frame: Frame, matrix: NDArray[np.float64] | None, size: int) -> NDArray[np.uint8]:
    rgb = frame.rgb()
    if matrix is None:
        width = round(frame.width * size / frame.height)
        return np.asarray(cv2.resize(rgb, (width, size), interpolation=cv2.INTER_AREA))
    return np.zeros((size, size, 3), np.uint8) if np.isnan(matrix).any() else cut(rgb, (0, 0), matrix, size)


def _rows(tiles: list[NDArray[np.uint8]]) -> Iterator[NDArray[np.uint8]]:
    for begin in range(0, len(tiles), COLUMNS):
        row = tiles[begin : begin + COLUMNS]
        row += [np.zeros_like(row[0])] * (COLUMNS - len(row) if begin else 0)
        yield np.concatenate(row, axis=1)


if __name__ == "__main__":
    main()
