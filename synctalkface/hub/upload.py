"""One folder, one commit on the Hub; private unless said otherwise; compared afterwards with what was sent."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from huggingface_hub import HfApi
from huggingface_hub.hf_api import RepoFile

from synctalkface.errors import HubError
from synctalkface.hub.card import Facts
from synctalkface.hub.fetch import FETCHED
from synctalkface.hub.parcel import Parcel, pack
from synctalkface.hub.troubles import explained

Kind = Literal["model", "space"]


def upload(
    parcel: Parcel,
    name: str,
    message: str,
    *,
    kind: Kind = "model",
    private: bool = True,
    replaced: Sequence[str] = FETCHED,
) -> str:
    """Make `parcel` the newest commit of the repository `name`, which is created if need be. Returns its address.

    Files there that match `replaced` and are not in the parcel are deleted in the same commit. Either all of it
    becomes visible or nothing. Raises HubError; also if the repository is public already and `private` is asked for.
    """
    api = HfApi(library_name="synctalkface")
    with explained(name):
        api.create_repo(
            name, repo_type=kind, private=private, exist_ok=True, space_sdk="gradio" if kind == "space" else None
        )
        there = api.repo_info(name, repo_type=kind)
        if private and not there.private:
            raise HubError(f"'{name}' is public already. Say that it may be public, or choose another name.")
        commit = api.upload_folder(
            repo_id=name,
            repo_type=kind,
            folder_path=parcel.folder,
            commit_message=message,
            parent_commit=there.sha,
            delete_patterns=list(replaced),
        )
        _compare(api, parcel, name, kind, commit.oid)
        return str(commit.commit_url)


def push_to_hub(
    folder: Path, name: str, facts: Facts | None = None, *, syncnet: Path | None = None, private: bool = True
) -> str:
    """Build, check and upload the weights in `folder` as the repository `name`. Returns the address of the commit.

    Raises WeightsError or ConfigError for weights that do not load, HubError for what the Hub says.
    """
    with tempfile.TemporaryDirectory(prefix="synctalkface-") as built:
        return upload(pack(folder, Path(built), name, facts or Facts(), syncnet), name, "Weights", private=private)


def _compare(api: HfApi, parcel: Parcel, name: str, kind: Kind, commit: str) -> None:
    """Whether the Hub now holds, at `commit`, the bytes that were sent."""
    tree = api.list_repo_tree(name, repo_type=kind, revision=commit, recursive=True)
    there = {entry.path: entry for entry in tree if isinstance(entry, RepoFile)}
    for item in parcel.items:
        entry = there.get(item.name)
        if entry is None or not _same(entry, item.sha256, parcel.folder / item.name):
            raise HubError(f"'{name}' does not hold {item.name} as it was sent. Push again, and look at its page.")


def _same(entry: RepoFile, sha256: str, path: Path) -> bool:
    if entry.lfs is not None:
        return entry.lfs.sha256 == sha256
    data = path.read_bytes()
    return entry.blob_id == hashlib.sha1(b"blob %d\0" % len(data) + data, usedforsecurity=False).hexdigest()
