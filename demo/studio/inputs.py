"""Upload fields that take files from the visitor's own machine and leave judging them to the library.

Gradio's own fields follow links that a program sends, which makes the server ask strangers, and its picture field opens
the file before the library has looked at its size. (Subclasses would be the usual way to change a field, but Gradio
writes a file of types beside the source of each.)
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, TypeVar

import gradio as gr
from gradio_client.utils import is_http_url_like

from studio.house import NO_LINKS

Field = TypeVar("Field", gr.Video, gr.Audio, gr.Image)


def own_files(field: Field) -> Field:
    """`field`, but a link in it is an error."""
    keep = field.async_move_resource_to_block_cache

    async def keep_file(where: str | Path | None) -> str | None:
        if where is not None and is_http_url_like(str(where)):
            raise gr.Error(NO_LINKS, print_exception=False)
        return await keep(where)

    field.async_move_resource_to_block_cache = keep_file  # type: ignore[method-assign]
    return field


def unopened(field: gr.Image) -> gr.Image:
    """`field`, but a picture is handed on as the file it is."""

    def path_of(payload: Any) -> str | None:
        if payload is None:
            return None
        if not payload.path:
            raise gr.Error(NO_LINKS, print_exception=False)
        return str(payload.path)

    field.preprocess = path_of  # type: ignore[method-assign]
    return field
