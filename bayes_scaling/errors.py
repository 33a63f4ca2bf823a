"""Every error a user can cause, under one base class, so that the command line can answer with one message."""

from collections.abc import Iterable


class BayesScalingError(ValueError):
    """Bad input or usage: the message names the offender, the valid choices and the next step.

    Examples
    --------
    >>> import bayes_scaling as bs
    >>> try:
    ...     bs.load_evaluations("ho2042")
    ... except bs.BayesScalingError as error:
    ...     print(type(error).__name__)
    EvaluationsError
    """


def require_choice(argument: str, value: object, choices: Iterable[str]) -> None:
    """Refuse a value that is none of an argument's choices."""
    if value not in (valid := list(choices)):
        raise BayesScalingError(f"{argument} = {value!r} is not valid; choose one of: {', '.join(valid)}")


class TableError(BayesScalingError):
    """A file can't be read as a table, or its columns can't be told apart."""


class EvaluationsError(BayesScalingError):
    """A table of evaluations can't be used as it is.

    Examples
    --------
    >>> import bayes_scaling as bs
    >>> bs.on_benchmarks(bs.load_evaluations(), "wt104")  # doctest: +IGNORE_EXCEPTION_DETAIL
    Traceback (most recent call last):
    bayes_scaling.errors.EvaluationsError: ...
    """


class SpecificationError(BayesScalingError):
    """A specification is malformed, contradictory or does not fit the table.

    Examples
    --------
    >>> import bayes_scaling as bs
    >>> bs.Specification(name="mine", law="cubic")  # doctest: +IGNORE_EXCEPTION_DETAIL
    Traceback (most recent call last):
    bayes_scaling.errors.SpecificationError: law = 'cubic' is not valid; choose one of: ...
    """


class FitFileError(BayesScalingError):
    """A stored fit can't be read back.

    Examples
    --------
    >>> import bayes_scaling as bs
    >>> bs.load_fit("runs/never-made")  # doctest: +IGNORE_EXCEPTION_DETAIL
    Traceback (most recent call last):
    bayes_scaling.errors.FitFileError: runs/never-made/fit.nc: no such fit; ...
    """


class RunsError(BayesScalingError):
    """A table of training runs can't be used as it is, or can't be had.

    Examples
    --------
    >>> import bayes_scaling as bs
    >>> bs.load_runs("mine")  # doctest: +IGNORE_EXCEPTION_DETAIL
    Traceback (most recent call last):
    bayes_scaling.errors.RunsError: ...
    """


class TableWarning(UserWarning):
    """A table can be used, but part of it looks wrong.

    Examples
    --------
    >>> import warnings
    >>> import bayes_scaling as bs
    >>> warnings.simplefilter("error", bs.TableWarning)  # doctest: +SKIP
    """


class RunsWarning(TableWarning):
    """A table of training runs can be used, but part of it looks wrong.

    Examples
    --------
    >>> import warnings
    >>> import bayes_scaling as bs
    >>> warnings.simplefilter("error", bs.RunsWarning)  # doctest: +SKIP
    """


class CompilationWarning(UserWarning):
    """Compiled models can't be kept between processes; fits are right, and each process compiles again.

    Examples
    --------
    >>> import warnings
    >>> import bayes_scaling as bs
    >>> warnings.simplefilter("ignore", bs.CompilationWarning)  # doctest: +SKIP
    """
