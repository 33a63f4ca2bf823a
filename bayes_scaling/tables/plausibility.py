"""What looks wrong with a table before it is fitted: units, scales, several losses of one run, repetition.

Each finding has a stable code. Errors keep a table from being fitted unless it is allowed by name: ``--allow CODE``, or
``table.attrs["allowed"] = ["CODE"]`` in Python.
"""

import shlex
from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from bayes_scaling.errors import BayesScalingError, EvaluationsError, RunsError
from bayes_scaling.law import training_compute
from bayes_scaling.tables.columns import is_runs
from bayes_scaling.tables.faults import Finding, Severity, named_rows
from bayes_scaling.tables.names import bare_name
from bayes_scaling.tables.rows import repeats
from bayes_scaling.tables.sizes import CONTRADICTION, common_budget, contradictions
from bayes_scaling.words import counted

CODES = (
    *("parameters-not-counts", "tokens-not-counts", "flop-not-counts", "training-compute-not-counts", "duplicates"),
    *("flop-apart", "loss-rises", "loss-above-chance", "loss-low", "log-perplexity", "mixed-tokenization"),
    *("tokens-apart", "two-loss-scales", "several-losses", "sweep", "several-datasets", "repetition", "checkpoints"),
    "one-budget",
)
"""Codes of findings of tables."""
LEAST_SIZES = {"parameters": 1e4, "tokens": 1e4, "flop": 1e12, "training_compute": 1e12}
"""Below these, sizes are in another unit than single parameters, tokens and FLOP."""
TYPICAL_PARAMETERS, TYPICAL_RATIO = 1e9, 20.0  # units are guessed so that medians come nearest to these
CHANCE = 14.0  # nats per token: a guess at random among more than a million tokens
HIGH_LOSS, LOW_LOSS = 7.5, 1.3  # nats per token that the median of models of text hardly exceeds or falls below
LOG_PERPLEXITY = 8.0  # perplexities whose median is below this may be their logarithms
SOME_LOG_PERPLEXITIES = 5.0  # and some of them, where the median is above, below this
CLEARLY = 2.5  # standard errors of a rank correlation
RISING = 0.5  # rank correlation of loss with compute from which a loss seems to rise with size
APART = 0.02  # relative difference of losses at one size that seeds seldom exceed
TWO_SCALES = 1.3  # ratio of losses at one size beyond which they are not on one scale
REPEATED = 1.5  # tokens over unique ones from which a corpus counts as repeated
EXPLAINED = 0.75  # share of the scatter at one size that a column leaves, below which it tells losses apart
RATIOS = (1e-3, 1e5)  # tokens per parameter that the median of a table does not leave
UNIT_APART = 10.0  # factor between compute and 6 N D, in most rows, from which a unit is wrong
_TENTH = 0.1
_FEW = 0.02  # share of rows per another tokenization that one may convert
_MANY = 0.2  # share of rows at sizes that stand several times from which it is said
_MOST_SETS = 20  # values that a column naming sets has at most
_FEWEST_POINTS = 8  # tokens of one size from which even steps between them are those of a training curve
_EVEN = 0.6  # share of steps as long as the median one, within a tenth
# Plain names of columns, likeliest first.
_DATA = ("dataset", "corpus", "data", "traindata", "trainingdata", "tokenizer", "tokenization")
_EPOCHS = ("epochs", "epoch", "totalepochs", "numepochs")
_UNIQUE = ("uniquetokens", "tokensperepoch", "uniquetrainingtokens")
_RUN_NAMES = ("series", "run", "runname", "runid", "curve", "trajectory")


def findings(table: pd.DataFrame) -> tuple[Finding, ...]:
    """What looks wrong with a table of evaluations or training runs.

    Parameters
    ----------
    table : DataFrame
        As :func:`bayes_scaling.read_evaluations` or :func:`bayes_scaling.read_runs` give it.

    Returns
    -------
    tuple of Finding
        With the severity that it has once what ``table.attrs["allowed"]`` names is allowed.

    Examples
    --------
    >>> sizes = [0.125, 0.35, 1.3, 2.7, 6.7]
    >>> billions = pd.DataFrame({"parameters": sizes, "tokens": 3e11, "loss": [3.2, 3.0, 2.7, 2.6, 2.4]})
    >>> print(findings(billions)[0])  # doctest: +ELLIPSIS
    error parameters-not-counts: parameters below 10000 in 5 rows (0, 1, 2, 3, 4): probably in units of ...
    """
    flags = table["comparable"] if "comparable" in table else pd.Series(True, table.index)
    used = table[flags.astype(bool)] if flags.isin([True, False]).all() else table
    if used.empty:
        return ()
    found = _of_runs(used) if is_runs(table) else _of_evaluations(used)
    allowed = table.attrs.get("allowed") or ()
    return tuple(replace(each, severity="warning") if each.code in allowed else each for each in found)


def require_plausible(table: pd.DataFrame) -> tuple[Finding, ...]:
    """The warnings of a table; raises the table's kind of error where there is an error among its findings."""
    found = findings(table)
    errors = [each for each in found if each.severity == "error"]
    if errors:
        codes = [each.code for each in errors]
        lines = [f"{table.attrs.get('name', 'the table')} is not fitted as it is:", *(f"  {each}" for each in errors)]
        allow = " ".join(f"--allow {code}" for code in codes)
        lines.append(f'if it is right nevertheless: {allow}, in Python table.attrs["allowed"] = {codes}')
        raise (RunsError if is_runs(table) else EvaluationsError)("\n".join(lines))
    return found


def check_codes(codes: Collection[str]) -> None:
    """Refuse a code that no finding has; raises BayesScalingError."""
    unknown = [code for code in codes if code not in CODES]
    if unknown:
        raise BayesScalingError(f"no finding has the code {unknown[0]!r}; choose from {', '.join(CODES)}")


def _of_runs(runs: pd.DataFrame) -> Iterator[Finding]:
    units = list(_sizes(runs))
    yield from units
    yield from _duplicates(runs)
    if all(len(each.rows) == len(runs) for each in units):  # a unit that all rows share keeps their order
        yield from _losses(runs)
    if units:  # in another unit, nothing else can be said of sizes
        return
    yield from _ratio(runs)
    compute = list(_compute(runs))
    yield from compute
    several = list(_one_size(runs))
    yield from several
    if not any(each.code in ("several-losses", "two-loss-scales") for each in several):
        yield from _several_data(runs)
    yield from _repetition(runs)
    yield from _checkpoints(runs)
    budget = common_budget(runs)
    if budget is not None and not compute:
        yield _finding(
            "one-budget",
            runs,
            f"{{rows}} all have one compute budget, about {budget:.3g} FLOP: they show the best split at that budget, "
            "but hardly how loss and split change with compute; exponents, E and predictions at other budgets rest on "
            "their priors. Add runs at two more budgets or more",
        )


def _of_evaluations(evaluations: pd.DataFrame) -> Iterator[Finding]:
    units = list(_sizes(evaluations))
    yield from units or _ratio(evaluations)
    yield from _duplicates(evaluations)
    perplexity = _numbers(evaluations, "perplexity")
    low = perplexity < (LOG_PERPLEXITY if perplexity.median() < LOG_PERPLEXITY else SOME_LOG_PERPLEXITIES)
    if low.mean() > _TENTH:
        yield _finding(
            "log-perplexity",
            evaluations.loc[perplexity.index[low]],
            f"perplexity is low in {{rows}}, up to {perplexity[low].max():.3g}: probably its logarithm; if all are, "
            "type --column log_perplexity=perplexity, with --loss-unit bits if it is to base 2",
            "error" if low.all() else "warning",
        )
    sized = pd.DataFrame({"perplexity": perplexity, "parameters": _numbers(evaluations, "parameters")})
    ranks = sized.groupby(evaluations.get("benchmark", pd.Series("", evaluations.index))).rank(pct=True)
    rising = ranks.corr().to_numpy()[0, 1]
    if rising > RISING and rising * np.sqrt(len(ranks)) > CLEARLY:
        yield _score("perplexity", "parameters", rising, evaluations)
    beyond = evaluations.loc[perplexity.index[perplexity > np.exp(CHANCE)]]
    if len(beyond):
        yield _finding(
            "loss-above-chance",
            beyond,
            f"perplexity is above e^{CHANCE:g}, worse than a guess among a million tokens, in {{rows}}: probably "
            "perplexities given as their logarithms; type --column perplexity=log_perplexity",
            "error",
        )
    tokenization = evaluations.get("tokenization", pd.Series(dtype="object"))
    words = tokenization.value_counts().index
    if tokenization.isin(words[1:]).sum() > _FEW * len(evaluations):
        yield _finding(
            "mixed-tokenization",
            evaluations[tokenization != words[0]],
            f"perplexities are per {' and per '.join(map(str, words))} (most per {words[0]}, others in {{rows}}), "
            f"which can't be compared; type {_where('tokenization', words[0])}",
        )


def _sizes(table: pd.DataFrame) -> Iterator[Finding]:
    sizes = {name: _numbers(table, name) for name in LEAST_SIZES}
    small = {name: values for name, values in sizes.items() if (values < LEAST_SIZES[name]).any()}
    if len(sizes["flop"]) and np.allclose(table["flop"], training_compute(table["parameters"], table["tokens"])):
        small.pop(max("tokens", "flop", key=list(table).index), None)  # worked out from the other, it stands behind it
    model = sizes["parameters"].median()
    for name, values in small.items():
        tokens = TYPICAL_RATIO * model
        typical = {"parameters": TYPICAL_PARAMETERS, "tokens": tokens}.get(name, training_compute(model, tokens))
        scale, median = _unit(values, LEAST_SIZES[name], typical)
        model = median if name == "parameters" else model
        below = values.index[values < LEAST_SIZES[name]]
        what = "logarithms to base 10" if scale == "log10" else f"in units of {float(scale):g}"
        cure = f"{what}; type --scale {name}={scale}"
        if len(below) <= len(values) / 2:
            cure = "in another unit than the others; correct them in the file"
        said = f"{name} below {LEAST_SIZES[name]:g} in {{rows}}: probably {cure}"
        yield _finding(f"{name.replace('_', '-')}-not-counts", table.loc[below], said, "error")


def _unit(values: "pd.Series[float]", least: float, typical: float) -> tuple[str, float]:
    """What ``--scale`` should say of sizes, and the median that it gives: a power of 1000, or logarithms."""
    if values.between(np.log10(least), 30).all() and values.max() < 2 * values.min():
        return "log10", 10.0 ** values.median()
    powers = np.arange(3, 25, 3)
    power = powers[np.argmin(np.abs(np.log10(values.median() / typical) + powers))]
    return f"1e{power}", values.median() * 10.0**power


def _ratio(table: pd.DataFrame) -> Iterator[Finding]:
    """Tokens and parameters that no one trains with: one of the two is in another unit, though each may be a count."""
    ratio = (_numbers(table, "tokens") / _numbers(table, "parameters")).median()
    if ratio < RATIOS[0] or ratio > RATIOS[1]:
        yield _finding(
            "tokens-apart",
            table,
            f"the median of {{rows}} is {ratio:.2g} tokens a parameter: probably one of the two, or compute, is in "
            f"units of 1e6 or scaled twice; type such as --scale {'tokens' if ratio < 1 else 'parameters'}=1e6",
            "error",
        )


def _duplicates(table: pd.DataFrame) -> Iterator[Finding]:
    again = repeats(table)
    if again.any():
        yield _finding("duplicates", table[again], "{rows} repeat earlier ones in every column; type --drop-duplicates")


def _compute(runs: pd.DataFrame) -> Iterator[Finding]:
    ratio = contradictions(runs)
    if ratio.empty:
        return
    wrong_unit = len(ratio) > len(runs) / 2 and np.exp(np.median(np.abs(np.log(ratio)))) > UNIT_APART
    some = ", ".join(f"{row} ({each:.3g} times)" for row, each in ratio.head(5).items())
    unit = f"; probably one of the units is wrong: flop is {ratio.median():.3g} times 6 N D" if wrong_unit else ""
    yield _finding(
        "flop-apart",
        runs.loc[ratio.index],
        f"flop differs from 6 N D by more than a factor of {CONTRADICTION:g} in {{rows}}: {some}; both stay as given"
        f"{unit}. Check their units, type such as --scale flop=1e18, or leave one of the two out",
        "error" if wrong_unit else "warning",
    )


def _losses(runs: pd.DataFrame) -> Iterator[Finding]:
    loss = runs["loss"]
    compute = training_compute(runs["parameters"], runs["tokens"])
    varies = len(runs) >= 8 and loss.max() > loss.min() and compute.max() > compute.min()
    rising = float(loss.corr(compute, method="spearman")) if varies else 0.0
    if rising > RISING:
        yield _score("loss", "compute", rising, runs)
    above = loss > CHANCE
    if above.any() or loss.median() > HIGH_LOSS:
        yield _finding(
            "loss-above-chance",
            runs[above] if above.any() else runs,
            f"loss above {CHANCE if above.any() else HIGH_LOSS:g} nats per token in {{rows}}: probably a perplexity; "
            "type --loss-unit perplexity",
            "error",
        )
    elif loss.median() < LOW_LOSS and rising <= RISING:
        yield _finding(
            "loss-low",
            runs[loss < LOW_LOSS],
            f"the median loss is {loss.median():.3g}, below {LOW_LOSS:g} nats per token, in {{rows}}: probably bits or "
            "nats per byte or character (or text that is easy to predict, such as code). Exponents stand; E, A, B and "
            "predictions are in this unit, for which priors are not made. If bits: type --loss-unit bits",
        )


def _score(response: str, size: str, rising: float, table: pd.DataFrame) -> Finding:
    return _finding(
        "loss-rises",
        table,
        f"{response} rises with {size} (rank correlation {rising:.2f}): probably a score, such as an accuracy; "
        f"map the column of the {response}: --column {response}=...",
        "error",
    )


def _one_size(runs: pd.DataFrame) -> Iterator[Finding]:
    """One (N, D) with several losses: on two scales, on several sets, or of several learning rates."""
    size = [runs[name].map("{:.6g}".format) for name in ("parameters", "tokens")]
    size += [runs["series"].fillna("")] if "series" in runs else []
    groups = runs["loss"].groupby(size)
    several = groups.transform("size") > 1
    low, high = groups.transform("min")[several], groups.transform("max")[several]
    ratio = float((high / low).median())
    if several.mean() < _MANY or ratio < 1 + APART:
        return
    rows = runs[several]
    column = _distinguishing(rows, [each[several] for each in size])
    exponential = bool((np.exp(low) / high).between(0.98, 1.02).mean() > 0.8)
    if column is not None:
        words = rows[column].astype(str)
        kept = rows["loss"].groupby(words).median().idxmin() if exponential else words.mode()[0]
        code = "two-loss-scales" if exponential else "several-losses"
        what = "a loss and its exponential" if exponential else f"of several sets, by {column}"
        cure = _where(column, str(kept))
    elif exponential or (groups.transform("median")[several] / low).median() > TWO_SCALES:
        code, what = "two-loss-scales", "on two scales"
        cure = "--best-of parameters,tokens, or --where with a column that says which"
    else:
        code, cure = "sweep", "--best-of parameters,tokens"
        what = "a sweep, such as of learning rates, in which not every run is the best of its size"
    severity: Severity = "error" if ratio > TWO_SCALES and code != "sweep" else "warning"
    said = f"losses at one size are a factor of {ratio:.3g} apart in {{rows}}: probably {what}; type {cure}"
    yield _finding(code, rows, said, severity)


def _distinguishing(rows: pd.DataFrame, size: list[pd.Series]) -> str | None:
    """The column of few words that explains most of how losses of one size differ, if it is most."""
    log_loss = np.log(rows["loss"])
    within = log_loss - log_loss.groupby(size).transform("mean")
    left = {}
    for name in rows.columns.difference(["parameters", "tokens", "flop", "loss", "series"], sort=False):
        words = rows[name].astype(str)
        if pd.to_numeric(words, errors="coerce").isna().all() and 1 < len(words.unique()) <= _MOST_SETS:
            # Beside the size's mean each word has a shift of its own.
            left[str(name)] = (within - within.groupby(words).transform("mean")).var() / within.var()
    best = min(left, key=lambda name: left[name], default=None)
    return best if best is not None and left[best] < EXPLAINED else None


def _several_data(runs: pd.DataFrame) -> Iterator[Finding]:
    for name in _called(runs, _DATA):
        values = runs[name].astype(str)
        words = values.value_counts().index
        if 1 < runs[name].nunique() <= _MOST_SETS:
            yield _finding(
                "several-datasets",
                runs[values != words[0]],
                f"{name} has {len(words)} values ({', '.join(words[:3])}{', ...' * (len(words) > 3)}), and "
                "losses on one can't be compared with those on another ({rows} beside the most frequent); type "
                f"{_where(name, words[0])}, or let a formula depend on it",
            )


def _repetition(runs: pd.DataFrame) -> Iterator[Finding]:
    for name in _called(runs, (*_EPOCHS, *_UNIQUE))[:1]:
        by, numbers = _quoted(name), pd.to_numeric(runs[name], errors="coerce")
        epochs = bare_name(name) in _EPOCHS
        times = numbers if epochs else runs["tokens"] / numbers
        if (times > REPEATED).any():
            yield _finding(
                "repetition",
                runs[times > REPEATED],
                f"by {by}, tokens are seen up to {times.max():,.5g} times in {{rows}}, and the law counts them as "
                f'fresh; type --where "{f"{by} <= 1" if epochs else f"tokens <= {by}"}"',
            )


def _checkpoints(runs: pd.DataFrame) -> Iterator[Finding]:
    """Several points of one training curve: of a run that has a name, or else of a size at even steps of tokens."""
    by = next(iter(_called(runs, _RUN_NAMES)), "parameters")
    curves = runs.groupby(runs[by].astype(str))
    fewest = 3 if by != "parameters" else _FEWEST_POINTS
    one_size = curves["parameters"].transform("nunique") == 1
    along = runs[one_size & (curves["tokens"].transform("nunique") >= fewest)]
    if len(along) > len(runs) / 2 and (by != "parameters" or _at_even_steps(along)):
        yield _finding(
            "checkpoints",
            along,
            f"{{rows}} are probably checkpoints of {counted(along[by].astype(str).nunique(), 'run')}, by {by}: errors "
            f'of one run go together, which intervals do not know unless [noise] cluster = "{by}" says so; type '
            f"--last-of {shlex.quote(by)} for the ends alone",
        )


def _at_even_steps(along: pd.DataFrame) -> bool:
    curve = along.sort_values("tokens").drop_duplicates(["parameters", "tokens"])
    steps = curve.groupby("parameters")["tokens"].diff()
    even = (steps / steps.groupby(curve["parameters"]).transform("median")).dropna()
    return bool(even.between(0.9, 1.1).mean() > _EVEN)


def _called(table: pd.DataFrame, plain: Sequence[str]) -> list[str]:
    """Columns by plain names, in the order of these."""
    found = [str(name) for name in table if bare_name(str(name)) in plain]
    return sorted(found, key=lambda name: plain.index(bare_name(name)))


def _where(column: str, value: str) -> str:
    """What selects a value, as a shell takes it."""
    expression = f"{_quoted(column)} == {value!r}"
    plain = not set(expression) & set('"`$!\\')
    return f'--where "{expression}"' if plain else f"--where {shlex.quote(expression)}"


def _quoted(name: str) -> str:
    return name if name.isidentifier() else f"`{name}`"


def _finding(code: str, rows: pd.DataFrame, message: str, severity: Severity = "warning") -> Finding:
    said = message.replace("{rows}", named_rows(list(rows.index)))
    return Finding(code, severity, said, tuple(map(str, rows.index)))


def _numbers(table: pd.DataFrame, column: str) -> "pd.Series[float]":
    if column not in table or not pd.api.types.is_numeric_dtype(table[column]):
        return pd.Series(dtype="float64")
    return table[column].dropna()
