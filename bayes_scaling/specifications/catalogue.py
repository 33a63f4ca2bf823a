"""The catalogue of specifications: small TOML files, by name or by path."""

import shlex
from difflib import SequenceMatcher, get_close_matches
from functools import cache
from pathlib import Path

from bayes_scaling.common.files import FIT_FILE, read_toml
from bayes_scaling.errors import SpecificationError
from bayes_scaling.specifications.laws import LAWS
from bayes_scaling.specifications.specification import Specification

DEFAULT_SPECIFICATION = "reference"
DEFAULT_OF_RUNS = "chinchilla"
_SUFFIX = ".toml"
_FORMULA = "=+-@"  # what makes a spreadsheet calculate a cell of a table of results

_OF_FITS = (
    "; it is a fit, so give the specifications in place of their fits, or compare the fits in Python: "
    "bs.compare_fits([bs.load_fit({!r}), ...])"
)


def catalogue_directory() -> Path:
    """Folder of the packaged specifications: inside the installed package, or beside it in a checkout."""
    package = Path(__file__).parents[1]
    installed = package / "models"
    return installed if installed.is_dir() else package.parent / "models"


def list_specifications() -> tuple[str, ...]:
    """Names in the catalogue, sorted.

    Returns
    -------
    tuple of str
        Such as ``"ho2024/07"`` or ``"reference"``.

    Examples
    --------
    >>> "ho2024/07" in list_specifications()
    True
    """
    return _names_in(catalogue_directory())


@cache
def _names_in(root: Path) -> tuple[str, ...]:
    return tuple(sorted(p.relative_to(root).with_suffix("").as_posix() for p in root.rglob(f"*{_SUFFIX}")))


def load_specification(name: str | Path = DEFAULT_SPECIFICATION) -> Specification:
    """Read a specification from the catalogue, or from a TOML file of your own.

    Parameters
    ----------
    name
        A name in the catalogue (``"ho2024/07"``) or the path of a ``.toml`` file, which must name its ``law``. The
        catalogue wins.

    Returns
    -------
    Specification
        With the catalogue's name, or the file's without ``.toml``.

    Raises
    ------
    SpecificationError
        If there is no such name or file, or the file is not a valid specification; the message names the file,
        the key and the valid choices.

    Examples
    --------
    >>> load_specification("ho2024/07").index_of("A")
    'benchmark'
    """
    text = str(name)
    if "\0" in text:
        raise SpecificationError(f"'{text}' is no path; give a name in the catalogue or a {_SUFFIX} file")
    if text in list_specifications():
        return _read(catalogue_directory() / f"{text}{_SUFFIX}", text)
    path = Path(text)
    try:
        if path.suffix == _SUFFIX and path.exists() and not path.is_dir():
            if not path.is_file():  # such as a device, which may never end
                raise SpecificationError(f"{text}: is not a regular file; give a {_SUFFIX} file")
            return _read(path, _name_of(path))
        raise SpecificationError(_refusal(text, path))
    except OSError as error:  # such as a name longer than the file system allows
        raise SpecificationError(f"{text}: can't be read ({error.strerror})") from None


def resolve(given: Specification | str | Path) -> Specification:
    """A specification as it is, or loaded by its name or path: what public functions do with what they are given."""
    if isinstance(given, Specification):
        return given
    if isinstance(given, (str, Path)):
        return load_specification(given)
    raise SpecificationError(
        f"a specification is needed, not {type(given).__name__}: a name such as {DEFAULT_SPECIFICATION!r} "
        f"(`bayes-scaling models` lists them), the path of a {_SUFFIX} file, or a bs.Specification"
    )


def _refusal(text: str, path: Path) -> str:
    """Why there is nothing of that name, and what to ask for instead."""
    names = list_specifications()
    family = [name for name in names if name.startswith(f"{text.rstrip('/')}/")]
    if family:
        return (
            f"'{text}' is a family of {len(family)}; name one of them, such as {family[0]} "
            "(`bayes-scaling models` lists them all)"
        )
    if text and path.exists():
        fault, file = f"a specification file must end in {_SUFFIX}", shlex.quote(text)
        more = f"; if it is a table, type --evaluations {file}, or --runs {file} if it is of training runs"
        if path.is_dir():
            fault, more = f"is a directory, not a {_SUFFIX} file", ""
        fitted = path.suffix == Path(FIT_FILE).suffix or (path / FIT_FILE).exists()
        return f"{text}: {fault}{_OF_FITS.format(text) if fitted else more}"
    if path.suffix == _SUFFIX:
        stem = text.removesuffix(_SUFFIX)
        return f"{text}: no such file" + (f"; did you mean {stem}, a name in the catalogue?" if stem in names else "")
    likeness = {name: SequenceMatcher(None, name, text).ratio() for name in get_close_matches(text, names, n=3)}
    close = sorted(likeness, key=lambda name: (-likeness[name], name))
    hint = f"did you mean {', '.join(close)}? " if close else ""
    return (
        f"no specification '{text}': neither a name in the catalogue nor a {_SUFFIX} file; "
        f"{hint}`bayes-scaling models` lists them all"
    )


def _name_of(path: Path) -> str:
    """The name of a file's specification, which tables of results and pages carry."""
    name = path.stem
    if name[0] in _FORMULA or not name.isprintable() or set(name) & set("<>|"):
        raise SpecificationError(
            f"{str(path)!r}: results carry the file's name; rename it so that it does not begin with one of "
            f"{' '.join(_FORMULA)} and holds no control characters and none of < > |"
        )
    return name


def _read(path: Path, name: str) -> Specification:
    try:
        document = read_toml(path)
        if "law" not in document:
            raise SpecificationError(f'law is missing; add law = "...", one of: {", ".join(LAWS)}')
        for key in ("title", "reference"):  # which would steer the terminal that shows it
            if isinstance(text := document.get(key), str) and not text.translate({10: "", 9: ""}).isprintable():
                raise SpecificationError(f"{key} holds characters that can't be printed; remove them")
        return Specification.from_dict(name, document)
    except ValueError as error:
        raise SpecificationError(f"{path}: {error}") from None
