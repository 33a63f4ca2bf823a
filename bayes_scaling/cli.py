"""The command line's entry: whatever happens, one message and an exit code, never a traceback.

The commands themselves, one to a file, are in :mod:`bayes_scaling.commands`.
"""

import sys

from bayes_scaling.errors import BayesScalingError

EXIT_BAD_INPUT = 2
EXIT_INTERRUPTED = 130


def main() -> None:
    """Run the command line; bad input ends with one message and exit code 2, Ctrl-C with 130."""
    try:
        from bayes_scaling.commands import app  # here, so that Ctrl-C while importing is caught as well

        app()
    except BayesScalingError as error:
        sys.stderr.write(f"bayes-scaling: {error}\n")
        sys.exit(EXIT_BAD_INPUT)
    except KeyboardInterrupt:
        _interrupted()
    except SystemExit as ended:
        if ended.code == EXIT_INTERRUPTED:  # what Typer turns Ctrl-C into
            _interrupted()
        raise


def _interrupted() -> None:
    sys.stderr.write("bayes-scaling: interrupted; nothing half-written was left\n")
    sys.exit(EXIT_INTERRUPTED)


if __name__ == "__main__":
    main()
