"""The model card: a header the Hub understands, and a text that tells the truth about the weights."""

from __future__ import annotations

import re
import shlex
from dataclasses import replace

import pytest
import yaml

from synctalkface.config import Config, override, preset
from synctalkface.hub.card import Facts, changes, write_card
from synctalkface.hub.fetch import Repository

BASE = Repository("somebody/base", "a" * 40)


def card(facts: Facts | None = None, config: Config | None = None, with_syncnet: bool = True) -> str:
    return write_card("me/mine", config or preset("tiny"), facts or Facts(), with_syncnet)


def header(text: str) -> dict[str, object]:
    _, block, _ = text.split("---\n", 2)
    return dict(yaml.safe_load(block))


def test_the_header_is_what_the_hub_reads() -> None:
    found = header(card(Facts(licence="cc-by-4.0", datasets=("me/clips",))))
    assert found["license"] == "cc-by-4.0"
    assert found["library_name"] == "synctalkface"
    assert found["pipeline_tag"] == "video-to-video"
    assert "lip-sync" in found["tags"]  # type: ignore[operator]
    assert found["datasets"] == ["me/clips"]
    assert "base_model" not in found


def test_a_fine_tuned_model_names_its_base_in_the_header_and_in_the_text() -> None:
    text = card(Facts(base=BASE))
    assert header(text)["base_model"] == "somebody/base"
    assert header(text)["base_model_relation"] == "finetune"
    assert "[somebody/base](https://huggingface.co/somebody/base), revision `aaaa" in text
    assert f"--init somebody/base@{'a' * 40}" in text


def test_no_hole_of_the_template_stays_open() -> None:
    assert re.findall(r"\$\w+", card()) == []


@pytest.mark.parametrize(
    "heading", ["Data", "Training", "Results", "Limits", "Misuse and consent", "Licence", "How to load"]
)
def test_a_card_has_all_its_sections(heading: str) -> None:
    assert f"\n## {heading}\n\n" in card()


def test_text_of_the_user_cannot_write_the_header() -> None:
    text = card(Facts(data="---\nlicense: mit\n---", licence='x"\nlicense: mit'))
    assert header(text)["license"] == 'x"\nlicense: mit'


def test_dollars_in_a_text_stay_dollars() -> None:
    assert "It cost $5 and $name." in card(Facts(data="It cost $5 and $name."))


def test_the_training_command_makes_the_configuration_again() -> None:
    config = override(preset("tiny"), ["training.steps=77", "losses.mouth=2.5", "training.betas=[0.4,0.9]"])
    config = replace(config, audio=replace(config.audio, loudness=None))
    [command] = re.findall(r"synctalkface train generator [^`]+--out runs/generator [^`]+", card(config=config))
    words = shlex.split(command.replace("\\\n", " "))
    settings = [words[i + 1] for i, word in enumerate(words) if word == "--set"]
    assert words[words.index("--preset") + 1] == "tiny"
    assert override(preset("tiny"), settings) == config
    assert settings == changes(config)


def test_a_model_without_a_sync_expert_says_so() -> None:
    assert "| sync expert | none |" in card(with_syncnet=False)
