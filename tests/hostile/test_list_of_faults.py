"""The page of faults is what the tests say."""

import subprocess
import sys
from pathlib import Path

import pytest
from list_of_faults import page


@pytest.mark.slow  # it collects a third of the tests; what checks a change runs the script itself
def test_the_page_lists_the_tests_that_there_are() -> None:
    script = Path(__file__).with_name("list_of_faults.py")
    done = subprocess.run([sys.executable, str(script), "--check"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


class Made:
    """What is read of a collected test."""

    def __init__(self, nodeid: str, line: int, *, slow: bool = False) -> None:
        self.nodeid, self.name, self.path = nodeid, nodeid.rpartition("::")[2], Path(nodeid.partition("::")[0])
        self.location = (str(self.path), line, self.name)
        self.marks = {"fault": pytest.mark.fault("Fit files").mark} | ({"slow": pytest.mark.slow} if slow else {})

    def get_closest_marker(self, name: str) -> object:
        return self.marks.get(name)


def test_a_test_is_a_row_with_its_cases_as_text() -> None:
    cases = [Made(f"tests/a.py::test_a_user_s_file_is_not_lost[{case}]", 9) for case in ("kill", "a|b", "\x1b<i>")]
    text = page([Made("tests/a.py::test_ctrl_c_is_one_line", 20, slow=True), *cases])
    assert text.splitlines()[-2:] == [
        "| A user's file is not lost (kill, a?b, ??i?) | 3 |  |",
        "| Ctrl-C is one line | 1 | slow |",
    ]
    assert text.splitlines()[2].startswith("2 tests in 4 cases:")


def test_long_lists_of_cases_are_left_to_their_number() -> None:
    text = page([Made(f"tests/a.py::test_it[{'x' * 30}{number}]", 1) for number in range(3)])
    assert text.splitlines()[-1] == "| It | 3 |  |"
