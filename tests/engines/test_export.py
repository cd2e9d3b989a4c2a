"""Networks as files: beside their weights, whole, used only for the weights they were made of."""

from __future__ import annotations

import importlib.util
import os
import shutil
from pathlib import Path

import onnx
import pytest
import torch

from synctalkface import hub
from synctalkface.engines import export as exporting
from synctalkface.engines import shelf as shelves
from synctalkface.engines.export import export
from synctalkface.engines.graph import own, owner_of
from synctalkface.engines.shelf import Shelf
from synctalkface.errors import ConfigError, OutputError
from synctalkface.hub import sums
from synctalkface.models.generator import for_use
from tests.engines.conftest import Used

has_openvino = importlib.util.find_spec("openvino") is not None


def test_a_new_folder_can_be_used_as_weights(tiny: Used, tmp_path: Path) -> None:
    [network] = export(tiny.folder, tmp_path / "new" / "tiny")
    assert network == tmp_path / "new" / "tiny" / "generator.onnx"
    onnx.checker.check_model(onnx.load_model(network))
    assert owner_of(network.read_bytes()) == Shelf(tiny.model, tiny.config).owner
    hub.load_generator(network.parent)  # strict, and vouched for
    assert "generator.onnx" in sums.sealed(network.parent)
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["tiny"]


def test_the_folder_of_the_weights_gets_the_network_alone(tiny: Used, tmp_path: Path) -> None:
    folder = tmp_path / "weights"
    shutil.copytree(tiny.folder, folder)
    before = {path.name for path in folder.iterdir()}
    export(folder, folder, "onnx", "int8")
    assert {path.name for path in folder.iterdir()} == before | {"generator.int8.onnx"}
    sums.seal(folder, [path.name for path in folder.iterdir()])
    export(folder, folder)
    hub.load_generator(folder)
    sums.check(folder, [folder / "generator.onnx"])


@pytest.mark.skipif(not has_openvino, reason="OpenVINO is not installed (the extra openvino)")
def test_openvino_reads_its_own_format(tiny: Used, tmp_path: Path) -> None:
    network = export(tiny.folder, tmp_path / "new", "openvino")[-1]
    assert network.name == "generator.xml"
    assert Shelf(tiny.model, tiny.config, network.parent).openvino("fp32") == network
    network.write_text("no network")
    assert isinstance(Shelf(tiny.model, tiny.config, network.parent).openvino("fp32"), bytes)


def test_a_folder_with_other_things_is_not_touched(tiny: Used, tmp_path: Path) -> None:
    (tmp_path / "letters").mkdir()
    (tmp_path / "letters" / "dear.txt").write_text("Dear")
    with pytest.raises(OutputError, match="does not hold these weights"):
        export(tiny.folder, tmp_path / "letters")
    with pytest.raises(OutputError, match="does not hold these weights"):
        export(tiny.folder, tmp_path / "letters" / "dear.txt")
    assert [path.name for path in tmp_path.rglob("*")] == ["letters", "dear.txt"]


def test_what_breaks_off_leaves_nothing(tiny: Used, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    monkeypatch.setattr(exporting, "sums", sums)
    with pytest.raises(OutputError):
        export(tiny.folder, tmp_path / "new")
    assert list(tmp_path.iterdir()) == []


def test_an_unknown_format_is_refused(tiny: Used, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no export for torch in int4"):
        export(tiny.folder, tmp_path / "new", "torch", "int4")


def test_a_network_of_other_weights_is_passed_over(tiny: Used, tmp_path: Path) -> None:
    shelf = Shelf(tiny.model, tiny.config, tmp_path)
    ours = shelf.make("fp32")
    (tmp_path / "generator.onnx").write_bytes(own(ours, "others"))
    assert owner_of(shelf.graph("fp32")) == shelf.owner
    (tmp_path / "generator.onnx").write_bytes(b"nonsense")
    assert owner_of(shelf.graph("fp32")) == shelf.owner
    marked = onnx.load_model_from_string(ours)
    marked.doc_string = "mine"
    (tmp_path / "generator.onnx").write_bytes(marked.SerializeToString())
    assert onnx.load_model_from_string(shelf.graph("fp32")).doc_string == "mine"


def test_what_was_made_is_found_in_the_cache(tiny: Used, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SYNCTALKFACE_CACHE", str(tmp_path))
    made = Shelf(tiny.model, tiny.config).graph("fp32")

    def never(*_: object) -> bytes:
        raise AssertionError("made again")

    with monkeypatch.context() as patched:
        patched.setattr(shelves, "make_graph", never)
        assert Shelf(tiny.model, tiny.config).graph("fp32") == made
        other = for_use(hub.load_generator(tiny.folder))
        with torch.no_grad():
            next(other.parameters()).view(-1)[0] += 1
        with pytest.raises(AssertionError, match="made again"):
            Shelf(other, tiny.config).graph("fp32")
    [kept] = (tmp_path / "networks").iterdir()
    kept.write_bytes(kept.read_bytes()[:-1])
    assert Shelf(tiny.model, tiny.config).graph("fp32") == made
