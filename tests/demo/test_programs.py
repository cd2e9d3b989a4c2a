"""Programs use the page as people do: through gradio_client, each with its own files, and refused with a sentence."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest
from gradio_client import Client, handle_file
from gradio_client.exceptions import AppError

from synctalkface.ffmpeg import open_media
from synctalkface.video import probe

MakeMedia = Callable[..., Path]
NOTE = "Synthetic media: the mouth in this video was redrawn by synctalkface to fit other speech."


def client_of(page: Any, folder: Path) -> Client:
    patience = {"timeout": 300}  # the default of 5 s is short where twenty upload at once
    return Client(page.url, verbose=False, download_files=str(folder), httpx_kwargs=patience)


@pytest.fixture(scope="session")
def client(page: Any, tmp_path_factory: pytest.TempPathFactory) -> Client:
    return client_of(page, tmp_path_factory.mktemp("downloads"))


def dub(client: Client, video: Path | None, speech: Path, /, **others: Any) -> tuple[str, str, dict[str, Any]]:
    given = {"video": handle_file(str(video)) if video else None, "speech": handle_file(str(speech)), "consent": True}
    result: tuple[str, str, dict[str, Any]] = client.predict(**{**given, **others}, api_name="/dub")
    return result


def test_a_program_gets_the_dubbed_video_and_facts_about_it(client: Client, clip: Path, said: Path) -> None:
    video, told, facts = dub(client, clip, said)
    assert len(probe(video).clock) == facts["frames"] == 15  # 0.6 s of speech at 25 frames a second
    assert "Done: 15 frames" in told
    assert (facts["width"], facts["height"], facts["faces"], facts["gaps"]) == (360, 288, 1, [])


def test_the_file_says_that_it_is_synthetic_and_that_it_was_not_changed_since(
    client: Client, clip: Path, said: Path
) -> None:
    c2pa = pytest.importorskip("c2pa")
    video, _, _ = dub(client, clip, said)
    with open_media(video) as container:
        assert container.metadata["comment"] == NOTE
    with c2pa.Reader(video) as reader:
        stored = json.loads(reader.json())
    [manifest] = stored["manifests"].values()
    [actions] = [found["data"]["actions"] for found in manifest["assertions"] if "actions" in found["label"]]
    assert actions[0]["digitalSourceType"].endswith("compositeWithTrainedAlgorithmicMedia")
    assert {found["code"] for found in stored["validation_status"]} == {"signingCredential.untrusted"}


def test_a_picture_is_dubbed_for_as_long_as_the_speech(
    client: Client, clip: Path, said: Path, make_media: MakeMedia
) -> None:
    picture = make_media("face.png", "-i", str(clip), "-frames:v", "1")
    video, _, _ = dub(client, None, said, picture=handle_file(str(picture)))
    assert len(probe(video).clock) == 15


def test_a_face_is_learnt_first_and_nothing_of_it_is_kept(
    page: Any, client: Client, example_face: Path, said: Path
) -> None:
    video, told, facts = dub(client, example_face, said, fit="trim", adapt=True)
    assert len(probe(video).clock) == facts["frames"] == 75
    assert "Learning the face took" in told
    assert not {"generator.safetensors", "adapted.json"} & page.kept()


def test_a_picture_teaches_nothing(client: Client, clip: Path, said: Path, make_media: MakeMedia) -> None:
    picture = make_media("face.png", "-i", str(clip), "-frames:v", "1")
    with pytest.raises(AppError, match="A picture does not move"):
        dub(client, None, said, picture=handle_file(str(picture)), adapt=True)


def test_a_video_without_sound_cannot_teach_and_leaves_nothing(
    page: Any, client: Client, clip: Path, said: Path
) -> None:
    before = results_of(page)
    with pytest.raises(AppError, match="has no sound"):
        dub(client, clip, said, adapt=True)
    assert results_of(page) == before


def test_the_precision_can_be_chosen(client: Client, clip: Path, said: Path) -> None:
    assert dub(client, clip, said, precision="fp32")[2]["precision"] == "fp32"
    assert dub(client, clip, said, precision="int8")[2]["precision"] == "int8"
    with pytest.raises(AppError, match=r"'int7'.* not in the list of choices: \['auto', 'fp32', 'int8'\]"):
        dub(client, clip, said, precision="int7")


def test_each_face_has_a_number_that_can_be_chosen(client: Client, two_faces: Path, said: Path) -> None:
    frame, choices, told = client.predict(video=handle_file(str(two_faces)), api_name="/faces")
    assert [number for _, number in choices["choices"]] == ["1", "2"]
    assert "2 faces found" in told
    assert 'alt="The faces with their numbers"' in frame["value"]
    _, _, facts = dub(client, two_faces, said, face="2")
    assert facts["faces"] == 2


def test_a_result_can_be_checked_and_its_addresses_seen(client: Client, clip: Path, said: Path) -> None:
    longer = dub(client, clip, said, speech=handle_file(str(said)))[0]
    verdict, numbers = client.predict(video=handle_file(longer), face="1", api_name="/check")
    assert verdict.endswith((".", "?"))
    assert {"offset_seconds", "offset_frames", "confidence"} <= numbers.keys()
    assert "video" not in numbers
    drawn = client.predict(speech=handle_file(str(said)), api_name="/addresses")
    assert "data:image/png;base64," in drawn


def test_two_visitors_at_once_get_their_own_files(
    page: Any, clip: Path, said: Path, make_media: MakeMedia, tmp_path: Path
) -> None:
    other = make_media("other.mp4", "-i", str(clip), "-vf", "scale=300:240", "-c:v", "libx264")
    clients = [client_of(page, tmp_path / name) for name in ("one", "two")]
    with ThreadPoolExecutor(2) as both:
        results = list(both.map(lambda asked: dub(asked[0], asked[1], said), zip(clients, (clip, other), strict=True)))
    assert [probe(video).width for video, _, _ in results] == [360, 300]


@pytest.mark.page
def test_twenty_jobs_in_line_are_all_answered(page: Any, clip: Path, said: Path, tmp_path: Path) -> None:
    client = client_of(page, tmp_path)
    video, speech = handle_file(str(clip)), handle_file(str(said))
    jobs = [client.submit(video=video, speech=speech, consent=True, api_name="/dub") for _ in range(20)]
    assert [job.result(timeout=600)[2]["frames"] for job in jobs] == [15] * 20


def test_a_cancelled_job_stops_and_leaves_nothing(
    page: Any,
    clip: Path,
    said: Path,
    example_face: Path,
    example_speech: Path,
    make_media: MakeMedia,
    tmp_path: Path,
) -> None:
    long = make_media("long.flac", "-stream_loop", "5", "-i", str(example_speech), "-t", "15")
    client = client_of(page, tmp_path)
    before = results_of(page)
    face = handle_file(str(example_face))
    job = client.submit(video=face, speech=handle_file(str(long)), consent=True, api_name="/dub")
    while not any("Drawing" in str(output) for output in job.outputs()):
        assert not job.done()
        time.sleep(0.1)
    job.cancel()
    dub(client, clip, said)  # comes in turn only when the cancelled one has left
    assert results_of(page) == before + 1
    assert not [name for name in page.kept() if ".part" in name]


def results_of(page: Any) -> int:
    return len(list(page.files.rglob("dubbed.mp4")))


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"consent": False}, "Confirm first that the person shown has agreed to be dubbed."),
        ({"speech": None}, "Give the speech first"),
        ({"video": None}, "Give a video or a picture with the face first."),
        ({"face": "7"}, "There is no face number 7: the clip shows 1."),
        (
            {"video": {"path": "http://127.0.0.1/face.mp4", "meta": {"_type": "gradio.FileData"}}},
            "Links are not followed",
        ),
    ],
)
def test_what_is_missing_is_said(
    page: Any, clip: Path, said: Path, tmp_path: Path, changed: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(AppError, match=sentence):
        dub(client_of(page, tmp_path), clip, said, **changed)


def playlist(folder: Path, _: MakeMedia) -> Path:
    path = folder / "list.mp4"
    path.write_text("#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nfile:///etc/passwd\n#EXT-X-ENDLIST\n")
    return path


def concatenation(folder: Path, _: MakeMedia) -> Path:
    path = folder / "join.mp4"
    path.write_text("ffconcat version 1.0\nfile /etc/passwd\n")
    return path


def subtitles(folder: Path, _: MakeMedia) -> Path:
    path = folder / "page.mp4"
    path.write_text("<svg xmlns='http://www.w3.org/2000/svg'><image href='file:///etc/passwd'/></svg>")
    return path


def huge(_: Path, make_media: MakeMedia) -> Path:
    black = "color=black:size=9000x2000:rate=1"
    return make_media(
        "huge.mp4", "-f", "lavfi", "-i", black, "-frames:v", "1", "-c:v", "libx264", "-preset", "ultrafast"
    )


def long(_: Path, make_media: MakeMedia) -> Path:
    black = "color=black:size=16x16:rate=1"
    return make_media("long.mp4", "-f", "lavfi", "-i", black, "-frames:v", "70", "-c:v", "libx264")


def fast(_: Path, make_media: MakeMedia) -> Path:
    black = "color=black:size=16x16:rate=200"
    return make_media("fast.mp4", "-f", "lavfi", "-i", black, "-frames:v", "400", "-c:v", "libx264")


@pytest.mark.parametrize(
    ("crafted", "sentence"),
    [
        (playlist, "list.mp4 is not a media file"),
        (concatenation, "join.mp4 is not a media file"),
        (subtitles, "page.mp4 is not a media file"),
        (huge, "huge.mp4 has 9000 x 2000 px"),
        (long, "long.mp4 lasts 70.0 s; at most 60 s are taken"),
        (fast, "fast.mp4 has 400 frames in 2.0 s; at most 60 a second"),
    ],
)
def test_crafted_clips_are_refused_with_a_sentence(
    client: Client, said: Path, tmp_path: Path, make_media: MakeMedia, crafted: Callable[..., Path], sentence: str
) -> None:
    with pytest.raises(AppError, match=sentence) as refused:
        dub(client, crafted(tmp_path, make_media), said)
    assert str(tmp_path) not in str(refused.value)
    assert "/" not in str(refused.value)  # no folder of the server


def test_days_of_silence_in_a_small_file_are_not_decoded(client: Client, clip: Path, make_media: MakeMedia) -> None:
    silence = make_media("days.flac", "-f", "lavfi", "-i", "anullsrc=r=8000:cl=mono", "-t", "20000")
    with pytest.raises(AppError, match=r"days.flac lasts more than 60 s"):
        dub(client, clip, silence)


def test_a_picture_that_unpacks_to_gigabytes_is_refused(
    client: Client, said: Path, tmp_path: Path, make_media: MakeMedia
) -> None:
    small = make_media("small.png", "-f", "lavfi", "-i", "color=black:size=16x16", "-frames:v", "1")
    data = bytearray(small.read_bytes())
    data[16:24] = (60_000).to_bytes(4, "big") * 2  # the size in its header
    bomb = tmp_path / "bomb.png"
    bomb.write_bytes(data)
    with pytest.raises(AppError, match=r"bomb.png is not a picture that can be read, or is larger"):
        dub(client, None, said, picture=handle_file(str(bomb)))


def test_a_file_of_a_hundred_megabytes_is_refused_with_a_sentence(client: Client, said: Path, tmp_path: Path) -> None:
    heavy = tmp_path / "heavy.mp4"
    with heavy.open("wb") as file:
        file.truncate(100_000_000)
    with pytest.raises(ValueError, match=r"heavy.mp4 exceeds the maximum file size"):
        dub(client, heavy, said)  # this client knows the limit and does not even send it
    with heavy.open("rb") as file:
        answer = httpx.post(f"{client.src}gradio_api/upload", files={"files": file}, timeout=120)
    assert answer.status_code == 413
    assert answer.text == "File size exceeded maximum allowed size of 67108864 bytes."


@pytest.mark.page
def test_files_of_visitors_are_gone_after_the_stated_time(
    serve: Callable[..., Any], clip: Path, said: Path, example_face: Path, tmp_path: Path
) -> None:
    page = serve("--keep-minutes", "0.5")
    own = shutil.copy(clip, tmp_path / "mine.mp4")
    dub(client_of(page, tmp_path / "down"), Path(own), said)
    assert {"mine.mp4", "said.wav", "dubbed.mp4"} <= page.kept()
    deadline = time.monotonic() + 90
    while {"mine.mp4", "said.wav", "dubbed.mp4"} & page.kept():
        assert time.monotonic() < deadline
        time.sleep(0.5)
    assert httpx.get(f"{page.url}gradio_api/file={example_face}").status_code == 200  # the example stays
