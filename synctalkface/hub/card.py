"""The model card: what a repository's README.md tells people and the Hub about the weights."""

from __future__ import annotations

import json
import shlex
from dataclasses import dataclass
from importlib.resources import files
from string import Template
from typing import Any

from huggingface_hub import ModelCardData

from synctalkface.config import PRESETS, Config, to_dict
from synctalkface.hub.fetch import Repository
from synctalkface.models.cost import parameters
from synctalkface.models.generator import SyncTalkFace

TAGS = ["lip-sync", "talking-face", "dubbing", "audio-driven", "video"]
REGIONS = {"lower": "its lower half", "face": "all of it"}


@dataclass(frozen=True)
class Facts:
    """What the weights cannot say of themselves. Texts are Markdown."""

    data: str = "The owner of this repository has not said what the weights were trained on."
    licence: str = "other"  # a name the Hub knows, for instance apache-2.0 or cc-by-4.0
    datasets: tuple[str, ...] = ()  # names on the Hub
    base: Repository | None = None  # what was fine-tuned
    training: str = ""  # how it went, in addition to the command
    results: str = "Not measured. `synctalkface evaluate` measures them."
    limits: str = (
        "* The face must be seen: no hands before the mouth, no full profile.\n"
        "* Faces, voices and languages unlike those of the training data come out less well.\n"
        "* The model knows 25 frames a second best."
    )


def write_card(name: str, config: Config, facts: Facts, with_syncnet: bool) -> str:
    """The text of the card of the repository `name` ("owner/name")."""
    template = files("synctalkface").joinpath("assets", "card.md").read_text(encoding="utf-8")
    base = facts.base
    return Template(template).substitute(
        header=_header(facts),
        name=name,
        preset=config.name,
        size=config.face.size,
        region=REGIONS[config.face.region],
        parameters=f"{parameters(SyncTalkFace(config, lip_encoder=False)) / 1e6:.2f} M",
        syncnet="`syncnet.safetensors`, for training" if with_syncnet else "none",
        base=f"[{base.name}](https://huggingface.co/{base.name}), revision `{base.revision}`" if base else "none",
        data=facts.data.strip(),
        training="\n\n".join(filter(None, [_command(config, base, with_syncnet), facts.training.strip()])),
        results=facts.results.strip(),
        limits=facts.limits.strip(),
        licence=facts.licence,
    )


def changes(config: Config) -> list[str]:
    """The settings in which `config` differs from the preset it is named after, as `--set` takes them."""
    before, now = (_flat(to_dict(c)) for c in (PRESETS.get(config.name, Config()), config))
    return [f"{key}={_value(value)}" for key, value in now.items() if before[key] != value and key != "name"]


def _command(config: Config, base: Repository | None, with_syncnet: bool) -> str:
    begin = f" --init {base}" if base else f" --preset {config.name}"
    expert = " --syncnet runs/syncnet" if with_syncnet and not base else ""
    settings = "".join(f" \\\n    --set {shlex.quote(change)}" for change in changes(config))
    command = f"synctalkface train generator --data prepared/ --out runs/generator{expert}{begin}{settings}"
    return f"```\n{command}\n```"


def _header(facts: Facts) -> str:
    data: dict[str, Any] = {"tags": TAGS, "pipeline_tag": "video-to-video", "library_name": "synctalkface"}
    if facts.base:
        data |= {"base_model": facts.base.name, "base_model_relation": "finetune"}
    if facts.datasets:
        data |= {"datasets": list(facts.datasets)}
    return ModelCardData(license=facts.licence, **data).to_yaml(line_break="\n")


def _flat(data: dict[str, Any], path: str = "") -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in data.items():
        found |= _flat(value, f"{path}{key}.") if isinstance(value, dict) else {path + key: value}
    return found


def _value(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"))
