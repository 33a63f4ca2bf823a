"""Files are written whole or not at all."""

import os
import tempfile
from pathlib import Path


def write_whole(path: Path, content: bytes) -> None:
    """Write a file so that a reader, or a run killed half-way, never finds half of it.

    The bytes go to a hidden file beside the file's directory and are moved into place at once, so that the
    directory itself never holds a partial file.

    Raises
    ------
    OSError
        If the directory can't be written to or the disk is full; an older file of that name is then untouched.
    """
    path = Path(path).absolute()
    path.parent.mkdir(parents=True, exist_ok=True)
    stage = path.parent.parent if os.access(path.parent.parent, os.W_OK) else path.parent
    if stage.stat().st_dev != path.parent.stat().st_dev:
        stage = path.parent
    descriptor, name = tempfile.mkstemp(prefix=f".{path.parent.name}-", suffix=".partial", dir=stage)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        mode = path.stat().st_mode if path.exists() else 0o666 & ~_umask()
        Path(name).chmod(mode)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def _umask() -> int:
    current = os.umask(0)
    os.umask(current)
    return current
