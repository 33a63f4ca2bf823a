"""The catalogue of specifications: small TOML files, by name or by path."""

import tomllib
from difflib import get_close_matches
from pathlib import Path

from bayes_scaling.errors import SpecificationError
from bayes_scaling.specifications.specification import Specification

DEFAULT_SPECIFICATION = "reference"
_SUFFIX = ".toml"


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
    root = catalogue_directory()
    return tuple(sorted(p.relative_to(root).with_suffix("").as_posix() for p in root.rglob(f"*{_SUFFIX}")))


def load_specification(name: str | Path = DEFAULT_SPECIFICATION) -> Specification:
    """Read a specification from the catalogue, or from a TOML file of your own.

    Parameters
    ----------
    name
        A name in the catalogue (``"ho2024/07"``) or the path of a ``.toml`` file. The catalogue wins.

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
    if text in list_specifications():
        return _read(catalogue_directory() / f"{text}{_SUFFIX}", text)
    path = Path(text)
    if path.suffix == _SUFFIX and path.is_file():
        return _read(path, path.stem)
    close = get_close_matches(text, list_specifications(), n=3) or list_specifications()
    raise SpecificationError(
        f"no specification '{text}': neither a name in the catalogue nor a {_SUFFIX} file; "
        f"did you mean {', '.join(close)}? `bayes-scaling models` lists them all"
    )


def _read(path: Path, name: str) -> Specification:
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise SpecificationError(f"{path}: can't be read ({error.strerror})") from None
    except UnicodeDecodeError as error:
        raise SpecificationError(f"{path}: not UTF-8 text (byte {error.start}); save it as UTF-8") from None
    except tomllib.TOMLDecodeError as error:
        raise SpecificationError(f"{path}: not valid TOML: {error}") from None
    try:
        return Specification.from_dict(name, document)
    except SpecificationError as error:
        raise SpecificationError(f"{path}: {error}") from None
