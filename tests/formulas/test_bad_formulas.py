"""Formulas that can't be meant: one line that names the coefficient, what is wrong and what is valid; nothing runs."""

import random
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import bayes_scaling as bs
from bayes_scaling.model.rows import make_rows
from bayes_scaling.specifications.formulas import FUNCTIONS
from bayes_scaling.specifications.specification import Specification


@pytest.fixture(scope="module")
def table() -> pd.DataFrame:
    evaluations = bs.load_evaluations().head(40).copy()
    count = np.arange(40)
    return evaluations.assign(
        lab=np.array(["a", "b", "c"])[count % 3],
        team=np.array(["x", "y", "z"])[count % 3],
        number=count % 5 * 1.0,
        twice=count % 5 * 2.0,
        constant=1.0,
        lone="only",
        gap=np.where(count == 4, np.nan, count),
        endless=np.where(count == 4, np.inf, count),
        huge=1e300 * (1 + count),
        mixed=pd.Series([1 if each % 2 else "a" for each in count], dtype=object).to_numpy(),
        when=pd.Timestamp("2019-01-01"),
    )


def refusal(document: dict, table: pd.DataFrame | None = None) -> str:
    """The one line with which a specification is refused, on a table if one is given."""
    with pytest.raises((bs.errors.SpecificationError, bs.errors.EvaluationsError)) as caught:
        specification = Specification.from_dict("mine", document)
        if table is not None:
            make_rows(specification, table)
    message = str(caught.value)
    assert message.isprintable(), message
    assert len(message) < 700
    return message


NOT_A_FORMULA = {
    "unknown function": ("1 + tan(number)", "tan() can't be called; functions that can: log"),
    "function of a module": ("1 + np.log(number)", "np.log() can't be called"),
    "attribute": ("1 + number.values", "number.values is no name of a column"),
    "dunder": ("1 + number.__class__", "number.__class__ is no name of a column"),
    "import": ("1 + __import__('os').system('touch x')", "Unexpected character"),
    "open": ("1 + open('x', 'w')", "open() can't be called"),
    "eval": ("1 + eval('1')", "eval() can't be called"),
    "I": ("1 + I(number)", "I() can't be called"),
    "C": ("1 + C(number)", "C() can't be called"),
    "offset": ("1 + offset(number)", "offset() can't be called"),
    "braces": ("1 + {number + 1}", "can't be called"),
    "lambda": ("1 + (lambda x: x)", "Expect ')'"),
    "backticks": ("1 + `number`", "letters, digits and _"),
    "f-string": ("1 + f'{number}'", "not understood from '{number}' on"),
    "text": ("1 + 'number'", "'number' is not taken"),
    "constant of Python": ("1 + None", "None is not taken"),
    "truth": ("1 + True", "True is not taken"),
    "response": ("number ~ 1", "operator ~ is not taken here; use + - : * | /"),
    "power": ("1 + number ** 2", "operator ** is not taken"),
    "comparison": ("1 + number == 1", "operator == is not taken"),
    "level of a column": ("1 + lab['a']", "is no name of a column"),
    "index": ("1 + number[0]", "is no formula"),
    "nested calls": ("1 + log(sqrt(number))", "sqrt() can't be called within log()"),
    "large number": ("1 + bs(number, df=10000)", "10000 is not taken here; numbers up to 20"),
    "large number without end": (f"1 + log(number + {'9' * 100})", "numbers up to 20"),
    "number as a term": ("1 + 2", "2 is not taken here"),
    "many products": ("1 + a * b * c * d * e", "products at most 3 times"),
    "201 characters": ("1 + " + "x" * 197, "1 to 200 characters"),
    "long group": ("0 + " + "x" * 197, "1 to 200 characters"),
    "control character": ("1 + \x00number", "printable"),
    "line break": ("1 +\nnumber", "printable"),
    "direction of writing": ("1 + \u202enumber", "printable"),
    "empty": ("", "1 to 200 characters"),
    "blank": ("   ", "1 to 200 characters"),
    "rest that is not understood": ("1 + number)", "not understood from ) on"),
    "two names": ("1 + number lab", "not understood from lab on"),
    "comment": ("1 + number # all", "Unexpected character: #"),
    "comma": ("1, number", "not understood from , on"),
    "assignment": ("1 + x = 3", "is no formula"),
    "operator alone": ("+", "is no formula"),
    "brackets without end": ("1 + " + "(" * 150, "is no formula"),
    "backtick without end": ("1 + `number", "is no formula"),
    "text without end": ("1 + 'number", "is no formula"),
    "superscript": ("1 + number²", "number² is no name of a column"),
    "no base": ("0", "has no base: begin with 1 (one value), or with 0 + group"),
    "no base but a call": ("0 + log(number)", "has no base"),
    "no base but effects": ("0 + (1 | lab)", "has no base"),
    "base taken back": ("1 + number:lab - 1", "has no base"),
    "effects over two columns": ("1 + (1 | lab:architecture)", "pooled over another: (1 | lab)"),
    "effects of a call": ("1 + (log(number) | lab)", "effects are of one column"),
    "bare effects": ("1 | lab", "has no base"),
    "effects over nothing": ("1 + (1 | 1)", "is no formula"),
    "name clash with another parameter": ("1 + drift", "gives two parameters one name"),
    "name clash with the base": ("1 + base", "gives two parameters one name"),
    "name clash of terms": ("1 + log(number) + log_number", "gives two parameters one name"),
    "reserved group": ("0 + era", "no group can be called era"),
    "reserved pooled group": ("1 + (1 | chain)", "no group can be called chain"),
    "number": (3, "must be a formula in quotes"),
    "list": (["1"], "must be a formula in quotes"),
    "nothing": (None, "must be a formula in quotes"),
}


@pytest.mark.parametrize(("formula", "told"), NOT_A_FORMULA.values(), ids=NOT_A_FORMULA)
def test_what_is_no_formula_is_refused_with_the_coefficient(formula, told) -> None:
    message = refusal({"coefficients": {"alpha": formula}})
    assert message.startswith("[coefficients] alpha = ") and told in message


NOT_ON_THE_TABLE = {
    "unknown column": ("1 + where", "column where for alpha, which the table lacks; its columns: system, paper"),
    "unknown column in a call": ("1 + log(np)", "column np for alpha, which the table lacks"),
    "unknown column as an option": ("1 + bs(number, df=frame)", "column frame for alpha, which the table lacks"),
    "unknown base": ("0 + dataset", "column dataset for alpha, which the table lacks"),
    "unknown group": ("1 + (1 | dataset)", "column dataset for alpha, which the table lacks"),
    "missing value": ("1 + gap", "is empty in 1 row(s), first "),
    "one level pooled": ("1 + (1 | lone)", "column lone has one level, 'only', and so nothing to pool"),
    "one level": ("1 + lone", "lone does not vary in this table"),
    "constant number": ("1 + constant", "constant does not vary in this table"),
    "effects of text": ("1 + (lab | architecture)", "column lab of (lab | architecture) holds text"),
    "effects of a constant": ("1 + (constant | lab)", "column constant of (constant | lab) does not vary"),
    "collinear": ("1 + number + twice", "its terms are collinear"),
    "collinear with the base": ("0 + lab + team", "its terms are collinear in this table; leave out one of team, lab"),
    "dates": ("1 + when", "holds dates; year is their decimal year"),
    "numbers and text": ("1 + mixed", "holds neither numbers nor text"),
    "infinite": ("1 + endless", "is not finite or beyond 1e+100 in row "),
    "beyond floats": ("1 + huge", "is not finite or beyond 1e+100 in row "),
    "logarithm of 0": ("1 + log(number)", "is not finite in row "),
    "root below 0": ("1 + sqrt(number - 3)", "is not finite in row "),
    "exponential beyond floats": ("1 + exp(parameters)", "is not finite in row "),
    "call of text": ("1 + center(lab)", "can't be worked out on this table"),
    "call of nothing": ("1 + log()", "can't be worked out on this table"),
    "two arguments": ("1 + log(number, lab)", "can't be worked out on this table"),
    "spline without knots": ("1 + bs(number)", "can't be worked out on this table"),
    "spline of negative freedom": ("1 + bs(number, df=-1)", "can't be worked out on this table"),
    "numbers as groups": ("0 + year", "column year can't be a group for alpha: row "),
    "more levels than rows": ("1 + system * paper", "levels for 40 rows; leave it out, or pool"),
}


@pytest.mark.parametrize(("formula", "told"), NOT_ON_THE_TABLE.values(), ids=NOT_ON_THE_TABLE)
def test_what_a_table_can_t_give_is_refused_with_coefficient_column_or_row(formula, told, table, capsys) -> None:
    message = refusal({"coefficients": {"alpha": formula}}, table)
    assert "alpha" in message and told in message
    if "row" in told and "rows" not in told:
        assert str(table.index[4]) in message or re.search(r"row '[\w-]+'|first '[\w-]+'", message)
    assert capsys.readouterr() == ("", "")


SETTINGS = {
    "no coefficient of the law": ({"coefficients": {"gamma": "1"}}, "gamma is no coefficient of this specification"),
    "formula of nu": ({"coefficients": {"nu": "1 + x"}, "noise": {"family": "student_t"}}, "valid: level, share"),
    "formula of tau": ({"coefficients": {"tau": "1 + x"}, "noise": {"cluster": "paper"}}, "tau is no coefficient"),
    "rate that is not there": ({"coefficients": {"g_N": "1 + x"}}, "g_N is no coefficient of this specification"),
    "share of one term": ({"law": "compute", "coefficients": {"share": "1 + x"}}, "share is no coefficient"),
    "both sections": ({"coefficients": {"alpha": "1"}, "varies_by": {"alpha": "lab"}}, "say one thing twice"),
    "level and A": ({"coefficients": {"level": "1"}, "varies_by": {"A": "lab", "B": "lab"}}, "say one thing twice"),
    "irreducible said twice": (
        {"coefficients": {"irreducible_share": "1"}, "irreducible_loss": "shared"},
        "irreducible_share say one thing twice",
    ),
    "irreducible loss by benchmark beside levels": (
        {"coefficients": {"level": "0 + benchmark", "share": "1"}, "irreducible_loss": "benchmark"},
        'set [coefficients] irreducible_share = "0 + benchmark"',
    ),
    "one irreducible loss of levels with terms": (
        {"coefficients": {"level": "1 + x"}, "irreducible_loss": "shared"},
        "irreducible_loss = 'shared' is one E of all rows, and level or share has a formula by which E would differ",
    ),
    "one irreducible loss of shares by another group": (
        {"coefficients": {"level": "0 + lab", "share": "1"}, "irreducible_loss": "shared"},
        'set [coefficients] irreducible_share = "1"',
    ),
    "delta": ({"coefficients": {"alpha": "0 + lab"}, "delta": 0.01}, "do not go with delta"),
    "pivot": ({"coefficients": {"alpha": "0 + lab"}, "pivot": {"tokens": 1e8}}, "do not go with [pivot]"),
    "Kaplan's law": ({"law": "kaplan", "coefficients": {"alpha": "1 + lab"}}, "choose law 'chinchilla' or 'compute'"),
    "Kaplan's power": ({"law": "kaplan", "coefficients": {"beta": "1 + lab"}}, "beta is no coefficient"),
    "neutral progress": (
        {
            "coefficients": {"alpha": "1 + lab"},
            "progress": {"parameters": "constant_rate", "data": "constant_rate", "acts_on": "reducible_loss"},
        },
        "remove alpha from [coefficients] or set acts_on = 'effective_size'",
    ),
    "neutral progress by group": (
        {
            "coefficients": {"beta": "0 + lab"},
            "progress": {"parameters": "constant_rate", "data": "constant_rate", "acts_on": "nearly_reducible_loss"},
        },
        "needs shared alpha and beta: remove beta from [coefficients]",
    ),
    "factor without a column": ({"coefficients": {"reducible": "1"}}, "write 0 + column"),
    "factor with an intercept": (
        {"coefficients": {"reducible": "1 + number + (1 | lab)"}},
        "must begin with 0 +, since the level itself is its intercept: write 0 + number + (1 | lab)",
    ),
    "factor of effects with an intercept": ({"coefficients": {"loss": "(1 | lab)"}}, "write 0 + (1 | lab)"),
    "clusters that mean paper": (
        {"coefficients": {"alpha": "1 + (1 | paper)"}, "noise": {"cluster": "lab"}},
        "set cluster = 'paper', or rename the column",
    ),
    "nested clusters that mean paper": (
        {"coefficients": {"alpha": "1 + (1 | paper)"}, "noise": {"cluster": ["lab", "paper"]}},
        "cluster = 'lab' is what paper means here",
    ),
    "nested clusters under Student-t noise": (
        {"noise": {"cluster": ["lab", "paper"], "family": "student_t"}},
        "needs family = 'normal' or 'multivariate_t', whose effects are integrated out; or choose one column",
    ),
    "a cluster twice": ({"noise": {"cluster": ["lab", "lab"]}}, 'from the outermost, such as ["lab", "paper"]'),
    "no cluster among several": ({"noise": {"cluster": ["lab", "none"]}}, "is not valid; choose one of: none, paper"),
    "clusters of nothing": ({"noise": {"cluster": []}}, "[noise] cluster = () is not valid"),
    "cluster of a number": ({"noise": {"cluster": ["lab", 3]}}, "is not valid; choose one of: none, paper"),
    "cluster of a list": ({"noise": {"cluster": [["lab"], "paper"]}}, "is not valid; choose one of: none, paper"),
    "cluster of a table": ({"noise": {"cluster": {"lab": 1}}}, "is not valid; choose one of: none, paper"),
    "outer scale without a prior": (
        {
            "noise": {"cluster": ["lab", "paper"], "scale": "log_loss"},
            "priors": {name: {"distribution": "half_normal", "sigma": 0.1} for name in ("sigma", "tau")},
        },
        "needs a prior of tau_lab",
    ),
    "no table": ({"coefficients": "alpha"}, "coefficients must be a table"),
    "prior of an unknown parameter": (
        {"coefficients": {"alpha": "1 + lab"}, "priors": {"alpha_x": {"distribution": "normal", "mu": 0, "sigma": 1}}},
        "[priors.alpha_x] is unknown; parameters with a prior here: level, share, alpha, alpha_lab, beta, sigma",
    ),
    "prior under the name of the base": (
        {"coefficients": {"alpha": "1 + x"}, "priors": {"alpha_base": {"distribution": "half_normal", "sigma": 1}}},
        "[priors.alpha_base] is unknown",
    ),
    "prior of standard effects": (
        {
            "coefficients": {"alpha": "1 + (1 | lab)"},
            "priors": {"alpha_lab_standardised": {"distribution": "normal", "mu": 0, "sigma": 1}},
        },
        "[priors.alpha_lab_standardised] is unknown",
    ),
    "prior of the wrong support": (
        {
            "coefficients": {"alpha": "1 + (1 | lab)"},
            "priors": {"alpha_lab_sd": {"distribution": "normal", "mu": 0, "sigma": 1}},
        },
        "[priors.alpha_lab_sd] Normal(mu=0, sigma=1) reaches values that alpha_lab_sd can't take (positive)",
    ),
    "tokens of a benchmark below 0": ({"benchmarks": {"lm1b": {"tokens": -1}}}, "must be a number above 0"),
    "unknown figure of a benchmark": ({"benchmarks": {"lm1b": {"words": 1}}}, "valid keys: tokens"),
}


@pytest.mark.parametrize(("document", "told"), SETTINGS.values(), ids=SETTINGS)
def test_settings_that_contradict_a_formula_are_refused(document, told) -> None:
    assert told in refusal(document)


def test_a_base_takes_the_prior_of_its_coefficient() -> None:
    prior = {"distribution": "lognormal", "mu": -1, "sigma": 0.5}
    mine = Specification.from_dict("mine", {"coefficients": {"alpha": "1 + x_base"}, "priors": {"alpha": prior}})
    assert str(mine.prior_of("alpha_base")) == "LogNormal(mu=-1, sigma=0.5)"
    assert str(mine.prior_of("alpha_x_base")) == "Normal(mu=0, sigma=1)"


@pytest.mark.parametrize(
    "call", ["open('{}', 'w')", "__import__('os').mknod('{}')", "np.save('{}', number)", "pd.eval('{}')", "exec('{}')"]
)
def test_nothing_is_run_that_would_leave_a_file(call, table, tmp_path) -> None:
    path = tmp_path / "made"
    refusal({"coefficients": {"alpha": f"1 + {call.format(path)}"}}, table)
    assert not path.exists()


def test_formulae_finds_no_function_but_those_that_may_be_called(table, monkeypatch) -> None:
    from bayes_scaling.specifications import formulas

    monkeypatch.setattr(formulas, "_check", lambda *_, **__: None)
    for name in ("make_rows", "print", "column_of", "np.sqrt", "design_matrices", "exit"):
        assert name not in FUNCTIONS
        refusal({"coefficients": {"alpha": f"1 + {name}(number)"}}, table)


def test_a_row_that_lacks_a_value_is_named(table) -> None:
    assert repr(table.index[4]) in refusal({"coefficients": {"alpha": "1 + gap"}}, table)
    assert repr(table.index[4]) in refusal({"coefficients": {"alpha": "1 + endless"}}, table)


@pytest.mark.parametrize("command", [("fit", "mine.toml"), ("models", "mine.toml"), ("check", "mine.toml")])
def test_the_command_line_says_it_in_one_message(command, tmp_path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text("law = 'compute'\n[coefficients]\nalpha = \"1 + open('made', 'w')\"\n", encoding="utf-8")
    package = Path(bs.__file__).parents[1]
    ended = subprocess.run(
        [sys.executable, "-c", "import sys; from bayes_scaling.cli import main; main()", *command],
        cwd=tmp_path,
        env={"PYTHONPATH": str(package), "PATH": "/usr/bin:/bin", "HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    said = ended.stdout + ended.stderr
    assert ended.returncode == 2 and "Traceback" not in said
    if command[0] != "check":  # which is for tables
        assert "mine.toml: [coefficients] alpha" in said and "open() can't be called" in " ".join(said.split())
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("seed", range(4))
def test_spoiled_formulas_are_rows_or_refusals(seed, table, monkeypatch) -> None:
    monkeypatch.syspath_prepend(Path(__file__).parents[1] / "hostile")
    from mutations import spoiled_formula

    rng, made = random.Random(seed), 0
    starts = (
        "1 + number * lab",
        "0 + lab + log(parameters)",
        "1 + (number | lab)",
        "1 + bs(year, df=4) + architecture",
    )
    for _ in range(100):
        formula = spoiled_formula(rng.choice(starts), rng)
        try:
            specification = Specification.from_dict("mine", {"law": "chinchilla", "coefficients": {"alpha": formula}})
            rows = make_rows(specification, table)
        except bs.BayesScalingError as error:
            assert str(error).isprintable() and "alpha" in str(error), formula
        else:
            made += 1
            assert all(np.isfinite(column).all() for column in rows.covariates.values()), formula
    assert 0 < made < 100
