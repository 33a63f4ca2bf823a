"""Log densities as machine code: compiled once, kept between processes, and handed their data as two arrays.

Compiling takes 5 to 15 s, most of it in numba and LLVM, and depends on a model's structure, not on its data. So data
are arguments, packed into one array of floats and one of integers, and the compiled object is kept in a file
(:mod:`bayes_scaling.inference.program_files`) that another process loads in milliseconds, without PyMC or PyTensor.
nutpie calls it through two small callbacks, kept in the same way. Where versions of numba, PyTensor or nutpie work
otherwise, nutpie compiles in every process, and a :class:`~bayes_scaling.errors.CompilationWarning` says so.
"""

import contextlib
import gc
import math
import time
import warnings
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from bayes_scaling.common.arrays import Floats, Integers
from bayes_scaling.errors import CompilationWarning
from bayes_scaling.inference.effects import Effects, packed, to_model, to_sampler
from bayes_scaling.inference.program_files import CompiledObjects
from bayes_scaling.inference.transforms import TRANSFORMS
from bayes_scaling.specifications.laws import SIZES
from bayes_scaling.specifications.priors import Support

if TYPE_CHECKING:
    import pymc as pm

Values = Mapping[str, Any]
Start = Callable[[Any], Floats]  # from a seed to the unconstrained point at which a chain starts


class FreeVariable(NamedTuple):
    """A part of the unconstrained point: a free variable's name, shape, and what its values are constrained to."""

    name: str
    shape: tuple[int, ...]
    support: Support


@dataclass(frozen=True)
class Compiled:
    """A log density with its data, ready for nutpie; ``seconds`` of compilation are 0 for a program from the cache.

    ``effects`` have coordinates of their own (:mod:`bayes_scaling.inference.effects`), which ``data`` determine.
    """

    model: Any
    variables: tuple[FreeVariable, ...]
    seconds: float
    effects: tuple[Effects, ...] = ()
    data: Values = field(default_factory=dict)

    def starting_at(self, start: Start) -> Any:
        """Nutpie's model with this starting point."""
        return replace(self.model, initial_point_func=start)

    def point(self, values: Mapping[str, Any]) -> Floats:
        """The unconstrained point at which free variables have given values."""
        parts = [TRANSFORMS[each.support].forward(np.asarray(values[each.name], float)) for each in self.variables]
        return to_sampler(self.effects, np.concatenate([np.ravel(part) for part in parts]), self.data)

    def values(self, draws: Floats) -> dict[str, Floats]:
        """Values of free variables at unconstrained points, shape ``(..., dimensions)``, each ``(..., *shape)``."""
        draws, values, at = to_model(self.effects, draws, self.data), {}, 0
        for name, shape, support in self.variables:
            part = draws[..., at : at + math.prod(shape)].reshape((*draws.shape[:-1], *shape))
            values[name], at = TRANSFORMS[support].backward(part), at + math.prod(shape)
        return values

    def log_density(self, point: Floats) -> tuple[float, Floats]:
        """Log density and gradient at an unconstrained point; raises ArithmeticError where either is not finite."""
        import ctypes

        point = np.ascontiguousarray(point, dtype=float)
        gradient, value = np.empty_like(point), np.empty(())
        doubles = ctypes.c_void_p
        function = ctypes.CFUNCTYPE(ctypes.c_int64, ctypes.c_uint64, doubles, doubles, doubles, doubles)
        call = function(self.model.compiled_logp_func.address)
        arrays = (each.ctypes.data for each in (point, gradient, value, self.model.user_data))
        code = call(point.size, *arrays)
        if code:
            raise ArithmeticError(f"the log density is not finite there (code {code})")
        return float(value), gradient


type _Program = _Addressed | _Nutpies
_LOADED: dict[str, _Program] = {}  # programs of this process by structure


class ByHand(NamedTuple):
    """A log density with its gradient, written for numba: a function of the point, ``floats`` and ``integers``.

    The first four integers say where each begins; the rest are the ``values`` called ``floats`` and ``sizes``.
    """

    function: Callable[[Floats, Floats, Integers], tuple[Floats, Floats]]
    variables: tuple[FreeVariable, ...]


def compiled(structure: str, build: "Callable[[], pm.Model | ByHand]", values: Values) -> Compiled:
    """A structure's log density on data, ``values`` of ``pm.Data`` by name.

    ``structure`` names all on which the program depends, besides versions and processor. ``build`` is called only if
    the cache has no program.
    """
    seconds = 0.0
    if structure not in _LOADED:
        start = time.perf_counter()
        _LOADED[structure], fresh = _program(structure, build)
        seconds = time.perf_counter() - start if fresh else 0.0
    return _LOADED[structure].on(values, seconds)


def _program(structure: str, build: "Callable[[], pm.Model | ByHand]") -> tuple[_Program, bool]:
    """A program from the cache or compiled, and whether it was compiled."""
    try:
        kept = CompiledObjects.read(structure)
        if kept is not None:
            return _Addressed.load(kept), False
    except Exception as error:  # whatever numba raises where it has changed
        _warn(error)
        return _compile_for_this_process(build()), True
    source = build()  # whose own faults are no reason to compile it otherwise
    try:
        by_hand = isinstance(source, ByHand)
        made = _kept(_jitted(source), source.variables, _ARRAYS_BY_HAND) if by_hand else _compile(source)
        made.write(structure)
        return _Addressed.load(made), True
    except Exception as error:
        _warn(error)
        return _compile_for_this_process(source), True


def _warn(error: Exception) -> None:
    warnings.warn(
        f"these versions of numba, PyTensor and nutpie do not let compiled models be kept ({type(error).__name__}: "
        f"{error}); nutpie compiles instead, some 20 s in every process",
        CompilationWarning,
        stacklevel=4,
    )


# ---------------------------------------------------------------------- programs


class _At(NamedTuple):
    address: int


@dataclass(frozen=True)
class _Addressed:
    variables: tuple[FreeVariable, ...]
    arrays: tuple[tuple[str, str], ...]
    library: Any
    address: int
    callbacks: list[tuple[Any, int]]

    @classmethod
    def load(cls, kept: CompiledObjects) -> "_Addressed":
        ((library, address),) = kept.load()
        variables = tuple(
            FreeVariable(name, tuple(shape), support) for name, shape, support in kept.header["variables"]
        )
        arrays = [(name, kind) for name, kind in kept.header["arrays"]]
        return cls(variables, tuple(arrays), library, address, _callbacks(bool(_effects_among(variables))))

    def on(self, values: Values, seconds: float) -> Compiled:
        from nutpie.compile_pymc import CompiledPyMCModel

        size, effects = _size(self.variables), _effects_among(self.variables)
        for each in effects:
            values = {**each.without_information(), **values}
        arrays = (*_packed(self.arrays, values), *packed(effects, values))
        table = np.array([self.address, *(number for each in arrays for number in (each.ctypes.data, each.size))])
        (density, density_address), (expand, expand_address) = self.callbacks
        model = CompiledPyMCModel(
            dims={},
            compiled_logp_func=_At(density_address),
            compiled_expand_func=_At(expand_address),
            initial_point_func=lambda seed: np.zeros(size),
            shared_data=dict(zip(("floats", "integers", "places", "numbers"), arrays, strict=True)),
            shared_var_keys={},
            user_data=table,
            n_expanded=0,
            shape_info=([], [], []),
            logp_func=(self.library, density, expand),  # kept alive with the model
            expand_func=None,
            _n_dim=size,
            _shapes={},
            _coords={},
            reparameterized_names=[],
        )
        return Compiled(model, self.variables, seconds, effects, values)


@dataclass(frozen=True)
class _Nutpies:
    variables: tuple[FreeVariable, ...]
    model: Any

    def on(self, values: Values, seconds: float) -> Compiled:
        names = {variable.name for variable in self.model.shared_var_keys}
        data = {name: value for name, value in values.items() if name in names}
        return Compiled(self.model.with_data(**data), self.variables, seconds)


def _compile_for_this_process(source: "pm.Model | ByHand") -> _Program:
    """A program by numba's and nutpie's public means alone, which can't be kept."""
    import nutpie

    if isinstance(source, ByHand):
        density, expand = _callback_functions(_jitted(source))
        callbacks = [(density, density.address), (expand, expand.address)]
        return _Addressed(source.variables, _ARRAYS_BY_HAND, None, 0, callbacks)
    with _compiling():
        return _Nutpies(_variables_of(source), nutpie.compile_pymc_model(source, jitter_rvs=set(), var_names=[]))


def _variables_of(model: "pm.Model") -> tuple[FreeVariable, ...]:
    supports: Mapping[str, Support] = {"NoneType": "real", "LogTransform": "positive", "LogOddsTransform": "unit"}
    point = model.initial_point()
    return tuple(
        FreeVariable(
            variable.name,
            point[model.rvs_to_values[variable].name].shape,
            supports[type(model.rvs_to_transforms[variable]).__name__],
        )
        for variable in model.free_RVs
    )


def _size(variables: tuple[FreeVariable, ...]) -> int:
    return sum(math.prod(each.shape) for each in variables)


def _effects_among(variables: tuple[FreeVariable, ...]) -> tuple[Effects, ...]:
    """Variables that data know as a product with another: ``NAME_standardised`` by ``NAME_sd``; rates by exponents.

    A rate is one where a term declines by it times the exponent, which is then the one number that the data have on it.
    """
    begins = np.cumsum([0, *(math.prod(each.shape) for each in variables)]).tolist()
    places = {each.name: slice(*ends) for each, *ends in zip(variables, begins, begins[1:], strict=False)}
    stems = [name.removesuffix("_standardised") for name in places if name.endswith("_standardised")]
    products = [(stem, f"{stem}_standardised", f"{stem}_sd") for stem in stems]
    for size in SIZES.values():
        declines = f"{size.rate}_central"
        products += [(declines, declines, exponent) for exponent in (size.exponent, f"{size.exponent}_base")]
    single = {name for name, place in places.items() if place.stop - place.start == 1}
    return tuple(
        Effects(name, places[other].start, places[own], begins[-1])
        for name, own, other in products
        if own in places and other in single
    )


@contextlib.contextmanager
def _compiling() -> Iterator[None]:
    """Without a warning, and without a search for garbage: a quarter of the time, for objects that live to the end."""
    collects = gc.isenabled()
    gc.disable()
    try:
        with warnings.catch_warnings():
            # PyTensor looks for a C compiler's BLAS that the numba backend does not use.
            warnings.filterwarnings("ignore", message=".*BLAS.*")
            # Without a C compiler it counts operands as NumPy's functions have to, where numba has no such limit.
            warnings.filterwarnings("ignore", message="Loop fusion failed")
            yield
    finally:
        if collects:
            gc.enable()


@contextlib.contextmanager
def _each_function_once() -> Iterator[None]:
    """Compile PyTensor's operations of one kind on the same types once: hundreds alike take most of the time."""
    from pytensor.link.numba.dispatch import basic

    made: dict[Any, Any] = {}
    separately = basic.numba_funcify_ensure_cache

    def once(operation: Any, *arguments: Any, node: Any = None, **further: Any) -> tuple[Any, None]:
        function, key = basic.numba_funcify_and_cache_key(operation, *arguments, node=node, **further)
        if key is None or node is None:
            return function, None
        types = tuple(str(each.type) for each in (*node.inputs, *node.outputs))
        return made.setdefault((key, types), function), None  # without a key PyTensor keeps nothing of its own

    basic.numba_funcify_ensure_cache = once
    try:
        yield
    finally:
        basic.numba_funcify_ensure_cache = separately


def _compile(model: "pm.Model") -> CompiledObjects:
    """Compile a model's log density and gradient as a function of the unconstrained point and two arrays of data."""
    import pytensor
    import pytensor.tensor as pt
    from pymc.pytensorf import compile as compile_function
    from pytensor.compile.sharedvalue import SharedVariable
    from pytensor.graph.replace import clone_replace
    from pytensor.graph.rewriting.utils import rewrite_graph
    from pytensor.graph.traversal import graph_inputs

    variables = _variables_of(model)
    values = [model.rvs_to_values[variable] for variable in model.free_RVs]
    density = rewrite_graph(model.logp(), include=["canonicalize", "stabilize"])
    gradient = pt.concatenate([part.ravel() for part in pt.grad(density, values)])
    # How many levels a group has is part of the structure.
    lengths = {each: pt.constant(each.get_value()) for each in model.dim_lengths.values() if hasattr(each, "get_value")}
    shared = {each for each in graph_inputs([density]) if isinstance(each, SharedVariable)}
    data = sorted(shared - set(lengths), key=lambda variable: str(variable.name))
    point = pt.TensorType("float64", shape=(_size(variables),))("point")
    floats, integers = pt.dvector("floats"), pt.lvector("integers")
    replaced: dict[Any, Any] = _unpacked(data, floats, integers) | lengths
    at = 0
    for value, each in zip(values, variables, strict=True):
        replaced[value] = point[at : at + math.prod(each.shape)].reshape(each.shape)
        at += math.prod(each.shape)
    outputs = clone_replace([density, gradient], replaced)
    # PyTensor's own cache of compiled functions does not see all that decides them, and ours serves in its place.
    with model, _compiling(), _each_function_once(), pytensor.config.change_flags(numba__cache=False):
        function = compile_function((point, floats, integers), outputs, mode="NUMBA", on_unused_input="ignore")
        arrays = tuple((str(each.name), np.dtype(each.type.dtype).kind) for each in data)
        return _kept(function.vm.jit_fn, variables, arrays)


_ARRAYS_BY_HAND = (("floats", "f"), ("sizes", "i"))


def _jitted(source: ByHand) -> Any:
    import numba

    # Sums may be taken in any order, which lets several rows be worked on at once; infinities stay what they are.
    return numba.njit(fastmath={"reassoc", "contract", "arcp", "nsz"}, error_model="numpy")(source.function)


def _kept(jitted: Any, variables: tuple[FreeVariable, ...], arrays: tuple[tuple[str, str], ...]) -> CompiledObjects:
    from numba import float64, int64

    jitted.compile((float64[::1], float64[::1], int64[::1]))
    (result,) = jitted.overloads.values()
    if result.signature.return_type != _result_type():
        raise TypeError(f"a compiled function returns {result.signature.return_type}")
    return CompiledObjects.of([(result.library, result.fndesc.mangled_name)], variables=variables, arrays=arrays)


def _unpacked(data: "list[Any]", floats: Any, integers: Any) -> dict[Any, Any]:
    """Each shared variable as a part of two vectors; where it begins and its shape come first in the integers."""
    replaced: dict[Any, Any] = {}
    header = 0
    for variable in data:
        source = floats if np.dtype(variable.type.dtype).kind == "f" else integers
        begin, shape = integers[header], [integers[header + 1 + axis] for axis in range(variable.type.ndim)]
        header += 1 + variable.type.ndim
        if not shape:
            part = source[begin]
        else:
            part = source[begin : begin + math.prod(shape[1:], start=shape[0])]
            part = part.reshape(shape) if len(shape) > 1 else part
        replaced[variable] = variable.type.filter_variable(part.astype(variable.type.dtype))
    return replaced


def _packed(arrays: tuple[tuple[str, str], ...], values: Values) -> tuple[Floats, Integers]:
    """The two vectors of which :func:`_unpacked` makes data again."""
    parts = {name: np.asarray(values[name]) for name, _ in arrays}
    header: list[int] = []
    packed: dict[str, list[Any]] = {"f": [], "i": []}
    sizes = {"f": 0, "i": sum(1 + part.ndim for part in parts.values())}
    for name, kind in arrays:
        header += [sizes[kind], *parts[name].shape]
        packed[kind].append(np.ravel(parts[name]))
        sizes[kind] += parts[name].size
    return (
        np.concatenate([*packed["f"], np.empty(0)]).astype(float),
        np.concatenate([header, *packed["i"]]).astype(np.int64),
    )


# ---------------------------------------------------------------------- what nutpie calls


def _result_type() -> Any:
    from numba import types

    return types.Tuple((types.Array(types.float64, 0, "C"), types.Array(types.float64, 1, "C")))


# Without effects, in place of the loops of `effects_at_a_point`, which take a second or more to compile.
def _as_it_is(point: Any, places: Any, numbers: Any) -> tuple[Any, float]:
    return point, 0.0


def _copied(point: Any, slope: Any, places: Any, numbers: Any, gradient: Any) -> None:
    for i in range(len(gradient)):
        gradient[i] = slope[i]


@cache
def _callbacks(effects: bool) -> list[tuple[Any, int]]:
    """What nutpie calls for a log density and for further variables, the same for all programs of a kind."""
    name = "callbacks with effects" if effects else "callbacks"
    kept = CompiledObjects.read(name)
    if kept is None:
        kept = CompiledObjects.of(
            [(each._library, each._wrapper_name) for each in _callback_functions(effects=effects)]
        )
        kept.write(name)
    return kept.load()


def _callback_functions(program: Any = None, effects: bool = False) -> list[Any]:
    """Nutpie's two functions for a program that is called by its address, or for one that is at hand."""
    import numba
    from numba import types
    from numba.core import cgutils
    from numba.extending import intrinsic

    if effects:
        from bayes_scaling.inference.effects_at_a_point import moved, pulled_back
    else:
        moved, pulled_back = numba.njit(_as_it_is), numba.njit(_copied)
    result = _result_type()
    arguments = (types.float64[::1], types.float64[::1], types.int64[::1])

    @intrinsic  # type: ignore[untyped-decorator]
    def at_address(typing_context: Any, address: Any) -> Any:
        def generate(context: Any, builder: Any, signature: Any, given: Any) -> Any:
            return builder.inttoptr(given[0], cgutils.voidptr_t)

        return types.voidptr(address), generate

    @intrinsic  # type: ignore[untyped-decorator]
    def at_this_address(typing_context: Any, address: Any, point: Any, floats: Any, integers: Any) -> Any:
        """Call a program by numba's own convention, which carries its errors."""

        def generate(context: Any, builder: Any, signature: Any, given: Any) -> Any:
            function_type = context.call_conv.get_function_type(result, arguments)
            function = builder.inttoptr(given[0], function_type.as_pointer())
            status, value = context.call_conv.call_function(builder, function, result, arguments, given[1:])
            with cgutils.if_unlikely(builder, status.is_error):
                context.call_conv.return_status_propagate(builder, status)
            return value

        return result(address, *arguments), generate

    @numba.njit  # type: ignore[untyped-decorator]
    def at_hand(address: int, point: Any, floats: Any, integers: Any) -> Any:
        return program(point, floats, integers)

    evaluate = at_this_address if program is None else at_hand

    doubles = types.CPointer(types.float64)

    def log_density(dimensions: Any, point_: Any, gradient_: Any, value_: Any, table_: Any) -> int:
        table = numba.carray(table_, (9,), np.int64)
        point = numba.carray(point_, (dimensions,))
        gradient = numba.carray(gradient_, (dimensions,))
        value = numba.carray(value_, (1,))
        floats = numba.carray(at_address(table[1]), (table[2],), np.float64)
        integers = numba.carray(at_address(table[3]), (table[4],), np.int64)
        places = numba.carray(at_address(table[5]), (table[6],), np.int64)
        numbers = numba.carray(at_address(table[7]), (table[8],), np.float64)
        inner, volume = moved(point, places, numbers)
        try:
            density, slope = evaluate(table[0], inner, floats, integers)
        except Exception:
            return 1
        value[0] = density[()] + volume
        pulled_back(point, slope, places, numbers, gradient)
        code = 0 if math.isfinite(value[0]) else 4  # nutpie's own codes: another step is tried
        for i in range(len(gradient)):
            if not math.isfinite(gradient[i]):
                code = 3
        return code

    def no_further_variables(dimensions: Any, expanded: Any, point_: Any, expanded_: Any, table_: Any) -> int:
        return 0

    return [
        numba.cfunc(types.int64(types.uint64, doubles, doubles, doubles, types.voidptr))(log_density),
        numba.cfunc(types.int64(types.uint64, types.uint64, doubles, doubles, types.voidptr))(no_further_variables),
    ]
