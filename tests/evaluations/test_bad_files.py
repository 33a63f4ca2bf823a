"""Files that are no tables: one clear message each. Files of the wrong shape: faults with their rows."""

import gzip
import pickle

import pytest

from bayes_scaling.errors import EvaluationsError
from bayes_scaling.tables import Fault, check_evaluations, read_evaluations

HEADER = b"system,paper,published,benchmark,perplexity,parameters,tokens,architecture\n"
ROW = b"A,P,2019-02-14,wt103,17.48,1.5e9,4e9,transformer\n"

UNREADABLE = {
    "empty": (b"", "is empty; it needs a header"),
    "byte-order mark only": (b"\xef\xbb\xbf", "is empty; it needs a header"),
    "blank lines only": (b"\n \n", "is empty; it needs a header"),
    "header only": (HEADER, "has a header but no rows; add a row"),
    "header and blank rows": (HEADER + b"\n,,,,,,,\n", "has a header but no rows; add a row"),
    "first row blank": (b"\n" + HEADER + ROW, "row 1 is blank; it must name the columns"),
    "bars": ((HEADER + ROW).replace(b",", b"|"), "separate the cells with commas, tabs or semicolons"),
    "prose": (b"Dear reader\nno table here\n", "has a single column, 'Dear reader'"),
    "NUL bytes": (HEADER + ROW + b"\0", "is not a CSV text file .it holds NUL bytes."),
    "UTF-16 without its mark": ((HEADER + ROW).decode().encode("utf-16-le"), "NUL bytes.; save it as CSV UTF-8"),
    "half of UTF-16": ((HEADER + ROW).decode().encode("utf-16")[:-1], "NUL bytes.; save it as CSV UTF-8"),
    "pickle": (pickle.dumps({"system": "A"}, protocol=4), "NUL bytes"),
    "gzip": (gzip.compress(HEADER + ROW, mtime=1), "UTF-8|NUL"),
    "Latin-1": (HEADER + ROW + "Zoë".encode("latin-1"), "line 3 holds the byte 0xeb, which is not UTF-8"),
    "Latin-1 behind a byte-order mark": (
        b"\xef\xbb\xbf" + HEADER + "é".encode("latin-1") + ROW,
        "line 2 holds the byte 0xe9, which is not UTF-8",
    ),
    "open quote": (
        HEADER + ROW + b'"B,P,2019-02-14',
        "unexpected end of data in row 3; look for an unpaired",
    ),
    "text after a quote": (HEADER + ROW + b'"B"x,P', "not a valid CSV file: .* in row 3"),
    "endless cell": (HEADER + b"x" * 200_000, "not a valid CSV file: field larger than .* in row 2"),
}


@pytest.mark.parametrize("answer", [check_evaluations, read_evaluations])
@pytest.mark.parametrize(("content", "message"), UNREADABLE.values(), ids=UNREADABLE)
def test_an_unreadable_file_is_one_clear_message(tmp_path, answer, content, message):
    path = tmp_path / "mine.csv"
    path.write_bytes(content)

    with pytest.raises(EvaluationsError, match=message) as error:
        answer(path)
    assert str(path) in str(error.value)
    assert "\n" not in str(error.value)
    # No traceback of the machinery behind the message.
    assert error.value.__cause__ is None
    assert error.value.__suppress_context__ or error.value.__context__ is None


@pytest.mark.parametrize("answer", [check_evaluations, read_evaluations])
def test_a_path_that_is_no_file_is_one_clear_message(tmp_path, answer):
    with pytest.raises(EvaluationsError, match=r"absent\.csv: no such file; give the path of a CSV file"):
        answer(tmp_path / "absent.csv")
    with pytest.raises(EvaluationsError, match="is a directory; give the path of a CSV file in it"):
        answer(str(tmp_path))
    with pytest.raises(EvaluationsError, match="can't be read: Not a directory"):
        (tmp_path / "file").touch()
        answer(tmp_path / "file" / "mine.csv")


MISSHAPEN = {
    "short row": (HEADER + ROW + b"B,P\n", Fault(3, None, "", "has 2 cells and the header 8; {}")),
    "long row": (
        HEADER + b"B, Inc.," + ROW[2:] + ROW,
        Fault(2, None, "", "has 9 cells and the header 8; {}"),
    ),
    "short row after a blank one": (
        HEADER + ROW + b"\nB,P\n",
        Fault(4, None, "", "has 2 cells and the header 8; {}"),
    ),
    "short row after a cell of two lines": (
        HEADER + b'"A\nA"' + ROW[1:] + b"B,P\n",
        Fault(3, None, "", "has 2 cells and the header 8; {}"),
    ),
    "only a short row": (HEADER + b"B,P\n", Fault(2, None, "", "has 2 cells and the header 8; {}")),
    "column twice": (
        HEADER.replace(b"tokens", b"paper") + ROW,
        Fault(1, "paper", "", "the name stands 2 times; each column needs its own"),
    ),
    "column without a name": (
        b"," + HEADER + b"0," + ROW,
        Fault(1, None, "", "column 1 has no name; name it or remove it"),
    ),
}


@pytest.mark.parametrize(("content", "fault"), MISSHAPEN.values(), ids=MISSHAPEN)
def test_a_misshapen_table_is_a_fault_with_its_row(tmp_path, content, fault):
    path = tmp_path / "mine.csv"
    path.write_bytes(content)
    rule = fault.rule.format("put quotes around a cell that holds a comma")
    expected = Fault(fault.row, fault.column, fault.value, rule)

    assert check_evaluations(path) == (expected,)
    with pytest.raises(EvaluationsError) as error:
        read_evaluations(path)
    assert str(error.value) == f"{path} has a fault:\n  {expected}"


def test_rows_of_the_right_length_are_checked_beside_ragged_ones(tmp_path):
    path = tmp_path / "mine.csv"
    path.write_bytes(HEADER + ROW.replace(b"17.48", b"0.7") + b"B,P\n" + ROW.replace(b"transformer", b"hyena"))

    assert [(fault.row, fault.column) for fault in check_evaluations(path)] == [
        (2, "perplexity"),
        (3, None),
        (4, "architecture"),
    ]
