"""Clips as frames: probe one, stream its frames in any order, read and change a box of a frame, write a new clip."""

from __future__ import annotations

from synctalkface.video.bed import sound_of_result
from synctalkface.video.colour import Colour
from synctalkface.video.encode import Pictures
from synctalkface.video.encoder import check_preset
from synctalkface.video.frame import Box, Frame, PixelFormat
from synctalkface.video.probe import Video, probe
from synctalkface.video.read import read_frames
from synctalkface.video.remarks import remarks
from synctalkface.video.sequence import read_sequence
from synctalkface.video.small import Glances
from synctalkface.video.sound import write_sound
from synctalkface.video.write import VideoWriter, check_output

__all__ = [
    "Box",
    "Colour",
    "Frame",
    "Glances",
    "Pictures",
    "PixelFormat",
    "Video",
    "VideoWriter",
    "check_output",
    "check_preset",
    "probe",
    "read_frames",
    "read_sequence",
    "remarks",
    "sound_of_result",
    "write_sound",
]
