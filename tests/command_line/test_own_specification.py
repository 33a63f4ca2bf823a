"""A specification of one's own: the guide's example, and the template that the command prints."""

import re
from pathlib import Path

import pytest

import bayes_scaling as bs
from bayes_scaling.model.rows import make_rows

GUIDE = Path(__file__).parents[2] / "notebooks" / "site" / "your-own-data.md"


@pytest.fixture
def example() -> str:
    (found,) = re.findall(r"<!-- specification -->\n```toml\n(.*?)```", GUIDE.read_text(encoding="utf-8"), re.DOTALL)
    return found


def test_the_example_of_the_readme_is_what_the_readme_says(example, ho2024, tmp_path) -> None:
    (tmp_path / "mine.toml").write_text(example, encoding="utf-8")
    mine = bs.load_specification(tmp_path / "mine.toml")
    assert len(make_rows(mine, ho2024).levels["benchmark"]) == ho2024["benchmark"].nunique()
    assert mine.index_of("level") == mine.index_of("E") == "benchmark"
    assert mine.progress.growing == ("parameters", "data")
    assert mine.noise.family == "student_t"
    assert len(mine.priors) == 1
    assert mine not in [bs.load_specification(name) for name in bs.list_specifications()]


def test_the_example_is_shown_by_the_command(example, in_process, tmp_path) -> None:
    (tmp_path / "mine.toml").write_text(example, encoding="utf-8")
    code, out, err = in_process("models", str(tmp_path / "mine.toml"))
    assert (code, err) == (0, "")
    assert str(bs.load_specification(tmp_path / "mine.toml").prior_of("beta")) in out


@pytest.mark.parametrize(("arguments", "name"), [((), "reference"), (("ho2024/13",), "ho2024/13")])
def test_a_template_is_a_specification(arguments, name, in_process, tmp_path) -> None:
    code, out, err = in_process("models", *arguments, "--template")
    assert (code, err) == (0, "")
    (tmp_path / "mine.toml").write_text(out, encoding="utf-8")
    mine = bs.load_specification(tmp_path / "mine.toml")
    assert mine.to_dict() == bs.load_specification(name).to_dict()


def test_a_template_is_no_json(in_process) -> None:
    code, out, err = in_process("models", "reference", "--template", "--json")
    assert (code, out) == (2, "")
    assert "--template and --json are both given" in err
    assert "no specification 'nonsense'" in in_process("models", "nonsense", "--template")[2]
