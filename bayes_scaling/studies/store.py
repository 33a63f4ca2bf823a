"""Finished pieces of work, one file each, so that a run that was interrupted goes on where it stopped."""

import hashlib
import secrets
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

from bayes_scaling.common.files import remove_abandoned, write_whole
from bayes_scaling.errors import BayesScalingError

SET_ASIDE = "set-aside"  # folder, inside a store's, of files that could not be used

_READABLE = " ,=+()"  # what names may hold besides letters, digits and _.-~
_LONGEST = 240  # file systems take 255 bytes
_LONGEST_SET_ASIDE = 200


class Store:
    """A directory of pieces of work, each a file, whole or absent, for several processes at once."""

    def __init__(self, directory: Path) -> None:
        self.directory = Path(directory)
        self.set_aside: list[tuple[Path, str]] = []
        remove_abandoned(self.directory)

    def __contains__(self, name: str) -> bool:
        return self._path(name).exists()

    def read[T](self, name: str, parse: Callable[[bytes], T]) -> T | None:
        """A finished piece; None if it has to be made. A file that ``parse`` can't use is moved to ``set-aside``."""
        path = self._path(name)
        try:
            return parse(path.read_bytes())
        except (FileNotFoundError, NotADirectoryError) as error:
            if error.filename == str(path):
                return None
            self._move_aside(path, error)
        except MemoryError:  # says nothing about the file
            raise
        except Exception as error:
            self._move_aside(path, error)
        return None

    def write(self, name: str, content: bytes) -> None:
        """Keep a finished piece, in place of an older one of that name, which stays if this one can't be written."""
        path = self._path(name)
        try:
            write_whole(path, content)
        except OSError as error:
            raise BayesScalingError(
                f"{path}: can't be written ({error.strerror or error}); what was finished before is kept in "
                f"{self.directory}: put that right and run the same command again, and it goes on from there"
            ) from None

    def _path(self, name: str) -> Path:
        """Where a piece is: different names have different files, all of them in the directory itself."""
        if not name:
            raise BayesScalingError("a finished piece of work needs a name")
        file = quote(name, safe=_READABLE)
        if file.startswith(".") or file == SET_ASIDE:
            file = f"%{ord(file[0]):02X}{file[1:]}"
        if len(file) > _LONGEST:
            file = f"{file[:_LONGEST_SET_ASIDE]}%{hashlib.sha256(file.encode()).hexdigest()[:32]}"
        return self.directory / file

    def _move_aside(self, path: Path, error: Exception) -> None:
        reason = str(error) or type(error).__name__
        target = self.directory / SET_ASIDE / f"{path.name[:_LONGEST_SET_ASIDE]}.{secrets.token_hex(4)}"
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            path.rename(target)
        except FileNotFoundError:  # another process was faster
            return
        except OSError as obstacle:
            raise BayesScalingError(
                f"{path}: can't be used ({reason}), and can't be moved to {target.parent} "
                f"({obstacle.strerror or obstacle}); remove it, or choose another directory, and run the command again"
            ) from None
        self.set_aside.append((target, reason))
