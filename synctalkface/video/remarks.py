"""What the user should know about a clip before it is dubbed: what is changed on the way, kept, or lost."""

from __future__ import annotations

from pathlib import Path

from synctalkface import ffmpeg
from synctalkface.video.colour import BT2020, HLG, PQ
from synctalkface.video.frame import bit_depth, chroma_step
from synctalkface.video.probe import Video

_HDR = {PQ: "PQ", HLG: "HLG"}
_PROFILES = {"yuv420p10le": "High 10", "yuv422p10le": "High 4:2:2", "yuv444p10le": "High 4:4:4"}


def remarks(video: Video, name: str, speech: str | Path | None = None, keep_audio: bool = False) -> list[str]:
    """Sentences about `video`, which the user calls `name`; none for the usual clip of 8 bits and whole frames.

    `speech` is dubbed over it; with `keep_audio` its own sound is to be heard too. Raises MediaError if `speech` is no
    media file.
    """
    found = [_interlaced(video), _colours(video), _depth(video), chroma_lost(video), _transparent(video)]
    if keep_audio:
        found.append(_sounds(video))
    told = [f"{name} {sentence}" for sentence in found if sentence]
    return told if speech is None else told + _tracks(Path(speech))


def _tracks(speech: Path) -> list[str]:
    with ffmpeg.open_media(speech) as container:
        count = len(container.streams.audio)
    return [f"{speech.name} has {count} tracks of sound: the first is the speech."] if count > 1 else []


def _interlaced(video: Video) -> str | None:
    if not video.interlaced:
        return None
    return f"is interlaced: it is deinterlaced, and the result has {float(video.clock.rate):g} whole frames a second."


def _colours(video: Video) -> str | None:
    kind = _HDR.get(video.colour.transfer)
    if kind is None:
        if video.colour.primaries != BT2020:
            return None
        return "has the wide colours of BT.2020, and so has the result, with the same tags."
    told = f"is HDR ({kind}): the result keeps its colour tags, but not the mastering data that some files carry;"
    return f"{told} look at the mouth on an HDR screen, or convert the clip to SDR first."


def _depth(video: Video) -> str | None:
    stored, written = video.source_depth, bit_depth(video.pixel_format)
    if stored <= 8:
        return None
    if written < stored and written == 8:
        return (
            f"has {stored} bits a sample, of which the x264 of this PyAV writes 8: smooth areas may show bands. "
            "Install a PyAV whose x264 writes 10 bits to keep them."
        )
    kept = "as many as the result" if written == stored else f"the result {written}"
    return (
        f"has {stored} bits a sample, {kept}, as H.264 {_PROFILES[video.pixel_format]}, "
        "which some browsers and phones do not play: convert the clip to 8 bits first if it is for those."
    )


def chroma_lost(video: Video) -> str | None:
    """That the result of `video` has fewer samples of colour than it, if so."""
    written = chroma_step(video.pixel_format)
    if all(step <= stored for step, stored in zip(written, video.source_chroma, strict=True)):
        return None
    name = "4:2:0" if written == (2, 2) else "4:2:2"
    told = f"stores colour more finely ({video.source_format}) than the result ({name}): coloured edges may be softer."
    if video.source_depth > 8:
        return f"{told} Install a PyAV whose x264 writes 10 bits to keep them."
    return f"{told} Every player takes it so; to keep them, convert the clip to 10 bits (yuv422p10le) first."


def _transparent(video: Video) -> str | None:
    if not video.transparent:
        return None
    return "is transparent in places, which the result cannot be: what lay behind is lost. Lay the result over it anew."


def _sounds(video: Video) -> str | None:
    if not video.has_audio:
        return "has no sound of its own that could be kept: the new speech stands alone."
    return f"has {video.sounds} tracks of sound: the first is kept under the speech." if video.sounds > 1 else None
