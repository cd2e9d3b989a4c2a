"""The rules of the page: what it takes, how long it keeps it, and the sentences that say so."""

from __future__ import annotations

from synctalkface import Limits

SECONDS = 60
SIDE = 1920
FRAME_RATE = 60
MEGABYTES = 64
KEPT_MINUTES = 30
QUEUE = 24

LIMITS = Limits(seconds=SECONDS, side=SIDE, frame_rate=FRAME_RATE)

INTRODUCTION = """# SyncTalkFace
Give a video or a picture of a face and any speech; get the face back with a mouth that says it.
"""
CONSENT = "The person shown has agreed to be dubbed, or is me."
NO_CONSENT = "Confirm first that the person shown has agreed to be dubbed."
NO_FACE_GIVEN = "Give a video or a picture with the face first."
NO_SPEECH_GIVEN = "Give the speech first: upload a sound file or record one."
NO_LINKS = "Links are not followed here. Upload the file itself."
EMPTY = "The result appears here."
NO_MOTION = "A picture does not move, so nothing can be learnt from it. Give a video, or leave the learning out."
LEARNING = "From the video and its own sound: a better likeness, for minutes of waiting. It is forgotten after the job."
STOPPED = "Stopped. Nothing was kept."


def terms(kept_seconds: float) -> str:
    """What every visitor should know, as Markdown."""
    return (
        f"**Limits.** Up to {SECONDS} seconds of video and of speech, {SIDE} pixels a side, {FRAME_RATE} frames a "
        f"second and {MEGABYTES} MB a file; at most {QUEUE} jobs wait in line.\n\n"
        "**Your files.** Nobody else sees them. They and the results are deleted "
        f"{_duration(kept_seconds)} after they were made. Nothing is counted or sent elsewhere.\n\n"
        "**Honesty.** Every result says in its metadata that it is synthetic. Dub only people who have agreed, and say "
        "that a video is dubbed when you show it."
    )


def _duration(seconds: float) -> str:
    return f"{seconds / 60:g} minutes" if seconds >= 60 else f"{seconds:g} seconds"
