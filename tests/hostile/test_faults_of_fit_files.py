"""Fit files that are cut, damaged, swollen or something else: refused, and nothing in them is run."""

import ast
import io
import json
import os
import pickle
import subprocess
import sys
import zipfile
from dataclasses import replace
from pathlib import Path

import h5py
import numpy as np
import pytest
from made_fit_files import small_fit

import bayes_scaling as bs
from bayes_scaling.errors import FitFileError
from bayes_scaling.inference.result import read_fit

pytestmark = pytest.mark.fault("Fit files")


@pytest.fixture(scope="module")
def content() -> bytes:
    return small_fit().to_bytes()


def test_what_is_whole_is_read(content) -> None:
    assert read_fit(content, "fit.nc").fingerprint == small_fit().fingerprint


def test_a_file_cut_anywhere_is_refused(content) -> None:
    for length in (0, 1, 8, *range(16, len(content), len(content) // 150), len(content) - 1):
        with pytest.raises(FitFileError):
            read_fit(content[:length], "fit.nc")


def test_a_changed_byte_anywhere_is_seen(content) -> None:
    for place in range(0, len(content), len(content) // 300):
        damaged = bytearray(content)
        damaged[place] ^= 0x10
        with pytest.raises(FitFileError):
            read_fit(bytes(damaged), "fit.nc")


def test_a_file_without_its_seal_is_refused_and_one_of_an_earlier_version_is_read(content, monkeypatch) -> None:
    end = content.rindex(b"\nbayes-scaling sha256 ")
    with pytest.raises(FitFileError, match="cut short, or changed since it was written"):
        read_fit(content[:end], "fit.nc")
    monkeypatch.setattr("bayes_scaling.inference.result.json.dumps", _without_seal(json.dumps))
    earlier = small_fit().to_bytes()
    assert read_fit(earlier[: earlier.rindex(b"\nbayes-scaling sha256 ")], "fit.nc").seed == 0


def _without_seal(dumps):
    return lambda header, **settings: dumps({key: header[key] for key in header if key != "sealed"}, **settings)


class Trap:
    """Leaves a file where it is unpickled."""

    def __reduce__(self):
        return (os.mkdir, ("trapped",))


def _npz() -> bytes:
    buffer = io.BytesIO()
    np.savez(buffer, trap=np.array([Trap()], dtype=object))
    return buffer.getvalue()


def _zipped() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("fit.nc", bytes(10_000_000))
    return buffer.getvalue()


OTHERS = {
    "empty": b"",
    "text": b"hello",
    "a web page": b"<!doctype html><script>alert(1)</script>",
    "a pickle": pickle.dumps(Trap()),
    "a pickle behind a magic number": b"\x89HDF\r\n\x1a\n" + pickle.dumps(Trap()),
    "arrays with a pickle": _npz(),
    "a zip": _zipped(),
    "NetCDF 3": b"CDF\x01" + bytes(28),
    "zeros": bytes(100_000),
}


@pytest.mark.parametrize("kind", OTHERS)
def test_another_program_s_file_is_refused_and_not_run(kind, refused, tmp_path) -> None:
    (tmp_path / "fit.nc").write_bytes(OTHERS[kind])
    assert "fit.nc: " in refused("allocate", "--compute", "1e24", "--fit", "fit.nc")
    assert not (tmp_path / "trapped").exists()


def _altered(content: bytes, tmp_path: Path, change) -> bytes:
    """A file of an earlier version, without a seal, after a change."""
    path = tmp_path / "altered.h5"
    path.write_bytes(content[: content.rindex(b"\nbayes-scaling sha256 ")])
    with h5py.File(path, "a") as file:
        header = json.loads(file.attrs["bayes_scaling_fit"])
        del header["sealed"]
        file.attrs["bayes_scaling_fit"] = json.dumps(header)
        change(file)
    return path.read_bytes()


def _undated(file: h5py.File) -> None:
    header = json.loads(file.attrs["bayes_scaling_fit"])
    del header["date"]
    file.attrs["bayes_scaling_fit"] = json.dumps(header)


def test_the_date_of_a_fit_is_kept_and_one_that_is_none_is_refused(content, tmp_path) -> None:
    dated = replace(small_fit(), date="2024-02-29")
    assert read_fit(dated.to_bytes(), "fit.nc").date == "2024-02-29"
    assert read_fit(_altered(dated.to_bytes(), tmp_path, _undated), "fit.nc").date == ""  # of an earlier version
    with pytest.raises(FitFileError, match="not a readable fit"):
        read_fit(replace(dated, date="2024}, url = {https://example.org").to_bytes(), "fit.nc")


def _bomb(file: h5py.File) -> None:
    file["posterior"].create_dataset("bomb", (10**10,), "f8", chunks=(10**6,), compression="gzip")


def _claim(file: h5py.File) -> None:
    file["posterior"].create_dataset("claim", (10**6, 10**6), "f8")


def _pickled(file: h5py.File) -> None:
    file["posterior"].attrs["trap"] = np.void(pickle.dumps(Trap()))
    file.attrs["pickle"] = np.void(pickle.dumps(Trap()))


def _linked(file: h5py.File) -> None:
    del file["posterior"]
    file["posterior"] = h5py.ExternalLink("secret.h5", "/posterior")


def _nested(file: h5py.File) -> None:
    file.attrs["bayes_scaling_fit"] = "[" * 30_000 + "]" * 30_000


def _not_json(file: h5py.File) -> None:
    file.attrs["bayes_scaling_fit"] = "{'draws': __import__('os').mkdir('trapped')}"


@pytest.mark.parametrize("change", [_bomb, _claim, _linked, _nested, _not_json], ids=lambda change: change.__name__[1:])
def test_a_forged_file_is_refused(change, content, refused, tmp_path) -> None:
    forged = _altered(content, tmp_path, change)
    (tmp_path / "fit.nc").write_bytes(forged)
    with h5py.File(tmp_path / "secret.h5", "w") as secret:
        secret.create_group("posterior")
    assert "fit.nc: " in refused("allocate", "--compute", "1e24", "--fit", "fit.nc")
    assert not (tmp_path / "trapped").exists()


def test_a_pickle_in_an_attribute_stays_bytes(content, monkeypatch, tmp_path) -> None:
    monkeypatch.chdir(tmp_path)
    forged = _altered(content, tmp_path, _pickled)
    monkeypatch.setattr(pickle, "loads", lambda *_: pytest.fail("unpickled"))
    monkeypatch.setattr(pickle, "load", lambda *_: pytest.fail("unpickled"))
    read_fit(forged, "fit.nc")
    assert not (tmp_path / "trapped").exists()


@pytest.mark.parametrize("kind", ["folder", "fifo", "device"])
def test_what_is_no_file_is_refused(kind, refused, tmp_path) -> None:
    if kind == "folder":
        (tmp_path / "fit.nc").mkdir()
    elif kind == "fifo":
        os.mkfifo(tmp_path / "fit.nc")
    else:
        (tmp_path / "fit.nc").symlink_to("/dev/zero")
    assert "no such fit" in refused("allocate", "--compute", "1e24", "--fit", "fit.nc")


PACKAGE = Path(bs.__file__).parent
CALLS = {"eval", "exec", "compile", "__import__", "system", "popen", "read_pickle", "to_pickle", "load_module"}
MODULES = {"pickle", "shelve", "marshal", "dill", "cloudpickle", "joblib", "yaml"}
BETWEEN_PROCESSES = {"studies/executors.py"}
"""What travels between a process and the workers that it started, and never a file."""
MACHINE_CODE = {"inference/program_files.py"}
"""The user's own cache of compiled programs: code by intent, which nobody hands on and no file of results leads to."""


def test_no_path_of_the_package_runs_what_a_file_says() -> None:
    found = []
    for path in sorted(PACKAGE.rglob("*.py")):
        place = path.relative_to(PACKAGE).as_posix()
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import | ast.ImportFrom):
                names = {alias.name for alias in node.names} | {getattr(node, "module", None)}
                if names & MODULES and place not in BETWEEN_PROCESSES | MACHINE_CODE:
                    found.append(f"{place}:{node.lineno} imports {names & MODULES}")
            if isinstance(node, ast.Call):
                function = node.func
                name = function.id if isinstance(function, ast.Name) else getattr(function, "attr", "")
                pure = isinstance(function, ast.Attribute) and ast.unparse(function.value) in (
                    "re",
                    "pt",
                    "pytensor",
                    "model",
                    "jitted",
                )
                if name in CALLS and not pure:
                    found.append(f"{place}:{node.lineno} calls {name}")
                for keyword in node.keywords:
                    if keyword.arg in ("allow_pickle", "shell") and ast.unparse(keyword.value) != "False":
                        found.append(f"{place}:{node.lineno} {keyword.arg}")
                if name == "load" and ast.unparse(function) in ("np.load", "numpy.load", "torch.load"):
                    found.append(f"{place}:{node.lineno} loads arrays")
    assert found == []


WATCHED = """
import os, sys
import bayes_scaling as bs
from bayes_scaling.inference.result import read_fit
content = open(sys.argv[1], "rb").read()
read_fit(content, "warm")  # whatever is imported late is imported now
seen = []
sys.addaudithook(lambda event, arguments: seen.append(event) if event in sys.argv[2:] else None)
read_fit(content, "fit")
print(seen)
"""


@pytest.mark.whole
def test_reading_a_fit_unpickles_starts_and_fetches_nothing(content, tmp_path) -> None:
    (tmp_path / "fit.nc").write_bytes(content)
    events = ("pickle.find_class", "marshal.loads", "os.system", "subprocess.Popen", "socket.connect")
    ended = subprocess.run(
        [sys.executable, "-c", WATCHED, str(tmp_path / "fit.nc"), *events], capture_output=True, text=True, timeout=100
    )
    assert ended.stdout == "[]\n", ended.stderr
