"""A folder of weights is read strictly, and a bad one is refused before it is believed."""

from __future__ import annotations

import json
import resource
import shutil
import struct
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from synctalkface import hub
from synctalkface.config import preset
from synctalkface.errors import ConfigError, OutputError, WeightsError
from synctalkface.hub import sums
from tests.hub.conftest import FullDisk

SHARD = 200_000  # bytes


def change_weights(folder: Path, change: Callable[[dict[str, Tensor]], object]) -> str:
    """Alter the tensors of the generator in `folder`, and return the name of one that is a matrix."""
    path = folder / hub.GENERATOR
    tensors = load_file(path)
    change(tensors)
    save_file(tensors, path)
    return "memory.keys"


def change_config(folder: Path, group: str, key: str, value: object) -> None:
    path = folder / hub.CONFIG
    data = json.loads(path.read_text())
    (data[group] if group else data)[key] = value
    path.write_text(json.dumps(data))


def sharded(folder: Path) -> Path:
    hub.save_module(hub.load_generator(folder), hub.load_config(folder), folder, hub.GENERATOR, largest=SHARD)
    return folder


def refused(folder: Path, error: type[Exception] = WeightsError) -> str:
    """The sentence with which the generator in `folder` is refused."""
    with pytest.raises(error) as caught:
        hub.load_generator(folder)
    return str(caught.value)


# ---- what was saved is what is loaded ---------------------------------------------------------------------------


def test_one_file_and_shards_hold_the_same(tiny: Path, tmp_path: Path) -> None:
    whole = hub.load_generator(tiny).state_dict()
    parts = sharded(Path(shutil.copytree(tiny, tmp_path / "shards")))
    assert not (parts / hub.GENERATOR).exists()
    files = sorted(parts.glob("generator-*.safetensors"))
    assert len(files) > 2
    for tensors in map(load_file, files):
        assert len(tensors) == 1 or sum(t.numel() * t.element_size() for t in tensors.values()) <= SHARD
    again = hub.load_generator(parts).state_dict()
    assert whole.keys() == again.keys()
    assert all(torch.equal(whole[key], again[key]) for key in whole)


def test_saving_whole_again_leaves_no_old_shard_behind(tiny: Path) -> None:
    parts = sharded(tiny)
    hub.save_module(hub.load_generator(parts), hub.load_config(parts), parts, hub.GENERATOR)
    assert sorted(path.name for path in parts.iterdir()) == [hub.CONFIG, hub.GENERATOR, hub.SYNCNET]


def test_half_precision_is_half_the_size_and_nearly_the_same(tiny: Path, tmp_path: Path) -> None:
    model = hub.load_generator(tiny)
    path = hub.save_module(model, hub.load_config(tiny), tmp_path / "half", hub.GENERATOR, half=True)
    assert path.stat().st_size < 0.6 * (tiny / hub.GENERATOR).stat().st_size
    loaded = hub.load_generator(tmp_path / "half")
    assert loaded.memory is not None
    assert model.memory is not None
    torch.testing.assert_close(loaded.memory.keys, model.memory.keys, atol=1e-4, rtol=1e-3)
    assert loaded.memory.keys.dtype == torch.float32


def test_weights_can_be_read_by_whom_any_file_can(tiny: Path, tmp_path: Path) -> None:
    (tmp_path / "any").touch()
    assert (tiny / hub.GENERATOR).stat().st_mode == (tmp_path / "any").stat().st_mode


def test_the_weights_that_ship_load_if_they_are_there() -> None:
    if hub.holds(hub.shipped(), hub.GENERATOR):
        assert not hub.load_generator(hub.shipped()).training


# ---- what does not fit is refused -------------------------------------------------------------------------------


def test_a_missing_tensor_is_named(tiny: Path) -> None:
    key = change_weights(tiny, lambda tensors: tensors.pop("memory.keys"))
    assert f"lacks tensor '{key}'" in refused(tiny)


def test_an_unknown_tensor_is_named(tiny: Path) -> None:
    change_weights(tiny, lambda tensors: tensors.update(stowaway=torch.zeros(1)))
    assert "unknown tensor 'stowaway'" in refused(tiny)


def test_a_wrong_shape_is_named_with_both_shapes(tiny: Path) -> None:
    change_weights(tiny, lambda tensors: tensors.update({"memory.keys": torch.zeros(12, 15)}))
    assert "'memory.keys' is (12, 15), its config.json asks for (12, 16)" in refused(tiny)


def test_a_type_that_no_weight_has_is_refused(tiny: Path) -> None:
    change_weights(tiny, lambda tensors: tensors.update({"memory.keys": torch.zeros(12, 16, dtype=torch.int8)}))
    assert "'memory.keys' is of type I8" in refused(tiny)


def test_a_weight_that_is_no_number_is_refused(tiny: Path) -> None:
    change_weights(tiny, lambda tensors: tensors["memory.keys"][3].fill_(torch.nan))
    assert "'memory.keys' holds values that are not numbers" in refused(tiny)


def test_weights_of_another_configuration_are_refused(tiny: Path) -> None:
    change_config(tiny, "memory", "slots", 24)
    assert "its config.json asks for (24, 16)" in refused(tiny)


def test_a_folder_without_weights_says_what_is_missing(tmp_path: Path) -> None:
    assert "config.json is missing" in refused(tmp_path)


# ---- hashes -----------------------------------------------------------------------------------------------------


def test_a_sealed_folder_is_read_until_a_byte_changes(tiny: Path) -> None:
    sums.seal(tiny, [hub.CONFIG, hub.GENERATOR])
    hub.load_generator(tiny)
    data = bytearray((tiny / hub.GENERATOR).read_bytes())
    data[-5] ^= 1
    (tiny / hub.GENERATOR).write_bytes(data)
    assert "generator.safetensors is not the file that SHA256SUMS vouches for" in refused(tiny)


def test_a_sealed_configuration_cannot_be_changed_unnoticed(tiny: Path) -> None:
    sums.seal(tiny, [hub.CONFIG, hub.GENERATOR])
    change_config(tiny, "memory", "sharpness", 8.0)
    assert "config.json is not the file" in refused(tiny)


def test_a_file_that_the_seal_does_not_name_is_refused(tiny: Path) -> None:
    sums.seal(tiny, [hub.CONFIG])
    assert "generator.safetensors is not the file" in refused(tiny)


def test_training_on_breaks_the_seal_and_not_the_run(tiny: Path) -> None:
    sums.seal(tiny, [hub.CONFIG, hub.GENERATOR])
    model = hub.load_generator(tiny)
    with torch.no_grad():
        next(model.parameters()).add_(1)
    hub.save_module(model, hub.load_config(tiny), tiny, hub.GENERATOR)
    hub.load_generator(tiny)


@pytest.mark.skipif(shutil.which("sha256sum") is None, reason="no sha256sum here")
def test_the_seal_is_read_by_sha256sum(tiny: Path) -> None:
    sums.seal(tiny, [hub.CONFIG, hub.GENERATOR])
    command = ["sha256sum", "--check", "--strict", "--quiet", sums.SUMS]
    assert subprocess.run(command, cwd=tiny, check=False).returncode == 0


def test_a_damaged_list_of_hashes_is_refused(tiny: Path) -> None:
    (tiny / sums.SUMS).write_text("../../etc/passwd\n")
    assert "is not a list of hashes" in refused(tiny)


# ---- configurations ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("group", "key", "value", "says"),
    [
        ("memory", "slotz", 3, "Did you mean 'slots'?"),
        ("memory", "slots", "many", "'memory.slots' is 'many'"),
        ("", "format", 3, "has format 3; this version of synctalkface reads formats 1 to 2"),
        ("", "format", None, "has format None"),
        ("memory", "slots", 10**12, "'memory.slots' is out of range"),
        ("model", "lip_widths", [8] * 1000, "'model.lip_widths' is out of range"),
        ("model", "decoder_residuals", [10**9, 0, 0], "'model.decoder_residuals' is out of range"),
        ("audio", "hop", 0, "'audio.hop' is out of range"),
        ("model", "channels", -1, "'model.channels' is out of range"),
        ("model", "face_widths", [], "describes no model"),
    ],
)
def test_a_bad_configuration_is_refused(tiny: Path, group: str, key: str, value: object, says: str) -> None:
    change_config(tiny, group, key, value)
    assert says in refused(tiny, ConfigError)


def test_a_configuration_of_the_first_format_means_what_it_meant(tiny: Path) -> None:
    """What came later is off in it; what was always asked for is still asked for."""
    data = json.loads((tiny / hub.CONFIG).read_text())
    data["format"] = 1
    for group, name in (("losses", "detail"), ("training", "backdrop"), ("training", "degrade")):
        del data[group][name]
    (tiny / hub.CONFIG).write_text(json.dumps(data))
    old, now = hub.load_config(tiny), preset("tiny")
    assert (old.losses.detail, old.training.backdrop, old.training.degrade) == (0, 0, 0)
    assert replace(old.losses, detail=now.losses.detail) == now.losses
    change_config(tiny, "", "format", 2)
    assert "'losses.detail' is missing" in refused(tiny, ConfigError)


@pytest.mark.parametrize("text", ["", "[]", "{", '{"format": 1}', "[" * 100_000, " " * 1_000_000])
def test_a_configuration_that_is_none_is_refused(tiny: Path, text: str) -> None:
    (tiny / hub.CONFIG).write_text(text)
    assert "config.json" in refused(tiny, ConfigError)


def test_a_monstrous_model_is_refused_before_memory_is_taken(tiny: Path) -> None:
    widths = [4096] * 3
    config = preset("tiny")
    model = replace(config.model, channels=4096, decoder_widths=tuple(widths), lip_widths=tuple(widths))
    for key in ("channels", "decoder_widths", "lip_widths"):
        change_config(tiny, "model", key, getattr(model, key))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert "asks for" in refused(tiny)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 150_000  # kB; the model is of gigabytes


# ---- files made to harm -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("claimed", [1 << 62, 90 << 20, 0])
def test_a_huge_or_empty_header_is_refused(tiny: Path, claimed: int) -> None:
    with (tiny / hub.GENERATOR).open("wb") as file:
        file.write(struct.pack("<Q", claimed))
        file.truncate(100 << 20)  # a sparse file: it is as long as it says, and takes no room
    assert "generator.safetensors is damaged" in refused(tiny)


@pytest.mark.parametrize("kept", [0, 5, 8, 300, -1])
def test_a_truncated_file_is_refused(tiny: Path, kept: int) -> None:
    data = (tiny / hub.GENERATOR).read_bytes()
    (tiny / hub.GENERATOR).write_bytes(data[:kept])
    assert "generator.safetensors is damaged" in refused(tiny)


def test_a_truncated_shard_is_named(tiny: Path) -> None:
    shard = sorted(sharded(tiny).glob("generator-*.safetensors"))[1]
    shard.write_bytes(shard.read_bytes()[:-7])
    assert f"{shard.name} is damaged" in refused(tiny)


def test_a_missing_shard_is_named(tiny: Path) -> None:
    shard = sorted(sharded(tiny).glob("generator-*.safetensors"))[0]
    shard.unlink()
    assert f"{shard.name} is missing, but generator.safetensors.index.json lists it" in refused(tiny)


def test_a_tensor_in_two_shards_is_refused(tiny: Path) -> None:
    first, second = sorted(sharded(tiny).glob("generator-*.safetensors"))[:2]
    shutil.copyfile(first, second)
    assert "is also in" in refused(tiny)


@pytest.mark.parametrize(
    "index",
    [
        "nonsense",
        "{}",
        '{"weight_map": ["a"]}',
        '{"weight_map": {"memory.keys": "../../secret.safetensors"}}',
        '{"weight_map": {"memory.keys": "/etc/passwd"}}',
        '{"weight_map": {"memory.keys": "syncnet.safetensors"}}',
    ],
)
def test_an_index_that_points_elsewhere_is_refused(tiny: Path, index: str) -> None:
    (tiny / hub.GENERATOR).unlink()
    (tiny / "generator.safetensors.index.json").write_text(index)
    assert "is not a list of shards" in refused(tiny)


# ---- a full disk ------------------------------------------------------------------------------------------------


def test_on_a_full_disk_the_old_weights_stay_and_nothing_else(tiny: Path, full_disk: FullDisk) -> None:
    model, config = hub.load_generator(tiny), hub.load_config(tiny)
    before = sums.digest(tiny / hub.GENERATOR)
    with full_disk(), pytest.raises(OutputError, match="Free some room on the disk"):
        hub.save_module(model, config, tiny, hub.GENERATOR)
    assert sums.digest(tiny / hub.GENERATOR) == before
    assert sorted(path.name for path in tiny.iterdir()) == [hub.CONFIG, hub.GENERATOR, hub.SYNCNET]
