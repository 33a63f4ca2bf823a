"""What several kinds of tests share: tables, and fits made of prior draws that need no sampling."""

import fcntl
import gc
import logging
import os
import shutil
import time
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import settings

import bayes_scaling as bs

LONGEST = (
    "models/test_every_specification.py",
    "command_line/test_commands.py",
    "command_line/test_compare_command.py",
    "fits/test_sampled_posteriors.py",
    "reports/test_fit_document.py",
    "command_line/test_interruptions.py",
    "studies/approaches/test_profiles.py",
    "fits/test_student_t_with_papers.py",
    "studies/test_executors.py",
    "formulas/test_effects.py",
    "compilation/test_programs.py",
    "command_line/test_runs_command.py",
    "fits/test_kaplan_fits.py",
    "command_line/test_allocate_command.py",
    "plots/test_visuals.py",
)
"""Files that take longest begin first, so that workers end together."""


KEPT_DAYS = 7


def pytest_configure(config: pytest.Config) -> None:
    """Keep compiled programs for the next session too, and bytecode for good: workers and commands inherit both.

    A program's name holds the sources that it was compiled from, so that none outlives a change of these.
    """
    if "PYTEST_XDIST_WORKER" not in os.environ:
        programs = config.cache.mkdir("programs")
        for file in programs.iterdir():
            if time.time() - file.stat().st_mtime > KEPT_DAYS * 24 * 3600:
                file.unlink()
        os.environ["BAYES_SCALING_CACHE"] = str(programs)
        os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # every process would compile the package again
        os.environ["PYTENSOR_FLAGS"] = "traceback__limit=0"  # where each variable of a graph was made takes a tenth
    os.environ.pop("COLUMNS", None)  # no setting of the terminal at hand shapes what commands print
    config.option.loadscopereorder = False  # by numbers of tests, which say little of their time


def pytest_collectstart() -> None:
    """Nothing that collection makes is garbage."""
    gc.disable()


@pytest.hookimpl(tryfirst=True)  # before tests are chosen by their marks
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the longest files first, and mark what runs the command in a process of its own."""
    for item in items:
        if "command" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.whole)
    place = {str(Path(__file__).parent / file): number for number, file in enumerate(LONGEST)}
    items.sort(key=lambda item: place.get(str(item.path), len(place)))


def pytest_collection_finish() -> None:
    """Thousands of tests and all that they import live to the end: the garbage collector need not look at them.

    Nor so often at graphs and data trees, whose parts by the thousand live as long as the test.
    """
    gc.freeze()
    gc.set_threshold(10_000, 20, 50)
    gc.enable()


# How long a thing takes is for benchmarks. CI tries as many examples as Hypothesis does by itself.
settings.register_profile("some", deadline=None, max_examples=40)
settings.register_profile("all", deadline=None)
settings.load_profile(os.environ.get("BAYES_SCALING_EXAMPLES", "some"))

SHARED = Path(__file__).parents[2] / "shared"


@pytest.fixture(autouse=True)
def quiet_pymc() -> None:
    """PyMC logs which variables it draws."""
    logging.getLogger("pymc").setLevel(logging.ERROR)


@pytest.fixture
def undrawn(monkeypatch) -> None:
    """Reports whose pictures are not rendered, which takes most of their time: for tests of what else is in them."""
    empty = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1 1"/>'
    monkeypatch.setattr("bayes_scaling.reports.svg.svg_of", lambda figure, name: empty)


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder with original tables, which users do not have."""
    if not SHARED.is_dir():
        reason = "../shared, with the original tables, is not here"
        if os.environ.get("BAYES_SCALING_REQUIRE_SHARED"):
            pytest.fail(reason)
        pytest.skip(reason)
    return SHARED


@pytest.fixture(scope="session")
def made_once(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str, Callable[[Path], None]], Path]:
    """A directory of this name and what is made in it, by the worker that needs it first, for all workers."""
    base = tmp_path_factory.getbasetemp()
    shared = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base

    def directory(name: str, make: Callable[[Path], None]) -> Path:
        place, made = shared / name, shared / f"{name}.made"
        with (shared / f"{name}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not made.exists():
                shutil.rmtree(place, ignore_errors=True)
                place.mkdir()
                make(place)
                made.touch()
        return place

    return directory


@pytest.fixture(scope="session")
def ho2024() -> pd.DataFrame:
    return bs.load_evaluations("ho2024")


@pytest.fixture(scope="session")
def collected() -> pd.DataFrame:
    return bs.load_evaluations("collected")
