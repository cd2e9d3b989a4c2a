"""The mouth by hand: which memory slots it shows at which moment, kept as a track that can be written and edited."""

from __future__ import annotations

from synctalkface.address.files import read_track, write_track
from synctalkface.address.shapes import load_shapes, save_shapes
from synctalkface.address.track import AddressTrack, Shapes

__all__ = ["AddressTrack", "Shapes", "load_shapes", "read_track", "save_shapes", "write_track"]
