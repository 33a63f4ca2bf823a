"""Which compiled objects are kept, and for whom; nothing is compiled."""

from dataclasses import replace

import numpy as np
import pytest

import bayes_scaling as bs
from bayes_scaling.inference import compilation, program_files
from bayes_scaling.inference.program_files import CACHE_VARIABLE, CompiledObjects

KEPT = CompiledObjects(
    {"symbols": ["f"], "externals": ["exp"], "bound": False, "constants": [{}], "variables": [["x", [2], "real"]]},
    (b"\x7fELF\n code", b"", b"\nmore"),
)


@pytest.fixture(autouse=True)
def directory(monkeypatch, tmp_path):
    """An empty cache of this test's."""
    monkeypatch.setenv(CACHE_VARIABLE, str(tmp_path / "programs"))
    return tmp_path / "programs"


def test_what_is_kept_under_a_name_comes_back_under_it_alone(directory) -> None:
    assert CompiledObjects.read("one") is None
    KEPT.write("one")
    found = CompiledObjects.read("one")
    assert found.objects == KEPT.objects
    assert found.header.items() >= KEPT.header.items()
    assert CompiledObjects.read("other") is None
    assert len(list(directory.iterdir())) == 1


def test_code_that_calls_what_this_process_lacks_is_as_none() -> None:
    replace(KEPT, header=dict(KEPT.header) | {"externals": ["exp", "no_such_function_anywhere"]}).write("one")
    assert CompiledObjects.read("one") is None


def test_code_bound_to_its_process_is_not_kept(directory) -> None:
    replace(KEPT, header=dict(KEPT.header) | {"bound": True}).write("one")
    assert not directory.exists()


@pytest.mark.parametrize("part", ["versions", "processor", "source"])
def test_other_versions_processors_or_sources_are_other_programs(part, monkeypatch) -> None:
    KEPT.write("one")
    known = program_files._environment()
    monkeypatch.setattr(program_files, "_environment", lambda: known | {part: "another"})
    assert CompiledObjects.read("one") is None


@pytest.fixture
def stand_in(monkeypatch):
    """What is compiled for this process alone, in place of nutpie's own compilation; programs at hand are forgotten."""
    made = object()
    monkeypatch.setattr(compilation, "_LOADED", {})
    monkeypatch.setattr(compilation, "_compile_for_this_process", lambda source: made)
    return made


def test_what_is_loaded_took_no_time_to_compile(stand_in, monkeypatch) -> None:
    class Made:
        @staticmethod
        def on(values, seconds):
            return values, seconds

    programs = iter([(Made, True), (Made, False)])
    monkeypatch.setattr(compilation, "_program", lambda *_: next(programs))
    first, again, from_file = (compilation.compiled(name, None, {}) for name in ("one", "one", "two"))
    assert first[1] > 0
    assert again[1] == from_file[1] == 0


def test_a_models_own_fault_is_not_hidden(stand_in) -> None:
    def wrong():
        raise bs.SpecificationError("a fault of the specification")

    with pytest.raises(bs.SpecificationError, match="a fault of the specification"):
        compilation._program("one", wrong)


def test_data_are_packed_into_two_vectors_that_say_where_each_begins() -> None:
    values = {"x": np.array([1.5, 2.5]), "codes": np.array([[1, 2, 3], [4, 5, 6]]), "scale": 0.5, "unused": 9.0}
    floats, integers = compilation._packed((("codes", "i"), ("scale", "f"), ("x", "f")), values)
    assert floats.tolist() == [0.5, 1.5, 2.5]
    # Where codes begin, their shape; where the scale begins; where x begins, its shape; then the codes themselves.
    assert integers.tolist() == [6, 2, 3, 0, 1, 2, 1, 2, 3, 4, 5, 6]
    assert (floats.dtype, integers.dtype) == (np.float64, np.int64)
