"""The user's cache: found again, vouched for, bounded, and never a reason to fail."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from synctalkface.cache import Cache, cache_folder, content_hash, key_of


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Cache:
    monkeypatch.setenv("SYNCTALKFACE_CACHE", str(tmp_path / "cache"))
    return Cache("things", 1000)


def test_what_was_put_is_found_again(cache: Cache) -> None:
    assert cache.get("a") is None
    cache.put("a", b"first")
    cache.put("a", b"second")
    assert cache.get("a") == b"second"
    assert [path.name for path in cache.folder.iterdir()] == ["a"]


@pytest.mark.parametrize(
    "damage", [lambda data: data[:-1], lambda data: data[:5], lambda data: b"", lambda d: d + b"!"]
)
def test_a_damaged_piece_is_not_given_and_can_be_replaced(cache: Cache, damage: object) -> None:
    cache.put("a", b"something long enough")
    path = cache.folder / "a"
    path.write_bytes(damage(path.read_bytes()))  # type: ignore[operator]
    assert cache.get("a") is None
    cache.put("a", b"anew")
    assert cache.get("a") == b"anew"


def test_those_not_asked_for_longest_make_room(cache: Cache) -> None:
    for age, key in enumerate("abc"):
        cache.put(key, bytes(250))
        os.utime(cache.folder / key, (age, age))
    assert cache.get("a") is not None  # asked for just now: "b" is the oldest
    cache.put("d", bytes(250))
    assert sorted(path.name for path in cache.folder.iterdir()) == ["a", "c", "d"]


def test_what_is_larger_than_the_cache_is_not_kept(cache: Cache) -> None:
    cache.put("a", b"small")
    cache.put("b", bytes(2000))
    assert (cache.get("a"), cache.get("b")) == (b"small", None)


def test_a_cache_that_cannot_be_written_is_no_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("SYNCTALKFACE_CACHE", str(tmp_path / "file"))
    cache = Cache("things", 1000)
    cache.put("a", b"first")
    assert cache.get("a") is None


def test_a_write_that_breaks_off_leaves_what_was_there(cache: Cache, monkeypatch: pytest.MonkeyPatch) -> None:
    cache.put("a", b"first")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    cache.put("a", b"second")
    assert cache.get("a") == b"first"
    assert [path.name for path in cache.folder.iterdir()] == ["a"]


def test_the_folder_follows_the_users_settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    monkeypatch.delenv("SYNCTALKFACE_CACHE")
    assert cache_folder() == tmp_path / "xdg" / "synctalkface"
    monkeypatch.setenv("SYNCTALKFACE_CACHE", str(tmp_path / "mine"))
    assert cache_folder() == tmp_path / "mine"


def test_keys_tell_parts_apart_wherever_they_are_cut(tmp_path: Path) -> None:
    assert key_of("ab", "c") != key_of("a", "bc")
    (tmp_path / "one").write_bytes(b"same")
    (tmp_path / "two").write_bytes(b"same")
    assert content_hash(tmp_path / "one") == content_hash(tmp_path / "two")
