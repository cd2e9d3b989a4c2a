"""A photograph is a clip of one frame: upright, of a size that players take, with its own colours."""

from __future__ import annotations

import gc
import struct
import zlib
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from synctalkface.errors import MediaError
from synctalkface.video import probe, read_frames
from synctalkface.video.still import is_picture

Picture = NDArray[np.uint8]


@pytest.fixture
def picture() -> Picture:
    """Smooth colours, 96 x 64 px: red grows to the right, green downwards."""
    y, x = np.mgrid[0:64, 0:96]
    return np.stack([x * 2 + 20, y * 3 + 20, np.full_like(x, 90)], axis=-1).astype(np.uint8)


@pytest.fixture
def save(tmp_path: Path, picture: Picture) -> Callable[..., Path]:
    def write(name: str, pixels: Picture = picture) -> Path:
        path = tmp_path / name
        assert cv2.imwrite(str(path), pixels[..., ::-1])
        return path

    return write


def shown(path: Path) -> Picture:
    return next(read_frames(probe(path))).rgb()


@pytest.mark.parametrize("name", ["face.png", "face.bmp", "FACE.JPG", "face%03d.webp", "-f.png", "it's a face.jpeg"])
def test_every_kind_and_name_keeps_its_colours(save: Callable[..., Path], picture: Picture, name: str) -> None:
    path = save(name)
    assert is_picture(path)
    assert np.abs(shown(path).astype(int) - picture).mean() < 3


def test_it_is_one_frame_of_25_a_second(save: Callable[..., Path]) -> None:
    video = probe(save("face.png"))
    assert (len(video.clock), video.clock.rate, video.has_audio) == (1, 25, False)
    assert (video.colour.space, video.colour.primaries, video.colour.transfer) == (1, 1, 1), "BT.709, all of it"


@pytest.mark.parametrize(("given", "made"), [((65, 97), (64, 96)), ((3000, 2000), (1920, 1280)), ((64, 64), (64, 64))])
def test_sizes_are_even_and_at_most_1920(
    save: Callable[..., Path], given: tuple[int, int], made: tuple[int, int]
) -> None:
    video = probe(save("face.png", np.zeros((*given, 3), np.uint8)))
    assert (video.height, video.width) == made


def test_a_photograph_taken_on_its_side_is_turned_upright(save: Callable[..., Path], picture: Picture) -> None:
    path = save("face.jpg")
    data = path.read_bytes()
    tags = struct.pack(">2sHIHHHIHHI", b"MM", 42, 8, 1, 0x0112, 3, 1, 6, 0, 0)  # orientation 6: turn it clockwise
    exif = b"Exif\0\0" + tags
    path.write_bytes(data[:2] + b"\xff\xe1" + struct.pack(">H", len(exif) + 2) + exif + data[2:])
    turned = shown(path)
    assert turned.shape == (96, 64, 3)
    assert np.abs(turned.astype(int) - np.rot90(picture, -1)).mean() < 4


def test_the_clip_is_deleted_with_the_video(save: Callable[..., Path]) -> None:
    video = probe(save("face.png"))
    clip = video.path
    assert clip.exists()
    del video
    gc.collect()
    assert not clip.parent.exists()


def test_what_is_no_picture_says_so(tmp_path: Path) -> None:
    path = tmp_path / "face.png"
    path.write_text("#EXTM3U\nfile:///etc/passwd\n")
    with pytest.raises(MediaError, match=r"face\.png is not a picture that can be read.*PNG or JPEG"):
        probe(path)


def test_a_picture_that_unpacks_to_gigabytes_is_refused(tmp_path: Path) -> None:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    size = struct.pack(">IIBBBBB", 30_000, 30_000, 8, 2, 0, 0, 0)
    rows = zlib.compress(bytes(90_001 * 50))
    path = tmp_path / "bomb.png"
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", size) + chunk(b"IDAT", rows) + chunk(b"IEND", b""))
    with pytest.raises(MediaError, match="larger than 100 megapixels"):
        probe(path)
