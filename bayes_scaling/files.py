"""Files are written whole or not at all."""

import os
import secrets
import stat
from pathlib import Path


def write_whole(path: Path, content: bytes) -> None:
    """Write a file so that a reader, or a run killed half-way, never finds half of it.

    The bytes go to a hidden file beside the file's directory and are moved into place at once, so that the
    directory itself never holds a partial file. A symbolic link stays; the file that it points to is written.

    Raises
    ------
    OSError
        If the directory can't be written to or the disk is full; an older file of that name is then untouched.
    """
    path = Path(path).resolve()
    path.parent.mkdir(parents=True, exist_ok=True)
    directory = path.parent.parent if os.access(path.parent.parent, os.W_OK) else path.parent
    if directory.stat().st_dev != path.parent.stat().st_dev:
        directory = path.parent
    stage = directory / f".bayes-scaling-{secrets.token_hex(8)}.partial"
    mode = stat.S_IMODE(path.stat().st_mode) if path.exists() else None
    # The system takes the umask off a new file's permissions; an older file's are then set as they were.
    descriptor = os.open(stage, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666 if mode is None else mode)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        if mode is not None:
            stage.chmod(mode)
        stage.replace(path)
    except BaseException:
        stage.unlink(missing_ok=True)
        raise
