"""Clips as frames: probe one, stream its frames in any order, read and change a box of a frame, write a new clip."""

from __future__ import annotations

from synctalkface.video.colour import Colour
from synctalkface.video.frame import Box, Frame, PixelFormat
from synctalkface.video.probe import Video, probe
from synctalkface.video.read import read_frames, read_sequence, read_small, small_size
from synctalkface.video.write import VideoWriter, check_output

__all__ = [
    "Box",
    "Colour",
    "Frame",
    "PixelFormat",
    "Video",
    "VideoWriter",
    "check_output",
    "probe",
    "read_frames",
    "read_sequence",
    "read_small",
    "small_size",
]
