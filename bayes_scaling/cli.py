"""The command line's entry: whatever happens, one message and an exit code, never a traceback.

The commands themselves are in :mod:`bayes_scaling.commands`.
"""

import contextlib
import io
import os
import sys

from bayes_scaling.errors import BayesScalingError

EXIT_BAD_INPUT = 2
EXIT_INTERRUPTED = 130


def main() -> None:
    """Run the command line; bad input ends with one message and exit code 2, Ctrl-C with 130."""
    _print_everything()
    try:
        from bayes_scaling.commands import app  # here, so that Ctrl-C while importing is caught as well

        try:
            app()
        finally:
            if sys.stdout is not None:
                sys.stdout.flush()  # here, so that a full disk is found while it can still be told
    except BayesScalingError as error:
        from bayes_scaling.tables.faults import printable

        _refused(printable(str(error)))
    except BrokenPipeError:  # such as `| head`: whoever read has seen enough
        _silence_stdout()
        sys.exit(1)
    except OSError as error:
        _silence_stdout()
        _refused(f"output can't be printed or written ({error.strerror or error})")
    except MemoryError:
        _refused("out of memory; give a smaller table, or ask for fewer draws or chains")
    except KeyboardInterrupt:
        _interrupted()
    except SystemExit as ended:
        if ended.code == EXIT_INTERRUPTED:  # what Typer turns Ctrl-C into
            _interrupted()
        raise


def _print_everything() -> None:
    """Show as an escape what the terminal's encoding lacks, such as a file's name that is not text."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def _silence_stdout() -> None:
    """Nothing more goes to standard output, not even what Python still holds when it ends."""
    with contextlib.suppress(OSError, ValueError, AttributeError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _refused(message: str) -> None:
    _say(message)
    sys.exit(EXIT_BAD_INPUT)


def _interrupted() -> None:
    _say("interrupted; nothing half-written was left")
    sys.exit(EXIT_INTERRUPTED)


def _say(message: str) -> None:
    if sys.stderr is not None:  # as it is where the shell has closed it
        with contextlib.suppress(OSError):
            sys.stderr.write(f"bayes-scaling: {message}\n")


if __name__ == "__main__":
    main()
