"""Commands are read strictly, and an error says what to do."""

from __future__ import annotations

import json
from fractions import Fraction

import pytest

from synctalkface.errors import ConfigError
from synctalkface.worker.commands import Cancel, Dub, Hello, Quit, expand, parse

DUB = {"do": "dub", "job": "7f", "video": "v", "speech": "s", "out": "o", "runs": [[5, 3, 1]], "rate": "30000/1001"}


def test_every_command_is_understood() -> None:
    assert parse('{"do": "hello", "protocol": 1}') == Hello(1)
    assert parse('{"do": "cancel", "job": "7f"}') == Cancel("7f")
    assert parse('{"do": "quit"}') == Quit()
    command = parse(json.dumps({**DUB, "face": "2", "speech_begin": -1}))
    assert isinstance(command, Dub)
    assert (command.rate, command.face, command.speech_begin) == (Fraction(30000, 1001), "2", -1)
    assert command.source.tolist() == [5, 6, 7]


def test_runs_go_forward_backward_and_stand_still() -> None:
    assert expand([[5, 3, 1], [7, 2, 0], [7, 3, -1]]).tolist() == [5, 6, 7, 7, 7, 7, 6, 5]


@pytest.mark.parametrize(
    "line",
    [
        "not json",
        "[]",
        "{}",
        '{"do": "dance"}',
        '{"do": "hello"}',
        '{"do": "cancel", "job": "7f", "now": true}',
        json.dumps({**DUB, "rate": "0"}),
        json.dumps({**DUB, "rate": "1/0"}),
        json.dumps({**DUB, "runs": []}),
        json.dumps({**DUB, "runs": [[0, 99_999_999_999, 1]]}),
        json.dumps({**DUB, "runs": [[1, 3, -1]]}),
        json.dumps({**DUB, "runs": "all"}),
        json.dumps({**DUB, "video": 5}),
        json.dumps({**DUB, "colour": "red"}),
    ],
)
def test_what_is_no_command_is_refused_with_a_sentence(line: str) -> None:
    with pytest.raises(ConfigError, match=r"\.$"):
        parse(line)
