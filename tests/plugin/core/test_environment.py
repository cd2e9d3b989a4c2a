"""An environment is made step by step, in view, and can be stopped."""

from __future__ import annotations

import sys
import time
from pathlib import Path

from plugin.core.environment import Setup, base_python, environment_python, steps


def run(setup: Setup) -> None:
    give_up = time.monotonic() + 60
    while setup.running:
        setup.tick()
        time.sleep(0.02)
        assert time.monotonic() < give_up


def test_a_python_that_is_new_enough_is_found() -> None:
    assert base_python(sys.executable) == sys.executable
    assert base_python("/nowhere/python") is None


def test_the_offline_folder_is_the_only_source_when_it_is_given(tmp_path: Path) -> None:
    venv, install = steps("python3", tmp_path, "synctalkface", "/wheels")
    assert venv == ["python3", "-I", "-m", "venv", str(tmp_path)]
    assert install[0] == str(environment_python(tmp_path))
    assert install[-4:] == ["--no-index", "--find-links", "/wheels", "synctalkface"]
    assert "--no-index" not in steps("python3", tmp_path, "synctalkface", "")[1]


def test_steps_follow_each_other_and_the_log_is_in_view(tmp_path: Path) -> None:
    setup = Setup([[sys.executable, "-c", "print('one')"], [sys.executable, "-c", "print('two')"]], tmp_path)
    run(setup)
    assert setup.trouble == ""
    assert setup.line == "two"


def test_a_step_that_fails_ends_it_with_a_sentence(tmp_path: Path) -> None:
    setup = Setup([[sys.executable, "-c", "raise SystemExit('no space left')"], ["never"]], tmp_path)
    run(setup)
    assert "no space left" in setup.trouble
    assert not setup.running


def test_it_can_be_cancelled(tmp_path: Path) -> None:
    setup = Setup([[sys.executable, "-c", "import time; time.sleep(600)"]], tmp_path)
    setup.tick()
    assert setup.running
    setup.cancel()
    assert not setup.running
