"""Compiled programs kept in files: whatever happens to these, the same digits come out."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from bayes_scaling.inference import compilation
from bayes_scaling.inference.compilation import ByHand, FreeVariable, compiled
from bayes_scaling.inference.program_files import CACHE_VARIABLE, CompiledObjects

SCRIPT = """
import sys
import numpy as np
sys.path.insert(0, {folder!r})
from test_program_files import made
program = made()
print(program.seconds > 0, *map(float.hex, [program.log_density(np.array([0.3, -0.7]))[0]]))
"""


def hill(point, floats, integers):
    value = np.zeros(())
    gradient = np.empty(len(point))
    for i in range(len(point)):
        value[()] -= 0.5 * floats[0] * (point[i] - integers[4]) ** 2
        gradient[i] = -floats[0] * (point[i] - integers[4])
    return value, gradient


def made(width: float = 2.0):
    source = ByHand(hill, (FreeVariable("x", (2,), "real"),))
    return compiled("hill", lambda: source, {"floats": np.array([width]), "sizes": np.array([3])})


@pytest.fixture
def cache(tmp_path, monkeypatch) -> Path:
    directory = tmp_path / "programs"
    monkeypatch.setenv(CACHE_VARIABLE, str(directory))
    monkeypatch.setattr(compilation, "_LOADED", {})
    compilation._callbacks.cache_clear()
    yield directory
    compilation._callbacks.cache_clear()


@pytest.fixture(scope="module")
def once(tmp_path_factory) -> tuple[Path, str]:
    """A directory with the program, compiled once, and the digits that it finds."""
    directory = tmp_path_factory.mktemp("once")
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv(CACHE_VARIABLE, str(directory))
        patched.setattr(compilation, "_LOADED", {})
        compiled_here, right = again()
    assert compiled_here
    return directory, right


def again() -> tuple[bool, str]:
    """Whether a program had to be compiled by one who knows files alone, and the digits found."""
    compilation._LOADED.clear()
    compilation._callbacks.cache_clear()
    program = made()
    return program.seconds > 0, program.log_density(np.array([0.3, -0.7]))[0].hex()


def start(environment: dict[str, str]) -> subprocess.Popen:
    command = [sys.executable, "-W", "error", "-c", SCRIPT.format(folder=str(Path(__file__).parent))]
    return subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


@pytest.mark.whole
@pytest.mark.fault("compiled programs")
def test_two_processes_at_once_on_an_empty_cache_and_a_third_after_them(cache) -> None:
    both = [start(dict(os.environ)) for _ in range(2)]
    found = [process.communicate(timeout=300) for process in both]
    assert [err for _, err in found] == ["", ""]
    digits = {out.split()[1] for out, _ in found}
    assert len(digits) == 1
    assert again() == (False, *digits)
    assert float.fromhex(*digits) == pytest.approx(-(2.7**2 + 3.7**2))
    assert not [path for path in cache.parent.rglob("*") if path.name.endswith(".partial")]


@pytest.mark.fault("compiled programs")
@pytest.mark.parametrize("damage", ["cut short", "one byte changed", "empty", "a directory"])
def test_a_damaged_file_costs_time_alone(once, cache, damage) -> None:
    files, right = once
    shutil.copytree(files, cache)
    assert again() == (False, right)
    for file in cache.glob("*.bin"):
        content = bytearray(file.read_bytes())
        if damage == "a directory":
            file.unlink()
            file.mkdir()
        elif damage == "one byte changed":
            content[len(content) // 2] ^= 1
            file.write_bytes(content)
        else:
            file.write_bytes(content[: len(content) // 2] if damage == "cut short" else b"")
    assert again() == (True, right)


@pytest.mark.fault("compiled programs")
@pytest.mark.parametrize("place", ["/proc/nowhere", "/dev/full/programs", "no home"])
def test_a_place_that_can_hold_no_files_costs_time_alone(once, cache, monkeypatch, place) -> None:
    _, right = once
    if place == "no home":
        monkeypatch.delenv(CACHE_VARIABLE)
        monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
        monkeypatch.setenv("HOME", "/proc/nowhere")
    else:
        monkeypatch.setenv(CACHE_VARIABLE, place)
    assert again() == (True, right)


def test_data_are_no_part_of_a_program(cache) -> None:
    one, other = made(2.0), made(3.0)
    point = np.array([0.3, -0.7])
    assert other.log_density(point)[0] == pytest.approx(1.5 * one.log_density(point)[0])
    np.testing.assert_allclose(one.log_density(point)[1], [5.4, 7.4])
    assert len(list(cache.glob("*.bin"))) == 2  # the program, and what nutpie calls


def test_where_numba_has_changed_another_way_takes_over_and_says_so(cache, monkeypatch) -> None:
    right = made().log_density(np.array([0.3, -0.7]))
    monkeypatch.setattr(compilation, "_LOADED", {})

    def changed(*arguments, **named):
        raise AttributeError("'CPUCodeLibrary' object has no attribute '_final_module'")

    monkeypatch.setenv(CACHE_VARIABLE, str(cache / "empty"))
    monkeypatch.setattr(CompiledObjects, "of", changed)
    with pytest.warns(compilation.CompilationWarning, match=r"AttributeError: 'CPUCodeLibrary'.*compil"):
        other = made()
    value, gradient = other.log_density(np.array([0.3, -0.7]))
    assert value == pytest.approx(right[0], rel=1e-14)
    np.testing.assert_allclose(gradient, right[1], rtol=1e-14)


def test_what_is_not_finite_is_an_error(cache) -> None:
    with pytest.raises(ArithmeticError, match="not finite"):
        made().log_density(np.array([np.inf, 0.0]))
