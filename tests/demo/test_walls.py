"""The page reads no file of its server for anybody, and asks nobody else for anything."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx
import pytest


@pytest.mark.parametrize("path", ["/etc/passwd", "../../../../etc/passwd", "{files}/../log"])
def test_no_path_of_the_server_can_be_read(page: Any, path: str) -> None:
    wanted = path.format(files=page.files)
    for address in (f"gradio_api/file={wanted}", f"gradio_api/file={wanted.replace('/', '%2F')}"):
        assert httpx.get(page.url + address).status_code in (403, 404)


def test_no_path_of_the_server_can_be_given_as_an_upload(page: Any, said: Path) -> None:
    stolen = {"path": "/etc/passwd", "meta": {"_type": "gradio.FileData"}}
    answer = call(page, "addresses", [stolen])
    assert "error" in answer
    assert "root:" not in answer


def call(page: Any, name: str, data: list[Any]) -> str:
    """What an end point answers, as text: without the client, which would upload what a path names."""
    event = httpx.post(f"{page.url}gradio_api/call/{name}", json={"data": data}).json()["event_id"]
    text: str = httpx.get(f"{page.url}gradio_api/call/{name}/{event}", timeout=60).text
    return text


def test_nothing_but_the_page_itself_is_asked_for(page: Any) -> None:
    text = httpx.get(page.url).text
    for elsewhere in ("fonts.googleapis", "google-analytics", "huggingface.co/api"):
        assert elsewhere not in text
