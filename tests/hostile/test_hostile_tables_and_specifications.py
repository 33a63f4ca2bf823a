"""Tables and specifications from elsewhere: other encodings, formulas, scripts, cells and claims without end."""

import os
import threading
import time
import warnings
from pathlib import Path

import pandas as pd
import pytest

import bayes_scaling as bs
from bayes_scaling.tables import check_evaluations, formats, read_evaluations, read_runs

pytestmark = pytest.mark.fault("Tables and specifications")

HEADER = "system,paper,published,benchmark,perplexity,parameters,tokens,architecture"
ROW = "{},My paper,2019-02-14,wt103,17.48,1.5e9,4e9,transformer"


def table(path: Path, *systems: str) -> Path:
    rows = [ROW.format('"' + system.replace('"', '""') + '"') for system in systems]
    path.write_bytes("\n".join([HEADER, *rows]).encode())
    return path


NAMES = {
    "formula": "=cmd|' /C calc'!A0",
    "link": '=HYPERLINK("http://example.org?x="&A1,"here")',
    "at": "@SUM(1+1)*cmd|' /C calc'!A0",
    "script": "<script>alert(1)</script>",
    "image": "<img src=x onerror=alert(1)>",
    "right to left": "\u202eexe.GPT",
    "long": "x" * 300,
    "markup": "[red]GPT[/nope]",
    "formatting": "{0.__class__} %s%n $(reboot) `id`",
    "traversal": "../../../etc/passwd",
    "mathematics": r"$\frac{",
}


@pytest.mark.parametrize("name", NAMES.values(), ids=NAMES)
def test_a_name_is_text_and_nothing_else(name, tmp_path) -> None:
    evaluations = read_evaluations(table(tmp_path / "mine.csv", name))
    assert evaluations["system"].tolist() == [name]


@pytest.mark.parametrize("name", NAMES.values(), ids=NAMES)
def test_a_refused_row_is_one_printable_line(name, refused, tmp_path) -> None:
    path = table(tmp_path / "mine.csv", name, "other")
    quoted = '"' + name.replace('"', '""') + '"'
    path.write_text(path.read_text("utf-8").replace("transformer", quoted), "utf-8")
    message = refused("check", "mine.csv")
    assert "2 rows (2, 3), column architecture" in message
    assert len(message) < 600


@pytest.mark.parametrize("cell", ["GPT\x1b[31m", "\x07GPT", "GPT\x7f", "G\x9bPT", "a\x08b", "\x0b", "GPT\x1c"])
def test_control_characters_are_refused_and_shown_as_escapes(cell, refused, tmp_path) -> None:
    table(tmp_path / "mine.csv", cell, "other")
    assert "row 2, column system" in refused("check", "mine.csv")
    with pytest.raises(bs.BayesScalingError, match="control character"):
        read_evaluations(tmp_path / "mine.csv")


ENCODED = {
    "UTF-16 LE without its mark": (HEADER + "\n" + ROW.format("é")).encode("utf-16-le"),
    "UTF-16 LE cut": b"\xff\xfe" + (HEADER + "\n" + ROW.format("é")).encode("utf-16-le")[:-1],
    "UTF-32": (HEADER + "\n" + ROW.format("é")).encode("utf-32"),
    "Latin-1": (HEADER + "\n" + ROW.format("é")).encode("latin-1"),
    "surrogates": (HEADER + "\n" + ROW.format("\ud800")).encode("utf-8", "surrogatepass"),
    "overlong": (HEADER + "\n").encode() + b"\xc0\xaf,",
    "NUL": (HEADER + "\n" + ROW.format("a\0b")).encode(),
    "spreadsheet": b"PK\x03\x04" + bytes(100),
    "decimal commas in quotes": (HEADER + "\n" + ROW.format("a").replace("17.48", '"17,48"')).encode(),
}


@pytest.mark.parametrize("content", ENCODED.values(), ids=ENCODED)
def test_another_encoding_is_refused(content, refused, tmp_path) -> None:
    (tmp_path / "mine.csv").write_bytes(content)
    assert "mine.csv" in refused("check", "mine.csv")


READ = {
    "UTF-16": (HEADER + "\n" + ROW.format("é")).encode("utf-16"),
    "UTF-16 LE with mark": b"\xff\xfe" + (HEADER + "\n" + ROW.format("é")).encode("utf-16-le"),
    "decimal commas": (HEADER + "\n" + ROW.format("é")).replace(",", ";").replace(".", ",").encode(),
}


@pytest.mark.parametrize("content", READ.values(), ids=READ)
def test_other_encodings_are_read_where_nothing_is_doubtful(content, tmp_path) -> None:
    for name, written in {"mine.csv": content, "plain.csv": (HEADER + "\n" + ROW.format("é")).encode()}.items():
        (tmp_path / name).write_bytes(written)
    found, plain = (read_evaluations(tmp_path / name, name="mine") for name in ("mine.csv", "plain.csv"))
    pd.testing.assert_frame_equal(found, plain)


def test_a_table_cut_anywhere_is_refused_or_read_without_a_wrong_row(tmp_path) -> None:
    whole = (HEADER + "\n" + ROW.format("one") + "\n" + ROW.format("two") + "\n").encode()
    path = tmp_path / "mine.csv"
    path.write_bytes(whole)
    rows = read_evaluations(path).drop(columns="architecture")
    for length in range(0, len(whole), 7):
        path.write_bytes(whole[:length])
        try:
            found = read_evaluations(path)
        except bs.BayesScalingError:
            continue
        assert found.drop(columns="architecture").equals(rows.iloc[: len(found)])


def test_a_cell_of_ten_megabytes_is_one_short_message(refused, tmp_path) -> None:
    table(tmp_path / "mine.csv", "x" * 10_000_000)
    assert len(refused("check", "mine.csv")) < 600
    (tmp_path / "mine.csv").write_text("y" * 10_000_000 + ",b\n1,2\n", encoding="utf-8")
    assert len(refused("check", "mine.csv")) < 600


def test_columns_without_end_are_one_short_message(refused, tmp_path) -> None:
    (tmp_path / "mine.csv").write_text(",".join(f"c{i}" for i in range(50_000)) + "\n" + "1," * 49_999 + "1\n")
    assert "has 50000 columns and may have 1000" in refused("check", "mine.csv")
    (tmp_path / "mine.csv").write_text(",".join(f"c{i}" for i in range(900)) + "\n" + "1," * 899 + "1\n")
    assert len(refused("check", "mine.csv", "--column", "parameters=nosuch")) < 1500


def test_ten_thousand_bad_rows_are_one_short_message(tmp_path) -> None:
    path = tmp_path / "mine.csv"
    path.write_text("parameters,tokens,loss\n" + "x,y,z\n" * 10_000, encoding="utf-8")
    with pytest.raises(bs.BayesScalingError, match="has 30000 faults") as error:
        read_runs(path)
    assert len(str(error.value)) < 5000


def test_a_file_without_end_is_refused(refused, monkeypatch, tmp_path) -> None:
    monkeypatch.setattr(formats, "LARGEST_FILE", 2**20)
    (tmp_path / "mine.csv").symlink_to("/dev/zero")
    assert "is larger than 1 MB" in refused("check", "mine.csv")


@pytest.mark.parametrize("read", [check_evaluations, read_evaluations, read_runs, bs.load_specification])
@pytest.mark.parametrize("name", ["a\0b.csv", "x" * 300 + ".csv", "x/" * 3000, "mine\0.toml", "\udcff.toml", ""])
def test_a_path_that_is_none_is_one_message(read, name, tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(bs.BayesScalingError):
        read(name)


@pytest.mark.parametrize("option", ["--evaluations", "--runs", "--output"])
@pytest.mark.parametrize("name", ["x" * 300, "x/" * 3000, "\u202e/\x1b.csv"], ids=["long", "deep", "unprintable"])
def test_a_name_on_the_command_line_that_no_file_system_takes(option, name, refused) -> None:
    if option == "--output" and "\x1b" in name:
        pytest.skip("a strange name, but one that a user may choose")
    refused("fit", option, name)


SPECIFICATIONS = {
    "dotted without end": ".".join("a" * 20_000) + " = 1",
    "brackets without end": "x = " + "[" * 5000 + "]" * 5000,
    "tables without end": "x = " + "{a = " * 2000 + "1" + "}" * 2000,
    "long": "# " + "x" * 20_000 + '\nlaw = "chinchilla"',
    "digits without end": "delta = " + "9" * 9000,
    "title that steers the terminal": 'law = "chinchilla"\ntitle = "\\u001b[31mred"',
    "title from right to left": 'law = "chinchilla"\ntitle = "\\u202Eeltit"',
    "a constructor's own name": 'law = "chinchilla"\n[priors.sigma]\ndistribution = "half_normal"\ncls = 1',
    "NUL": 'law = "chinchilla"\0',
    "two byte-order marks": '\ufeff\ufefflaw = "chinchilla"',
    "a carriage return alone": 'law = "chinchilla"\n\r',
}


@pytest.mark.parametrize("text", SPECIFICATIONS.values(), ids=SPECIFICATIONS)
def test_a_hostile_specification_is_refused(text, refused, tmp_path) -> None:
    (tmp_path / "mine.toml").write_text(text, encoding="utf-8", newline="")
    assert "mine.toml: " in refused("models", "mine.toml")


@pytest.mark.parametrize("stem", ["=cmd", "+1", "-1", "@SUM(1)", "a\x1bb", "\u202ea", "<script>", "a|b", "a\nb"])
def test_a_name_that_results_can_not_carry_is_refused(stem, tmp_path) -> None:
    path = tmp_path / f"{stem}.toml"
    path.write_text('law = "chinchilla"', encoding="utf-8")
    with pytest.raises(bs.BayesScalingError, match="rename it"):
        bs.load_specification(path)


def test_a_specification_cut_anywhere_is_refused_or_read(tmp_path) -> None:
    from bayes_scaling.specifications.catalogue import catalogue_directory

    whole = (catalogue_directory() / "reference.toml").read_bytes()
    path = tmp_path / "mine.toml"
    for length in range(0, len(whole), 11):
        path.write_bytes(whole[:length])
        try:
            bs.load_specification(path)
        except bs.BayesScalingError as error:
            assert "mine.toml" in str(error)


@pytest.mark.parametrize("kind", ["folder", "fifo", "device", "circle"])
def test_what_is_no_specification_file_is_refused(kind, refused, tmp_path) -> None:
    path = tmp_path / "mine.toml"
    if kind == "folder":
        path.mkdir()
    elif kind == "fifo":
        os.mkfifo(path)
    else:
        path.symlink_to("/dev/zero" if kind == "device" else "mine.toml")
    assert "mine.toml" in refused("models", "mine.toml")


def test_a_clock_set_back_is_a_fault_of_each_date_and_nothing_else(tmp_path, monkeypatch) -> None:
    import pandas as pd

    path = table(tmp_path / "mine.csv", "one", "two")
    monkeypatch.setattr(pd.Timestamp, "today", classmethod(lambda cls: cls(1990, 1, 1)), raising=False)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert [fault.rule for fault in check_evaluations(path)] == ["must not be in the future"] * 2


def test_a_pipe_that_nobody_writes_to_is_given_up(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(formats, "PATIENCE", 0.2)
    os.mkfifo(tmp_path / "mine.csv")
    with pytest.raises(bs.BayesScalingError, match=r"nothing has come out of this pipe for 0\.2 s; give a file"):
        read_evaluations(tmp_path / "mine.csv")


def test_a_pipe_that_is_written_to_is_a_table(tmp_path) -> None:
    pipe = tmp_path / "mine.csv"
    os.mkfifo(pipe)
    content = table(tmp_path / "written.csv", "one", "two").read_bytes()

    def slowly() -> None:
        with pipe.open("wb") as file:
            for piece in (content[:40], content[40:]):
                file.write(piece)
                file.flush()
                time.sleep(0.1)

    writer = threading.Thread(target=slowly)
    writer.start()
    assert len(read_evaluations(pipe)) == 2
    writer.join()
