"""What looks wrong with a table before it is fitted: units, scales, several losses of one run, repetition.

Each finding has a stable code. Errors keep a table from being fitted unless it is allowed by name: ``--allow CODE``, or
``table.attrs["allowed"] = ["CODE"]`` in Python.
"""

import shlex
from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from bayes_scaling.common.formatting import counted
from bayes_scaling.errors import BayesScalingError
from bayes_scaling.law.formula import PETAFLOP_DAY, training_compute
from bayes_scaling.tables.columns import FIXED_LEVELS, bare_name, is_runs, kind_of
from bayes_scaling.tables.faults import Finding, Severity, named_rows
from bayes_scaling.tables.names import in_python
from bayes_scaling.tables.rows import repeats

LEAST_SIZES = {"parameters": 1e4, "tokens": 1e4, "flop": 1e12, "training_compute": 1e12}
"""Below these, sizes are in another unit than single parameters, tokens and FLOP."""
CONTRADICTION = 2.0  # factor beyond which given tokens and given compute contradict each other
NEARLY_ONE = 1.25  # factor within which rows have one size, or one compute budget
TYPICAL_PARAMETERS, TYPICAL_RATIO = 1e9, 20.0  # units are guessed so that medians come nearest to these
CHANCE = 14.0  # nats per token: a guess at random among more than a million tokens
HIGH_LOSS, LOW_LOSS = 7.5, 1.3  # nats per token that the median of models of text hardly exceeds or falls below
LOG_PERPLEXITY = 8.0  # perplexities whose median is below this may be their logarithms
SOME_LOG_PERPLEXITIES = 5.0  # and some of them, where the median is above, below this
CLEARLY = 2.5  # standard errors of a rank correlation
RATIOS = (1e-3, 1e5)  # tokens per parameter that the median of a table does not leave
RISING = 0.5  # rank correlation of loss with compute from which a loss seems to rise with size
APART = 0.02  # relative difference of losses at one size that seeds seldom exceed
TWO_SCALES = 1.3  # ratio of losses at one size beyond which they are not on one scale
REPEATED = 1.5  # tokens over unique ones from which a corpus counts as repeated
EXPLAINED = 0.75  # share of the scatter at one size that a column leaves, below which it tells losses apart
UNIT_APART = 10.0  # factor between compute and 6 N D, in most rows, from which a unit is wrong
_LOW = 0.1  # share of perplexities that may be logarithms from which it is said
_FEW = 0.02  # share of rows per another tokenization that one may convert
_MANY = 0.2  # share of rows at sizes that stand several times from which it is said
_A_QUARTER = 91  # days that a table has to span if it is to tell anything of progress
_ENOUGH = 10  # rows from which it is worth saying that a size or the date is one for all
_MOST_SETS = 20  # values that a column naming sets has at most
_FEWEST_POINTS = 8  # tokens of one size from which even steps between them are those of a training curve
_EVEN = 0.6  # share of steps as long as the median one, within a tenth
# Plain names of columns, likeliest first.
_DATA = ("dataset", "corpus", "data", "traindata", "trainingdata", "tokenizer", "tokenization")
_EPOCHS = ("epochs", "epoch", "totalepochs", "numepochs")
_UNIQUE = ("uniquetokens", "tokensperepoch", "uniquetrainingtokens")
_STEPS = ("step", "steps", "iteration", "iterations", "trainstep", "globalstep")
_RUN_NAMES = ("series", "run", "runname", "runid", "curve", "trajectory")
_MESSAGES = {
    **{
        f"{name.replace('_', '-')}-not-counts": f"{name} below {least:g} in {{rows}}: probably {{cure}}"
        for name, least in LEAST_SIZES.items()
    },
    "duplicates": "{rows} repeat earlier ones in every column; type --drop-duplicates",
    "flop-apart": f"flop differs from 6 N D by more than a factor of {CONTRADICTION:g} in {{rows}}: {{some}}; both "
    "stay as given{unit}. Check their units, type such as --scale flop=1e18, or leave one of the two out",
    "tokens-apart": "the median of {rows} is {ratio:.2g} tokens a parameter: probably one of the two, or compute, is "
    "in units of 1e6 or scaled twice; type such as --scale {name}=1e6",
    "loss-rises": "{response} rises with {size} (rank correlation {rising:.2f}): probably a score, such as an "
    "accuracy; map the column of the {response}: --column {response}=...",
    "loss-above-chance": "{what} in {rows}: probably {cure}",
    "loss-low": f"the median loss is {{median:.3g}}, below {LOW_LOSS:g} nats per token, in {{rows}}: probably bits or "
    "nats per byte or character (or text that is easy to predict, such as code). Exponents stand; E, A, B and "
    "predictions are in this unit, for which priors are not made{cure}",
    "log-perplexity": "perplexity is low in {rows}, up to {most:.3g}: probably its logarithm; if all are, type "
    "--loss-unit nats, or --loss-unit bits if it is to base 2",
    "mixed-tokenization": "perplexities are per {words} (most per {most}, others in {rows}), which can't be compared; "
    "type {cure}",
    **dict.fromkeys(
        ("two-loss-scales", "several-losses", "sweep"),
        "losses at one size are a factor of {ratio:.3g} apart in {rows}: probably {what}; type {cure}",
    ),
    "several-datasets": "{name} has {many} values ({words}), and losses on one can't be compared with those on another "
    "({rows} beside the most frequent); type {cure}, or let a formula depend on it",
    "repetition": "by {by}, tokens are seen up to {times:,.5g} times in {rows}, and the law counts them as fresh; type "
    '--where "{cure}", or fit runs/repeated, a law of epochs or unique_tokens',
    "checkpoints": "{rows} are probably checkpoints of {runs}, by {by}: errors of one run go together, which intervals "
    'do not know unless a specification says so: cluster = "{by}" under [noise], in a file of what bayes-scaling '
    "models chinchilla --template prints; type --last-of {shown} for the ends alone",
    "one-budget": "{rows} all have one compute budget, about {budget:.3g} FLOP: they show the best split at that "
    "budget, but hardly how loss and split change with compute; exponents, E and predictions at other budgets rest on "
    "their priors. Add runs at two more budgets or more",
    "one-size": "{rows} all have about {value:.3g} {name}: how the loss depends on {name} can't be seen, and "
    "{coefficients} rest on their priors. Add rows of other sizes",
    "one-date": "{rows} were published within {days}: rates of progress, and doubling times, rest on their priors. Add "
    "evaluations of other years",
    "one-level": "{name} is {level} in {rows}: what depends on it rests on its prior{cure}",
}
CODES = tuple(_MESSAGES)  # codes of findings of tables


def findings(table: pd.DataFrame, used: Collection[str] = ()) -> tuple[Finding, ...]:
    """What looks wrong with a table of evaluations or training runs.

    Parameters
    ----------
    table : DataFrame
        As :func:`bayes_scaling.read_evaluations` or :func:`bayes_scaling.read_runs` give it.
    used : collection of str
        Columns by which a specification tells rows apart, in a formula or as a cluster: what is said of pooling over
        these is left out.

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
    rows = table[flags.astype(bool)] if flags.isin([True, False]).all() else table
    if rows.empty:
        return ()
    found = list((_of_runs if is_runs(table) else _of_evaluations)(rows, used))
    allowed = table.attrs.get("allowed") or ()
    return tuple(replace(each, severity="warning") if each.code in allowed else each for each in found)


def require_plausible(table: pd.DataFrame, used: Collection[str] = ()) -> tuple[Finding, ...]:
    """The warnings of a table; raises the table's kind of error where there is an error among its findings."""
    found = findings(table, used)
    errors = [each for each in found if each.severity == "error"]
    if errors:
        codes = [each.code for each in errors]
        lines = [
            f"{table.attrs.get('name', 'the table')} is not fitted as it is:",
            *(f"  {in_python(str(each))}" for each in errors),
        ]
        allow = " ".join(f"--allow {code}" for code in codes)
        lines.append(f'if it is right nevertheless: {allow}, in Python table.attrs["allowed"] = {codes}')
        raise kind_of(table).error("\n".join(lines))
    return found


def check_codes(codes: Collection[str]) -> None:
    """Refuse a code that no finding has; raises BayesScalingError."""
    unknown = [code for code in codes if code not in CODES]
    if unknown:
        raise BayesScalingError(f"no finding has the code {unknown[0]!r}; choose from {', '.join(CODES)}")


def _found(code: str, rows: pd.DataFrame, severity: Severity = "warning", **said: object) -> Iterator[Finding]:
    """What looks wrong with some rows; nothing if there are none."""
    if len(rows):
        message = _MESSAGES[code].format(rows=named_rows(list(rows.index)), **said)
        yield Finding(code, severity, message, tuple(map(str, rows.index)))


def _of_runs(runs: pd.DataFrame, used: Collection[str]) -> list[Finding]:
    compute = training_compute(runs["parameters"], runs["tokens"])
    units = list(_sizes(runs))
    found = [*units, *_found("duplicates", runs[repeats(runs)])]
    if all(len(each.rows) == len(runs) for each in units):  # a unit that all rows share keeps their order
        found += _losses(runs, compute)
    if units:  # in another unit, nothing else can be said of sizes
        return found
    found += [*_ratio(runs), *_flop_apart(runs, compute), *_one_size(runs, used)]
    codes = {each.code for each in found}
    found += _one_value(runs) if "flop-apart" not in codes else ()
    if not codes & {"several-losses", "two-loss-scales"}:
        found += _several_data(runs, used)
    found += [*(() if "epochs" in used else _repetition(runs)), *_checkpoints(runs, used)]
    if len(runs) > 2 and compute.max() <= NEARLY_ONE * compute.min() and "flop-apart" not in codes:
        found += _found("one-budget", runs, budget=compute.median())
    return found


def _of_evaluations(evaluations: pd.DataFrame, used: Collection[str]) -> Iterator[Finding]:
    units = list(_sizes(evaluations))
    yield from units or (*_ratio(evaluations), *_one_value(evaluations))
    yield from _found("duplicates", evaluations[repeats(evaluations)])
    perplexity = _numbers(evaluations, "perplexity")
    low = perplexity < (LOG_PERPLEXITY if perplexity.median() < LOG_PERPLEXITY else SOME_LOG_PERPLEXITIES)
    if low.mean() > _LOW:
        rows, most = evaluations.loc[perplexity.index[low]], perplexity[low].max()
        yield from _found("log-perplexity", rows, "error" if low.all() else "warning", most=most)
    sized = pd.DataFrame({"perplexity": perplexity, "parameters": _numbers(evaluations, "parameters")})
    ranks = sized.groupby(evaluations.get("benchmark", pd.Series("", evaluations.index))).rank(pct=True)
    rising = ranks.corr().to_numpy()[0, 1]
    if rising > RISING and rising * np.sqrt(len(ranks)) > CLEARLY:
        yield from _found("loss-rises", evaluations, "error", response="perplexity", size="parameters", rising=rising)
    beyond = evaluations.loc[perplexity.index[perplexity > np.exp(CHANCE)]]
    what = f"perplexity is above e^{CHANCE:g}, worse than a guess among a million tokens,"
    cure = "perplexities given as their logarithms; type --loss-unit perplexity"
    yield from _found("loss-above-chance", beyond, "error", what=what, cure=cure)
    tokenization = evaluations.get("tokenization", pd.Series(dtype="object"))
    words = [str(word) for word in tokenization.value_counts().index]
    if tokenization.isin(words[1:]).sum() > _FEW * len(evaluations) and "tokenization" not in used:
        others, cure = evaluations[tokenization != words[0]], _where("tokenization", words[0])
        yield from _found("mixed-tokenization", others, words=" and per ".join(words), most=words[0], cure=cure)
    for name in (name for name in FIXED_LEVELS if name in used):
        has = evaluations[name].eq("transformer") if name == "architecture" else evaluations.get(name, pd.Series([0]))
        if (has == has.iloc[0]).all():
            level = ("not transformer", "transformer") if name == "architecture" else ("0", "1")
            cure = "" if name in evaluations else f"; the table has no column {name}: add it where some rows are 1"
            yield from _found("one-level", evaluations, name=name, level=level[int(has.iloc[0])], cure=cure)


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
        below = values < LEAST_SIZES[name]
        what = "logarithms to base 10" if scale == "log10" else f"in units of {float(scale):g}"
        pf_days = f" (if PF-days, {name}={PETAFLOP_DAY:g})" * ("flop" in name or "compute" in name)
        cure = f"{what}; type --scale {name}={scale}{pf_days}"
        if not below.all() and _power(values[~below], typical, 0) == 0:
            cure = "in another unit than the others; correct them in the file"
        yield from _found(f"{name.replace('_', '-')}-not-counts", table.loc[below.index[below]], "error", cure=cure)


def _unit(values: "pd.Series[float]", least: float, typical: float) -> tuple[str, float]:
    """What ``--scale`` should say of sizes, and the median that it gives: a power of 1000, or logarithms."""
    if values.between(np.log10(least), 30).all() and values.max() < 2 * values.min():
        return "log10", 10.0 ** values.median()
    power = _power(values, typical, 3)
    return f"1e{power}", values.median() * 10.0**power


def _ratio(table: pd.DataFrame) -> Iterator[Finding]:
    """Tokens and parameters that no one trains with: one of the two is in another unit, though each may be a count."""
    ratio = (_numbers(table, "tokens") / _numbers(table, "parameters")).median()
    if ratio < RATIOS[0] or ratio > RATIOS[1]:
        yield from _found("tokens-apart", table, "error", ratio=ratio, name="tokens" if ratio < 1 else "parameters")


def _power(values: "pd.Series[float]", typical: float, least: int) -> int:
    """The power of ten, a multiple of 3, that brings the median of sizes nearest to a typical one."""
    powers = np.arange(least, 25, 3)
    return int(powers[np.argmin(np.abs(np.log10(values.median() / typical) + powers))])


def _flop_apart(runs: pd.DataFrame, compute: "pd.Series[float]") -> Iterator[Finding]:
    if "flop" in runs:
        ratio = runs["flop"] / compute
        ratio = ratio[np.abs(np.log(ratio)) > np.log(CONTRADICTION)]
        wrong = len(ratio) > len(runs) / 2 and np.exp(np.median(np.abs(np.log(ratio)))) > UNIT_APART
        some = ", ".join(f"{row} ({each:.3g} times)" for row, each in ratio.head(5).items())
        unit = f"; probably one of the units is wrong: flop is {ratio.median():.3g} times 6 N D" if wrong else ""
        yield from _found("flop-apart", runs.loc[ratio.index], "error" if wrong else "warning", some=some, unit=unit)


def _losses(runs: pd.DataFrame, compute: "pd.Series[float]") -> Iterator[Finding]:
    loss = runs["loss"]
    varies = len(runs) >= 8 and loss.max() > loss.min() and compute.max() > compute.min()
    rising = float(loss.corr(compute, method="spearman")) if varies else 0.0
    if rising > RISING:
        yield from _found("loss-rises", runs, "error", response="loss", size="compute", rising=rising)
    above = loss > CHANCE
    if rising <= RISING and (above.any() or loss.median() > HIGH_LOSS):
        bound, rows = (CHANCE, runs[above]) if above.any() else (HIGH_LOSS, runs)
        what, few = f"loss above {bound:g} nats per token", len(rows) < len(runs) / 2
        cure = "of runs that diverged, or wrong" if few else "a perplexity; type --loss-unit perplexity"
        cure += f"; correct it, or type --where 'loss <= {bound:g}'" * few
        yield from _found("loss-above-chance", rows, "error", what=what, cure=cure)
    elif loss.median() < LOW_LOSS and rising <= RISING:
        cure = "" if "loss from bits" in runs.attrs.get("selections", ()) else ". If bits: type --loss-unit bits"
        cure += "; if per byte, the bytes of a token too, such as --scale loss=4.3"
        yield from _found("loss-low", runs[loss < LOW_LOSS], median=loss.median(), cure=cure)


def _one_value(table: pd.DataFrame) -> Iterator[Finding]:
    """A size or a date that is nearly the same in all rows: they can't show what it does."""
    for name, coefficients in (("parameters", "A and alpha"), ("tokens", "B and beta")):
        size = _numbers(table, name)
        if len(size) >= _ENOUGH and size.max() <= NEARLY_ONE * size.min():
            yield from _found("one-size", table, name=name, value=size.median(), coefficients=coefficients)
    if not is_runs(table) and "published" in table and pd.api.types.is_datetime64_dtype(table["published"]):
        span = (table["published"].max() - table["published"].min()).days
        if len(table) >= _ENOUGH and span <= _A_QUARTER:
            yield from _found("one-date", table, days=counted(span + 1, "day"))


def _one_size(runs: pd.DataFrame, used: Collection[str]) -> Iterator[Finding]:
    """One (N, D) with several losses: on two scales, on several sets, or of several learning rates."""
    size = [runs[name].map("{:.6g}".format) for name in ("parameters", "tokens")]
    size += [runs[name].fillna("").astype(str) for name in dict.fromkeys(("series", *used)) if name in runs]
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
        words = _words(rows[column])
        kept = rows["loss"].groupby(words).median().idxmin() if exponential else words[words != ""].mode()[0]
        code = "two-loss-scales" if exponential else "several-losses"
        what = "a loss and its exponential" if exponential else f"of several sets, by {column}"
        cure = _where(column, str(kept), words)
        cure += "" if exponential else f', or let formulas depend on it, such as level = "0 + {column}"'
    elif exponential or (groups.transform("median")[several] / low).median() > TWO_SCALES:
        code, what = "two-loss-scales", "on two scales"
        cure = "--best-of parameters,tokens, or --where with a column that says which"
    else:
        left = counted(len(runs.drop_duplicates(["parameters", "tokens"])), "row")
        code, cure = "sweep", f"--best-of parameters,tokens (it leaves {left})"
        what = "a sweep, such as of learning rates, in which not every run is the best of its size"
    severity: Severity = "error" if ratio > TWO_SCALES and code != "sweep" else "warning"
    yield from _found(code, rows, severity, ratio=ratio, what=what, cure=cure)


def _distinguishing(rows: pd.DataFrame, size: list[pd.Series]) -> str | None:
    """The column of few words that explains most of how losses of one size differ, if it is most."""
    log_loss = np.log(rows["loss"])
    within = log_loss - log_loss.groupby(size).transform("mean")
    left = {}
    for name in rows.columns.difference(["parameters", "tokens", "flop", "loss", "series"], sort=False):
        words = _words(rows[name])
        if pd.to_numeric(words, errors="coerce").isna().all() and 1 < len(words.unique()) <= _MOST_SETS:
            # Beside the size's mean each word has a shift of its own.
            left[str(name)] = (within - within.groupby(words).transform("mean")).var() / within.var()
    best = min(left, key=lambda name: left[name], default=None)
    return best if best is not None and left[best] < EXPLAINED else None


def _several_data(runs: pd.DataFrame, used: Collection[str]) -> Iterator[Finding]:
    for name in (name for name in _called(runs, _DATA) if name not in used):
        words = runs[name].astype(str).value_counts().index
        if 1 < runs[name].nunique() <= _MOST_SETS:
            others, first = runs[runs[name].astype(str) != words[0]], ", ".join(words[:3]) + ", ..." * (len(words) > 3)
            cure = _where(name, words[0])
            yield from _found("several-datasets", others, name=name, many=len(words), words=first, cure=cure)


def _repetition(runs: pd.DataFrame) -> Iterator[Finding]:
    for name in _called(runs, (*_EPOCHS, *_UNIQUE))[:1]:
        by, numbers = _quoted(name), pd.to_numeric(runs[name], errors="coerce")
        epochs = bare_name(name) in _EPOCHS
        times = numbers if epochs else runs["tokens"] / numbers
        cure = f"{by} <= 1" if epochs else f"tokens <= {by}"
        yield from _found("repetition", runs[times > REPEATED], by=by, times=times.max(), cure=cure)


def _checkpoints(runs: pd.DataFrame, used: Collection[str]) -> Iterator[Finding]:
    """Several points of one training curve: of a run that has a name, or else of a size at even steps of tokens."""
    by = next(iter(_called(runs, _RUN_NAMES)), "parameters")
    curves = runs.groupby(runs[by].astype(str))
    fewest = 3 if by != "parameters" else _FEWEST_POINTS
    one_size = curves["parameters"].transform("nunique") == 1
    along = runs[one_size & (curves["tokens"].transform("nunique") >= fewest)]
    if (
        by not in used
        and len(along) > len(runs) / 2
        and (by != "parameters" or _at_even_steps(along) or _by_steps(along))
    ):
        several = counted(along[by].astype(str).nunique(), "run")
        yield from _found("checkpoints", along, runs=several, by=by, shown=shlex.quote(by))


def _by_steps(along: pd.DataFrame) -> bool:
    """Whether a column of steps goes with tokens at every size."""
    columns = [pd.to_numeric(along[name], errors="coerce") for name in _called(along, _STEPS)]
    ranks = along.groupby("parameters")["tokens"].rank()
    return any(each.notna().all() and each.groupby(along["parameters"]).rank().equals(ranks) for each in columns)


def _at_even_steps(along: pd.DataFrame) -> bool:
    curve = along.sort_values("tokens").drop_duplicates(["parameters", "tokens"])
    steps = curve.groupby("parameters")["tokens"].diff()
    even = (steps / steps.groupby(curve["parameters"]).transform("median")).dropna()
    return bool(even.between(0.9, 1.1).mean() > _EVEN)


def _called(table: pd.DataFrame, plain: Sequence[str]) -> list[str]:
    found = [str(name) for name in table if bare_name(str(name)) in plain]
    return sorted(found, key=lambda name: plain.index(bare_name(name)))


def _where(column: str, value: str, words: Collection[str] = ()) -> str:
    """What selects a value, as a shell takes it; an empty one by the other words."""
    others = sorted({*words} - {value})
    expression = f"{_quoted(column)} " + (f"== {value!r}" if value else f"not in {others}")
    plain = not set(expression) & set('"`$!\\')
    return f'--where "{expression}"' if plain else f"--where {shlex.quote(expression)}"


def _quoted(name: str) -> str:
    return name if name.isidentifier() else f"`{name}`"


def _words(column: pd.Series) -> pd.Series:
    return column.astype("str").fillna("")


def _numbers(table: pd.DataFrame, column: str) -> "pd.Series[float]":
    if column not in table or not pd.api.types.is_numeric_dtype(table[column]):
        return pd.Series(dtype="float64")
    return table[column].dropna()
