"""The wheel: what it carries, and that it works where there is no checkout."""

import json
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

pytestmark = pytest.mark.whole

ROOT = Path(__file__).parents[2]
UNREACHABLE = ("error sending request", "dns error", "failed to fetch", "connect", "timed out", "network")


def run(*command: str | Path, cwd: Path, codes: tuple[int, ...] = (0,)) -> str:
    done = subprocess.run(list(map(str, command)), cwd=cwd, env=environment(), capture_output=True, text=True)
    assert done.returncode in codes, done.stdout + done.stderr
    return done.stdout


def environment() -> dict[str, str]:
    """Ours without what points into this checkout or its environment."""
    pointing = {"PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV", "UV_PROJECT_ENVIRONMENT", "PYTHONWARNINGS", "COLUMNS"}
    return {name: value for name, value in os.environ.items() if name not in pointing}


@pytest.fixture(scope="session")
def checkout(tmp_path_factory) -> Path:
    """The files that git would see, without what builds and tools have left in ours."""
    if not (ROOT / ".git").exists():
        pytest.skip("not a git checkout")
    copy = tmp_path_factory.mktemp("checkout")
    listed = run("git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", cwd=ROOT)
    for name in filter(None, listed.split("\0")):
        if (ROOT / name).is_file():
            (copy / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, copy / name)
    return copy


@pytest.fixture(scope="session")
def wheel(checkout, tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    run(sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", folder, cwd=checkout)
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="session")
def carried(wheel) -> set[str]:
    with zipfile.ZipFile(wheel) as archive:
        return {name for name in archive.namelist() if not name.endswith("/")}


def test_wheel_carries_the_whole_catalogue(carried, checkout) -> None:
    catalogue = {path.relative_to(checkout).as_posix() for path in (checkout / "models").rglob("*.toml")}
    assert len(catalogue) >= 21
    models = {name for name in carried if name.startswith("bayes_scaling/models/") and name.endswith(".toml")}
    assert models == {f"bayes_scaling/{name}" for name in catalogue}


def test_wheel_carries_the_whole_package_and_its_tables(carried, checkout) -> None:
    package = {
        path.relative_to(checkout).as_posix() for path in (checkout / "bayes_scaling").rglob("*") if path.is_file()
    }
    assert package >= {"bayes_scaling/data/ho2024.csv", "bayes_scaling/data/collected.csv", "bayes_scaling/py.typed"}
    assert package <= carried


def test_wheel_carries_the_licence_unchanged(wheel, carried, checkout) -> None:
    (licence,) = (name for name in carried if name.endswith("dist-info/licenses/LICENSE"))
    with zipfile.ZipFile(wheel) as archive:
        assert archive.read(licence) == (checkout / "LICENSE").read_bytes()


def test_wheel_carries_no_tests_and_nothing_else_of_the_repository(carried) -> None:
    assert {name.split("/")[0].partition("-")[0] for name in carried} == {"bayes_scaling"}
    of_tests = [name for name in carried if Path(name).name.startswith(("test_", "conftest")) or "/tests/" in name]
    assert not [*of_tests, *(name for name in carried if name.endswith(".ipynb"))]


@pytest.fixture(scope="session")
def installed(wheel, tmp_path_factory) -> Path:
    """Folder of the programs of an environment that holds the wheel and what it needs, and nothing else."""
    home = tmp_path_factory.mktemp("elsewhere")
    uv = shutil.which("uv", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}")
    assert uv, "uv is in the test extra"
    run(uv, "venv", "--no-project", "--python", sys.executable, home / "env", cwd=home)
    programs = home / "env" / "bin"
    install = [uv, "pip", "install", "--python", programs / "python", "-c", ROOT / "constraints.txt", wheel]
    done = subprocess.run(list(map(str, install)), cwd=home, env=environment(), capture_output=True, text=True)
    if done.returncode:
        offline = any(sign in done.stderr.lower() for sign in UNREACHABLE)
        if offline and os.environ.get("CI", "").lower() != "true":
            pytest.skip(f"the package index can't be reached, so the wheel can't be installed: {done.stderr[-300:]}")
        pytest.fail(done.stderr)
    run(uv, "pip", "check", "--python", programs / "python", cwd=home)
    return programs


def test_installed_package_is_the_one_imported(installed, tmp_path) -> None:
    script = (
        "import json, bayes_scaling as bs; from bayes_scaling.specifications.catalogue import catalogue_directory;"
        "print(json.dumps([bs.__file__, str(catalogue_directory()), len(bs.load_evaluations('collected'))]))"
    )
    module, catalogue, rows = json.loads(run(installed / "python", "-c", script, cwd=tmp_path))
    environment_folder = installed.parent.resolve()
    assert environment_folder in Path(module).resolve().parents
    assert Path(catalogue).resolve() == Path(module).resolve().parent / "models"
    assert rows == 297


def test_installed_models_lists_the_catalogue(installed, tmp_path) -> None:
    out = run(installed / "bayes-scaling", "models", cwd=tmp_path)
    assert "ho2024/01" in out
    assert "reference" in out


@pytest.mark.slow
def test_installed_fit_writes_a_run(installed, tmp_path) -> None:
    settings = ("--draws", "100", "--tune", "100", "--chains", "2", "--output", "run")
    run(installed / "bayes-scaling", "fit", "ho2024/16", *settings, cwd=tmp_path, codes=(0, 1))
    assert {path.name for path in (tmp_path / "run").iterdir()} == {"fit.nc", "summary.json"}
    summary = json.loads((tmp_path / "run" / "summary.json").read_text(encoding="utf-8"))
    assert summary["specification"] == "ho2024/16"
    assert summary["evaluations"]["rows"] == 231
