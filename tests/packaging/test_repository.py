"""The repository itself: pins, no lock files, nothing of the machine it was written on, one test command."""

import re
import subprocess
import tomllib
from fnmatch import fnmatch
from itertools import chain
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]

LOCK_FILES = (
    "*.lock",
    "pylock*.toml",
    "package-lock.json",
    "npm-shrinkwrap.json",
    "pnpm-lock.yaml",
    "conda-lock.y*ml",
    "pixi.lock",
)
MACHINE_PATH = re.compile(r"(?<![\w.-])/(?:work/|root/|home/\w)")
REGISTRY_HOST = re.compile(r"pypi\.org|files\.pythonhosted\.org|registry\.npmjs\.org", re.IGNORECASE)


@pytest.fixture(scope="module")
def tracked() -> list[Path]:
    if not (ROOT / ".git").exists():
        pytest.skip("not a git checkout")
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return [ROOT / name for name in filter(None, listed.split("\0")) if (ROOT / name).is_file()]


@pytest.fixture(scope="module")
def project() -> dict:
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


@pytest.fixture(scope="module")
def pins() -> dict[str, str]:
    """Package to version."""
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pairs = [line.partition("==") for line in lines if line and not line.startswith("#")]
    assert all(equals and version for _, equals, version in pairs)
    return {canonicalize_name(name): version for name, _, version in pairs}


def test_no_lock_file_is_tracked(tracked) -> None:
    assert not [path for path in tracked if any(fnmatch(path.name, pattern) for pattern in LOCK_FILES)]


@pytest.mark.parametrize("pattern", [MACHINE_PATH, REGISTRY_HOST], ids=["path of a machine", "host of a registry"])
def test_no_tracked_text_names_a(pattern, tracked) -> None:
    found = []
    for path in tracked:
        try:
            lines = path.read_text(encoding="utf-8").splitlines()
        except UnicodeDecodeError:  # not text
            continue
        place = path.relative_to(ROOT)
        found += [f"{place}:{number}: {line[:99]}" for number, line in enumerate(lines, 1) if pattern.search(line)]
    assert not found, "\n".join(found)


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("see /" + "work/shared", True),
        ("'/" + "home/ann/x'", True),
        ("https://example.org/" + "work/1", False),
        ("../" + "work/x", False),
    ],
)
def test_paths_of_machines_are_told_from_addresses(text, wrong) -> None:
    assert bool(MACHINE_PATH.search(text)) == wrong


def test_constraints_pin_every_direct_dependency_within_its_range(project, pins) -> None:
    for requirement in map(Requirement, chain(project["dependencies"], *project["optional-dependencies"].values())):
        name = canonicalize_name(requirement.name)
        if name != project["name"]:
            assert name in pins, f"constraints.txt does not pin {name}"
            assert requirement.specifier.contains(pins[name], prereleases=True), f"{requirement}: pinned {pins[name]}"


def test_every_build_requirement_can_be_pinned(pins) -> None:
    build = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["build-system"]["requires"]
    for requirement in map(Requirement, build):
        assert requirement.specifier.contains(pins[canonicalize_name(requirement.name)])


def test_readmes_test_command_is_what_ci_runs() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    blocks = re.findall(r"^<!-- test command -->\n```bash\n(.*?)\n```$", readme, flags=re.MULTILINE | re.DOTALL)
    assert len(blocks) == 1
    (line,) = re.findall(r"^test_command=.*$", (ROOT / ".ci" / "run").read_text(encoding="utf-8"), flags=re.MULTILINE)
    script = f'set -euo pipefail\n{line}\nprintf "%s" "$test_command"'
    extracted = subprocess.run(["bash", "-c", script], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert extracted == blocks[0]
    assert "pytest" in extracted
