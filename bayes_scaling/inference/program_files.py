"""A cache of machine code: compiled objects in files whose names hold all that the code depends on."""

import base64
import contextlib
import ctypes
import hashlib
import itertools
import json
import os
import pickle
import platform
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any, Self

from bayes_scaling.common.files import write_whole

CACHE_VARIABLE = "BAYES_SCALING_CACHE"  # environment variable that names another directory for compiled programs
_PACKAGES = ("bayes-scaling", "pymc", "pytensor", "numba", "llvmlite", "numpy", "nutpie")
_DIGEST = 64
_ENVIRONMENT = re.compile(rb"_ZN08NumbaEnv[\w.$]+")
"""Names in machine code by which numba's functions find Python objects."""
_NOTHING = base64.b64encode(pickle.dumps([]))


@dataclass(frozen=True)
class CompiledObjects:
    """Compiled objects with what is needed to call them: the content of a file of the cache."""

    header: Mapping[str, Any]
    objects: tuple[bytes, ...]

    @classmethod
    def read(cls, name: str) -> Self | None:
        """What was kept under a name; None where there is nothing, or nothing whole."""
        try:
            content = _file(name).read_bytes()
        except (OSError, RuntimeError):  # no such file; or no home at all
            return None
        digest, body = content[:_DIGEST], content[_DIGEST:]
        if hashlib.sha256(body).hexdigest().encode() != digest:
            return None
        first, _, rest = body.partition(b"\n")
        header = json.loads(first)
        if not all(_resolves(symbol) for symbol in header["externals"]):
            return None
        ends = itertools.accumulate(header["sizes"], initial=0)
        return cls(header, tuple(rest[a:b] for a, b in itertools.pairwise(ends)))

    def write(self, name: str) -> None:
        """Keep it for other processes, which compile again where it can't be kept."""
        if self.header["bound"]:
            return
        header = json.dumps(dict(self.header) | {"sizes": [len(each) for each in self.objects]}).encode()
        body = header + b"\n" + b"".join(self.objects)
        with contextlib.suppress(OSError, RuntimeError):
            write_whole(_file(name), hashlib.sha256(body).hexdigest().encode() + body)

    @classmethod
    def of(cls, functions: Sequence[tuple[Any, str]], **header: Any) -> Self:
        """Objects of compiled libraries, each with the symbol to call."""
        libraries = [library for library, _ in functions]
        externals = {
            function.name
            for library in libraries
            for function in library._final_module.functions
            if function.is_declaration and not function.name.startswith("llvm.")
        }
        return cls(
            header
            | {
                "symbols": [symbol for _, symbol in functions],
                "externals": sorted(externals),
                # Addresses of this process are written into the code: no other process can use it.
                "bound": any(library.has_dynamic_globals for library in libraries),
                "constants": [_constants(library) for library in libraries],
            },
            tuple(library.serialize_using_object_code()[2][0] for library in libraries),
        )

    def load(self) -> list[tuple[Any, int]]:
        """Engines that hold the code, to be kept alive, each with the address of its function."""
        from llvmlite import binding
        from numba.core.environment import Environment

        found = []
        header = self.header
        for symbol, constants, content in zip(header["symbols"], header["constants"], self.objects, strict=True):
            machine = binding.Target.from_default_triple().create_target_machine(codemodel="jitdefault", jit=True)
            engine = binding.create_mcjit_compiler(binding.parse_assembly(""), machine)
            engine.add_object_file(binding.ObjectFileRef.from_data(content))
            engine.finalize_object()
            address = engine.get_function_address(symbol)
            if not address:
                raise LookupError(f"compiled code lacks {symbol}")
            environments = []
            for name in {each.decode() for each in _ENVIRONMENT.findall(content)}:
                place = engine.get_global_value_address(name)
                if place:
                    environment = Environment({})
                    environment.consts.extend(pickle.loads(base64.b64decode(constants.get(name, _NOTHING))))
                    ctypes.c_void_p.from_address(place).value = id(environment)
                    environments.append(environment)
            found.append(((engine, environments), address))
        return found


def _constants(library: Any) -> dict[str, str]:
    """Python objects that compiled functions refer to, such as the type of a new array, pickled."""
    from numba.core.environment import lookup_environment

    found = {}
    for variable in library._final_module.global_variables:
        environment = lookup_environment(variable.name)
        if environment is not None and environment.consts:
            found[variable.name] = base64.b64encode(pickle.dumps(list(environment.consts))).decode()
    return found


def cache_directory() -> Path:
    """Where compiled programs are kept, to be deleted at any time; raises RuntimeError without a home directory."""
    if named := os.environ.get(CACHE_VARIABLE):
        return Path(named)
    import platformdirs

    return Path(platformdirs.user_cache_dir("bayes-scaling", appauthor=False)) / "programs"


def _file(name: str) -> Path:
    key = json.dumps({"program": name} | _environment(), sort_keys=True)
    return cache_directory() / f"{hashlib.sha256(key.encode()).hexdigest()}.bin"


@cache
def _environment() -> dict[str, Any]:
    """Everything but structure and data on which machine code depends, our own source among it."""
    from llvmlite import binding

    package = Path(__file__).parents[1]
    rooms = ("inference", "law", "model", "specifications", "studies/approaches")
    files = (file for room in rooms for file in (package / room).iterdir())
    sources = sorted(file for file in files if file.suffix in (".py", ".toml"))
    return {
        "versions": {package: version(package) for package in _PACKAGES} | {"python": platform.python_version()},
        "processor": [binding.get_host_cpu_name(), binding.get_host_cpu_features().flatten()],
        "source": hashlib.sha256(b"".join(file.read_bytes() for file in sources)).hexdigest(),
    }


def _resolves(symbol: str) -> bool:
    """Whether a function that compiled code calls is there: LLVM would end the process where it is not."""
    from llvmlite import binding
    from numba.core.registry import cpu_target
    from numba.core.runtime import rtsys

    rtsys.initialize(cpu_target.target_context)  # which makes numba's own known
    return binding.address_of_symbol(symbol) is not None
