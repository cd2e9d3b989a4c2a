"""The second tab: sliders over the named mouth shapes of the memory, and a face whose mouth follows them at once."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import Any

import gradio as gr

from studio import house
from studio.inputs import own_files, unopened
from studio.jobs import plain
from studio.pictures import as_html
from synctalkface import LipSync, SyncTalkFaceError

EXAMPLE = Path(__file__).parents[1] / "examples" / "face.mp4"
WORDS = (
    "The memory holds mouth shapes. Sounds look them up when a face is dubbed; here you look them up by hand. "
    "Without any, the mouth is at rest."
)


class Mouths:
    """Faces whose mouths are moved by address. One frame at a time, so it works on the CPU and borrows no GPU."""

    def __init__(self, dubber: LipSync) -> None:
        on_cpu = dubber.device.type == "cpu" or dubber.weights == "given"
        named = None if dubber.weights == "shipped" else dubber.weights
        self.dubber = dubber if on_cpu else LipSync.from_pretrained(named, "cpu")
        self.names = list(self.dubber.shapes)

    @cached_property
    def example(self) -> Any:
        """The face that is there before a visitor gives one."""
        return self.dubber.portrait(EXAMPLE)

    def meet(self, picture: str | None, *shares: float) -> tuple[Any, Any]:
        """A visitor's own face: its portrait to keep, and how it looks now."""
        if picture is None:
            return None, self.draw(None, *shares)
        try:
            portrait = self.dubber.portrait(picture, limits=house.LIMITS)
        except SyncTalkFaceError as error:
            raise gr.Error(plain(error), duration=None, print_exception=False) from None
        return portrait, self.draw(portrait, *shares)

    def draw(self, portrait: Any, *shares: float) -> Any:
        """The face with the mouth that the sliders say, each 0..1 in the order of `names`."""
        portrait = portrait or self.example
        drawn = portrait.draw(portrait.address(dict(zip(self.names, shares, strict=True))))
        return as_html(drawn, "The face with the mouth at this address")


def show_atlas(mouths: Mouths, tab: gr.Tab) -> None:
    """Fill `tab`, which is being laid out."""
    known = gr.State(time_to_live=house.KEPT_MINUTES * 60)
    gr.Markdown(WORDS)
    with gr.Row(equal_height=False):
        with gr.Column(min_width=300):
            sliders = [gr.Slider(0, 1, 0, step=0.05, label=name.capitalize()) for name in mouths.names]
            field = gr.Image(label="Picture of another face", sources=["upload", "webcam"], type="filepath")
            picture = unopened(own_files(field))
        with gr.Column(min_width=300):
            shown = gr.HTML(label="The mouth at this address", show_label=False)
    options: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden", "concurrency_id": "atlas"}
    gr.on(
        [tab.select, *(slider.change for slider in sliders)],
        mouths.draw,
        [known, *sliders],
        shown,
        trigger_mode="always_last",
        **options,
    )
    picture.change(mouths.meet, [picture, *sliders], [known, shown], **options)
