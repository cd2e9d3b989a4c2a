"""The page: where everything stands and what happens when it is touched."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import gradio as gr

from studio import house
from studio.atlas import Mouths, show_atlas
from studio.gpu import on_gpu
from studio.inputs import own_files, unopened
from studio.jobs import note
from studio.studio import Studio

EXAMPLES = Path(__file__).parents[1] / "examples"
FITS = [
    ("Play the video back and forth until the speech ends", "bounce"),
    ("Start the video again until the speech ends", "loop"),
    ("Hold the last frame until the speech ends", "hold"),
    ("Cut the speech where the video ends", "trim"),
    ("Cut the video where the speech ends", "speech"),
]
PRECISIONS = [
    ("Automatic: the quickest on this machine that looks the same", "auto"),
    ("Full (fp32)", "fp32"),
    ("Fast (int8): very slightly coarser", "int8"),
]
MOST_FACES = 8
VIDEO, PICTURE = "Video of the face", "Picture of the face"
STYLE = """
.job progress { display: block; width: 100%; height: 0.8rem; margin-top: 0.3rem; accent-color: var(--color-accent); }
.job { min-height: 1.6rem; }
.wide { overflow-x: auto; }
.wide img { min-width: 36rem; }
.wide img, .shown img { width: 100%; }
body:not(.dark) { --neutral-400: var(--neutral-600); --color-accent: var(--primary-700); }
"""  # the last: Gradio's light grey and orange letters are hard to read


class Fields(NamedTuple):
    """What the visitor gives."""

    video: gr.Video
    picture: gr.Image
    found: gr.HTML
    cast: gr.HTML
    face: gr.Radio
    speech: gr.Audio
    fit: gr.Radio
    adapt: gr.Checkbox
    precision: gr.Radio
    label: gr.Checkbox
    consent: gr.Checkbox

    def asked(self) -> list[Any]:
        """In the order of Studio.dub's arguments."""
        where = [self.video, self.picture, self.speech, self.face]
        return [*where, self.fit, self.adapt, self.precision, self.label, self.consent]


class Results(NamedTuple):
    """What the visitor gets."""

    video: gr.Video
    status: gr.HTML
    facts: gr.JSON
    verdict: gr.Markdown
    sync: gr.JSON
    addresses: gr.HTML


def build(studio: Studio, kept_seconds: float = house.KEPT_MINUTES * 60) -> gr.Blocks:
    """The page around `studio`; it says that files of visitors are kept for `kept_seconds`."""
    gr.set_static_paths([EXAMPLES])  # shown from where they are: copies would be deleted with visitors' files
    with gr.Blocks(title="SyncTalkFace", analytics_enabled=False) as page:
        gr.Markdown(house.INTRODUCTION)
        with gr.Tabs():
            with gr.Tab("Dub a face"):
                _show_dubbing(studio)
            mouths = Mouths(studio.dubber)
            if mouths.names:
                with gr.Tab("Memory atlas") as tab:
                    show_atlas(mouths, tab)
        gr.Markdown(house.terms(kept_seconds))
    page.queue(max_size=house.QUEUE, default_concurrency_limit=2)
    return page


def launch_options() -> dict[str, Any]:
    """How the page is shown: for `Blocks.launch`."""
    fonts = ["system-ui", "sans-serif"]  # the visitor's own: fonts from elsewhere would be asked for there
    return {
        "theme": gr.themes.Default(font=fonts, font_mono=["ui-monospace", "monospace"]).set(
            body_text_color_subdued="*neutral_600",
            block_label_text_color="*neutral_700",
            button_primary_background_fill="*primary_700",
            button_primary_background_fill_hover="*primary_800",
        ),
        "css": STYLE,
        "max_file_size": house.MEGABYTES * 1024 * 1024,
        "footer_links": ["api"],
        "run_history": False,
        "share": False,
        "enable_monitoring": False,
        "ssr_mode": False,
    }


def _show_dubbing(studio: Studio) -> None:
    with gr.Row(equal_height=False):
        with gr.Column(min_width=300):
            fields = _fields()
            with gr.Row():
                start = gr.Button("Dub", variant="primary", min_width=100)
                stop = gr.Button("Stop", min_width=100)
        with gr.Column(min_width=300):
            results = _results()
    _watch_faces(studio, fields, _examples(fields))
    _watch_buttons(studio, fields, results, start, stop)


def _fields() -> Fields:
    with gr.Tabs():
        with gr.Tab("Video"):
            # always with sound and never mirrored: else Gradio would run ffmpeg on the file before the library sees it
            mirrored = gr.WebcamOptions(mirror=False)
            sources: list[Any] = ["upload", "webcam"]
            video = own_files(gr.Video(label=VIDEO, sources=sources, include_audio=True, webcam_options=mirrored))
        with gr.Tab("Picture"):
            picture = unopened(own_files(gr.Image(label=PICTURE, sources=sources, type="filepath")))
    found = gr.HTML(note(""), label="Faces found", show_label=False)
    cast = gr.HTML(label="The faces", show_label=False, visible=False)
    numbers = [(f"Face {number}", str(number)) for number in range(1, MOST_FACES + 1)]
    face = gr.Radio(numbers, value="1", label="Whose mouth", visible=False)
    speech = own_files(
        gr.Audio(label="Speech", sources=["upload", "microphone"], type="filepath", buttons=["download"])
    )
    consent = gr.Checkbox(label=house.CONSENT)
    with gr.Accordion("Options", open=False):
        fit = gr.Radio(FITS, value="bounce", label="Where speech and video differ in length")
        adapt = gr.Checkbox(label="Learn this face first", info=house.LEARNING)
        precision = gr.Radio(PRECISIONS, value="auto", label="Precision of the drawing")
        label = gr.Checkbox(label="Write “AI-dubbed” into the picture")
    return Fields(video, picture, found, cast, face, speech, fit, adapt, precision, label, consent)


def _results() -> Results:
    video = gr.Video(label="Dubbed", interactive=False, buttons=["download"], visible=False, elem_id="dubbed")
    status = gr.HTML(note(house.EMPTY), label="How it went", show_label=False)
    verdict = gr.Markdown(label="Do lips and sound fit", show_label=True, container=True, visible=False)
    addresses = gr.HTML(label="Memory addresses over time", show_label=False, visible=False)
    with gr.Accordion("Numbers", open=False):
        facts = gr.JSON(label="Facts about the result")
        sync = gr.JSON(label="Offset and confidence")
    return Results(video, status, facts, verdict, sync, addresses)


def _examples(fields: Fields) -> Any:
    """The row of examples; returns the event that one was taken."""
    examples = gr.Examples(
        [[str(EXAMPLES / "face.mp4"), str(EXAMPLES / "speech.flac")]],
        inputs=[fields.video, fields.speech],
        label="Example: talker 1 of the GRID corpus (CC BY 4.0), President Kennedy in 1961 (public domain)",
        api_visibility="private",
    )
    return examples.load_input_event


def _watch_faces(studio: Studio, fields: Fields, example: Any) -> None:
    """A new video takes the place of a picture, and the other way round; then its faces are numbered."""
    quiet: dict[str, Any] = {"api_visibility": "private", "queue": False, "show_progress": "hidden"}
    taken = [
        fields.video.input(lambda: None, None, fields.picture, **quiet),
        fields.picture.input(lambda: None, None, fields.video, **quiet),
        example.then(lambda: None, None, fields.picture, **quiet),
    ]
    for number, event in enumerate(taken):
        event.then(
            studio.faces,
            [fields.video, fields.picture],
            [fields.cast, fields.face, fields.found],
            api_name="faces",
            api_visibility="private" if number else "public",
            show_progress="hidden",
            concurrency_id="faces",
        )


def _watch_buttons(studio: Studio, fields: Fields, results: Results, start: gr.Button, stop: gr.Button) -> None:
    quiet: dict[str, Any] = {"api_visibility": "private", "queue": False, "show_progress": "hidden"}
    outputs = [results.video, results.status, results.facts]
    dubbing = start.click(  # Gradio ignores more clicks while one is answered
        on_gpu(studio.dub),
        fields.asked(),
        outputs,
        api_name="dub",
        concurrency_limit=1,
        concurrency_id="model",
        show_progress_on=[results.status],
    )
    stop.click(lambda: note(house.STOPPED), None, results.status, cancels=[dubbing], **quiet)
    _tell_more(studio, fields, results, dubbing)


def _tell_more(studio: Studio, fields: Fields, results: Results, dubbing: Any) -> None:
    """After a dub: whether lips and sound fit, and what the memory was asked for."""
    more: dict[str, Any] = {"concurrency_id": "faces", "show_progress": "hidden"}
    made = [results.video, fields.face]
    checked = dubbing.success(studio.check, made, [results.verdict, results.sync], api_name="check", **more)
    drawn = dubbing.success(studio.addresses, fields.speech, results.addresses, api_name="addresses", **more)
    quiet: dict[str, Any] = {"api_visibility": "private", "queue": False, "show_progress": "hidden"}
    for told, place in ((dubbing, results.video), (checked, results.verdict), (drawn, results.addresses)):
        told.success(lambda: gr.update(visible=True), None, place, **quiet)
