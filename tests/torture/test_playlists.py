"""A file that names other files opens none of them: what is dubbed is in the file that was given, or nothing is."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from synctalkface.ffmpeg import find_ffmpeg

Cut = Callable[..., Path]
Door = Callable[..., object]

HLS = "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1.0,\n{secret}\n#EXT-X-ENDLIST\n"
SUBTITLES = '#EXTM3U\n#EXT-X-MEDIA:TYPE=SUBTITLES,GROUP-ID="s",URI="{secret}"\n#EXT-X-STREAM-INF:BANDWIDTH=1\nx\n'
CONCAT = "ffconcat version 1.0\nfile '{secret}'\n"
SDP = "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=video 5004 RTP/AVP 96\na=rtpmap:96 H264/90000\n"
DASH = (
    '<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static" mediaPresentationDuration="PT1S">'
    '<Period><AdaptationSet mimeType="video/mp2t"><Representation id="1" bandwidth="1"><BaseURL>{secret}</BaseURL>'
    "</Representation></AdaptationSet></Period></MPD>"
)
ASX = '<asx version="3.0"><entry><ref href="{secret}"/></entry></asx>'
PLAYLISTS = {"hls": HLS, "subtitles": SUBTITLES, "concat": CONCAT, "sdp": SDP, "dash": DASH, "asx": ASX}
TITLE = "what nobody may know"


@pytest.fixture
def secret(talk: Cut, tmp_path: Path) -> Path:
    """A clip with a face and a voice that nobody has asked to be opened."""
    (tmp_path / "vault").mkdir()
    return talk("vault/secret.ts", "-metadata", f"title={TITLE}", "-c:a", "aac", seconds="0.4")


def refused(answer: object, name: str) -> None:
    assert answer.code == 2  # type: ignore[attr-defined]
    assert name in answer.sentence  # type: ignore[attr-defined]
    assert "secret" not in answer.sentence  # type: ignore[attr-defined]


OWN = {"hls": "m3u8", "subtitles": "m3u8", "concat": "ffconcat", "sdp": "sdp", "dash": "mpd", "asx": "asx"}


@pytest.mark.parametrize("extension", ["own", "mp4", "png"])
@pytest.mark.parametrize("kind", PLAYLISTS)
def test_a_playlist_opens_nothing(
    door: Door, talk: Cut, words: Cut, tmp_path: Path, secret: Path, kind: str, extension: str
) -> None:
    path = tmp_path / f"list.{OWN[kind] if extension == 'own' else extension}"
    path.write_text(PLAYLISTS[kind].format(secret=secret))
    refused(door(path, words()), path.name)
    refused(door(talk(), path), path.name)
    path.write_text(PLAYLISTS[kind].format(secret=secret.relative_to(tmp_path)))
    refused(door(path, words()), path.name)


def test_the_playlists_are_real_ones(tmp_path: Path, secret: Path) -> None:
    """A program that is less careful follows them to the secret."""
    for name, text in (("list.m3u8", HLS), ("list.ffconcat", CONCAT)):
        path = tmp_path / name
        path.write_text(text.format(secret=secret))
        careless = ["-protocol_whitelist", "file,crypto,data", "-safe", "0"] if name.endswith("concat") else []
        command = [find_ffmpeg(), "-nostdin", "-loglevel", "error", *careless, "-i", str(path), "-f", "framecrc", "-"]
        followed = subprocess.run(command, capture_output=True, text=True, check=True)
        assert len([line for line in followed.stdout.splitlines() if line.startswith("0,")]) == 10


@pytest.mark.parametrize(
    "pattern",
    ["concat:{0}", "file:{0}", "subfile,,start,0,end,0,,:{0}", "{0}|{0}", "pipe:0", "http://127.0.0.1:9/a.mp4"],
)
def test_a_name_is_no_address(
    door: Door, words: Cut, secret: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, pattern: str
) -> None:
    monkeypatch.chdir(tmp_path)
    answer = door(pattern.format(secret.relative_to(tmp_path)), words())
    assert answer.code == 2  # type: ignore[attr-defined]
    assert "There is no file" in answer.sentence  # type: ignore[attr-defined]


def test_numbered_pictures_are_not_read_as_a_film(door: Door, talk: Cut, words: Cut, tmp_path: Path) -> None:
    for number in range(3):
        talk(f"p{number}.png", "-frames:v", "1", "-c:v", "png")
    answer = door(tmp_path / "p%d.png", words())
    assert answer.code == 2  # type: ignore[attr-defined]
    assert "There is no file" in answer.sentence  # type: ignore[attr-defined]
