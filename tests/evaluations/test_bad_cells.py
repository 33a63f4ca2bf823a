"""One bad cell in the second of three rows: its place, value and rule, by `check` and by `read` alike."""

import datetime

import pytest

from bayes_scaling.errors import EvaluationsError
from bayes_scaling.tables import Fault, check_evaluations, read_evaluations

COUNT = "must be a number, such as 117000000, 1.17e8 or 117M"
NUMBER = "must be a number, such as 3.12, without a unit"
GROUPED = "must have a decimal point and no separators of thousands; for 3,125 write 3.125 or 3125"
FINITE = "must be a finite number"
POSITIVE = "must be greater than 0"
PERPLEXITY = "must be greater than 1 (perplexity, not log-perplexity or bits)"
DATE = "must be a date of the calendar, written YYYY-MM-DD (2019, 2019-02 and Feb 2019 are taken too)"
FLAG = "must be 0 or 1 (or: false, true)"
EMPTY = "must not be empty"
EMPTY_FLAG = "is empty; write 1 for yes and 0 for no in every row, or remove the column"
EMPTY_SIZE = "must not be empty, unless the row has comparable = 0"
ARCHITECTURE = "must be one of transformer, recurrent, convolutional, feedforward, state-space, ngram, other"
SOON = (datetime.date.today() + datetime.timedelta(days=2)).isoformat()  # still to come where midnight passes

BAD_CELLS = [
    ("perplexity", "0.7", PERPLEXITY),
    ("perplexity", "1", PERPLEXITY),
    ("perplexity", "0", PERPLEXITY),
    ("perplexity", "-17.48", PERPLEXITY),
    ("perplexity", "", EMPTY),
    ("perplexity", "nan", FINITE),
    ("perplexity", "NaN", FINITE),
    ("perplexity", "inf", FINITE),
    ("perplexity", "-Infinity", FINITE),
    ("perplexity", "1e999", FINITE),
    ("perplexity", "17.48 ppl", NUMBER),
    ("perplexity", "about 17", NUMBER),
    ("perplexity", "17.4.8", NUMBER),
    ("perplexity", "NA", "must be a number"),
    ("perplexity", "true", NUMBER),
    ("perplexity", "١٧", NUMBER),
    ("parameters", "117Q", COUNT),
    ("parameters", "1_000_00", COUNT),
    ("parameters", '"1.000,5"', COUNT),
    ("perplexity", '"1,000"', GROUPED),
    ("perplexity", "1 000", GROUPED),
    ("perplexity", "17k", NUMBER),
    ("perplexity", "~17", NUMBER),
    ("parameters", "~", COUNT),
    ("parameters", "7 bnx", COUNT),
    ("parameters", "0x10", COUNT),
    ("parameters", "1e", COUNT),
    ("parameters", "0", POSITIVE),
    ("parameters", "-1e9", POSITIVE),
    ("parameters", "inf", FINITE),
    ("parameters", "", EMPTY_SIZE),
    ("tokens", "0.0", POSITIVE),
    ("tokens", "1e400", FINITE),
    ("tokens", "WebText", COUNT),
    ("tokens", "", EMPTY_SIZE),
    ("published", "2019.12", DATE),
    ("published", "14/02/2019", DATE),
    ("published", "2019-2-14", DATE),
    ("published", "2019-02-30", DATE),
    ("published", "2019-13-01", DATE),
    ("published", "2019-02-14T12:30", DATE),
    ("published", "Fab 2019", DATE),
    ("published", "Fe 2019", DATE),
    ("published", "Feb 2019-03", DATE),
    ("published", "", EMPTY),
    ("published", "1949-12-31", "must not be before 1950"),
    ("published", "0001-01-01", "must not be before 1950"),
    ("published", "9999-12-31", "must not be in the future"),
    ("published", SOON, "must not be in the future"),
    ("benchmark", "", EMPTY),
    ("benchmark", "   ", EMPTY),
    ("architecture", "Hyena", ARCHITECTURE),
    ("architecture", "Transformer/RNN", ARCHITECTURE),
    ("architecture", "", EMPTY),
    ("system", "", EMPTY),
    ("paper", "", EMPTY),
    ("paper", "   ", EMPTY),
    ("epochs", "0", POSITIVE),
    ("epochs", "-3", POSITIVE),
    ("epochs", "many", COUNT),
    ("epochs", "n/a", "must be a number; where there is none, leave the cell empty"),
    ("vocabulary", "1", "must be at least 2"),
    ("vocabulary", "50x", COUNT),
    ("training_compute", "0", POSITIVE),
    ("training_compute", "1e999", FINITE),
    ("zero_shot", "yes", FLAG),
    ("zero_shot", "2", FLAG),
    ("zero_shot", "1.0", FLAG),
    ("zero_shot", "", EMPTY_FLAG),
    ("test_time_adaptation", "no", FLAG),
    ("extra_data", "-1", FLAG),
    ("ensemble", "x", FLAG),
    ("comparable", "maybe", FLAG),
    ("comparable", "", EMPTY_FLAG),
    ("tokenization", "bpe", "must be one of word, subword, byte"),
    ("id", "", EMPTY),
    ("id", "good-2", "stands in row 2 already; every row needs its own"),
]
# Columns that the good rows need as well, as soon as the bad row has them.
FILLERS = {
    "id": ("good-2", "good-4"),
    "epochs": ("1", ""),
    "zero_shot": ("0", "1"),
    "test_time_adaptation": ("false", "TRUE"),
    "extra_data": ("0", "1"),
    "ensemble": ("0", "1"),
    "comparable": ("1", "1"),
}


@pytest.mark.parametrize(("column", "cell", "rule"), BAD_CELLS)
def test_the_one_bad_cell_is_named(table_file, column, cell, rule):
    before, after = ({column: filler} for filler in FILLERS.get(column, (None, None)))
    path = table_file(
        {name: filler for name, filler in before.items() if filler is not None},
        {column: cell},
        {name: filler for name, filler in after.items() if filler is not None},
    )
    fault = Fault(3, column, cell.strip().strip('"'), rule)

    assert check_evaluations(path) == (fault,)
    with pytest.raises(EvaluationsError) as error:
        read_evaluations(path)
    assert str(error.value).startswith(f"{path} has a fault:\n  {fault}")


@pytest.mark.parametrize(
    ("cell", "rule"),
    [
        ("0", "must be greater than 0, in nats per token"),
        ("-2.8", "must be greater than 0, in nats per token"),
        ("1e-20", "must be greater than 0, in nats per token"),
        ("1740.0", "must be less than 700, in nats per token (is it a perplexity?)"),
        ("inf", FINITE),
        ("2.8 nats", NUMBER),
        ("", EMPTY),
    ],
)
def test_the_one_bad_log_perplexity_is_named(table_file, cell, rule):
    path = table_file(
        {"perplexity": None, "log_perplexity": "2.86"},
        {"perplexity": None, "log_perplexity": cell},
    )

    assert check_evaluations(path) == (Fault(3, "log_perplexity", cell, rule),)
    with pytest.raises(EvaluationsError, match="row 3, column log_perplexity"):
        read_evaluations(path)


def test_a_fault_reads_as_a_sentence():
    assert str(Fault(12, "perplexity", "0.7", PERPLEXITY)) == (
        "row 12, column perplexity, value 0.7: must be greater than 1 (perplexity, not log-perplexity or bits)"
    )
    assert str(Fault(12, "perplexity", "", EMPTY)) == "row 12, column perplexity: must not be empty"
    assert str(Fault(None, None, "", "is odd")) == "is odd"
    assert str(Fault(3, None, "two\nlines " + "x" * 99, "is odd")) == f"row 3, value two lines {'x' * 50}...: is odd"
