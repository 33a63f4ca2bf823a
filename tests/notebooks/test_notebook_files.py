"""Notebooks as they are committed: executed in order, without errors, small, and readable without a kernel."""

import csv
import io
import re
import runpy
from pathlib import Path

import nbformat
import pytest

NOTEBOOKS = Path(__file__).parents[2] / "notebooks"
NAMES = (
    "01-first-posterior",
    "02-the-paper-side-by-side",
    "03-comparing-models",
    "04-your-own-data",
    "05-when-not-to-trust-it",
    "06-building-the-reference-model",
)
LARGEST = 300_000
"""Bytes of a file."""
MACHINE = re.compile(r"(?<![\w.])/(?:tmp|home|root|work|Users|usr|opt|var|private|mnt)/|[A-Z]:\\\\?[A-Z]|site-packages")
"""What names a place on the machine that ran a notebook."""
MARK = "NOT CONVERGED"
UNCONVERGED = ("05-when-not-to-trust-it",)
"""Where a fit that has not converged is shown on purpose."""


def read(name: str) -> nbformat.NotebookNode:
    return nbformat.read(NOTEBOOKS / f"{name}.ipynb", as_version=4)


def code_cells(notebook: nbformat.NotebookNode) -> list[nbformat.NotebookNode]:
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def prose(notebook: nbformat.NotebookNode) -> list[str]:
    return [cell.source for cell in notebook.cells if cell.cell_type == "markdown"]


def written(notebook: nbformat.NotebookNode) -> str:
    """Everything a reader sees as text: sources and outputs without pictures."""
    texts = [cell.source for cell in notebook.cells]
    for cell in code_cells(notebook):
        for output in cell.outputs:
            texts += [str(output.get("text", "")), str(output.get("evalue", ""))]
            texts += [str(content) for kind, content in output.get("data", {}).items() if kind.startswith("text/")]
    return "\n".join(texts)


def test_there_are_these_notebooks_and_no_others() -> None:
    assert tuple(sorted(path.stem for path in NOTEBOOKS.glob("*.ipynb"))) == NAMES


@pytest.mark.parametrize("name", NAMES)
class TestNotebook:
    def test_it_is_valid(self, name) -> None:
        nbformat.validate(read(name))

    def test_it_was_executed_once_from_top_to_bottom(self, name) -> None:
        cells = code_cells(read(name))
        assert [cell.execution_count for cell in cells] == list(range(1, len(cells) + 1))

    def test_nothing_failed_or_warned(self, name) -> None:
        outputs = [output for cell in code_cells(read(name)) for output in cell.outputs]
        assert outputs
        assert [each for each in outputs if each.output_type == "error" or each.get("name") == "stderr"] == []

    def test_no_place_on_a_machine_is_named(self, name) -> None:
        assert MACHINE.findall(written(read(name))) == []

    def test_it_is_small(self, name) -> None:
        assert (NOTEBOOKS / f"{name}.ipynb").stat().st_size < LARGEST

    def test_it_begins_with_what_one_learns_and_how_long_it_takes(self, name) -> None:
        first = read(name).cells[0]
        assert first.cell_type == "markdown"
        assert first.source.startswith(f"# {int(name[:2])}. ")
        text = " ".join(first.source.split())
        assert "You learn:" in text
        assert "less than three minutes" in text

    def test_text_states_no_result(self, name) -> None:
        """Results are printed by cells. arXiv numbers have a point, and are none."""
        text = re.sub(r"arXiv \d{4}\.\d{5}", "", "\n".join(prose(read(name))))
        assert re.findall(r"\d*\.\d+", text) == []

    def test_every_plot_is_there_as_a_picture(self, name) -> None:
        drawing = [cell for cell in code_cells(read(name)) if "bs.plot_" in cell.source]
        assert drawing
        for cell in drawing:
            assert any("image/png" in output.get("data", {}) for output in cell.outputs), cell.source

    def test_every_picture_has_a_text_alternative(self, name) -> None:
        for cell in code_cells(read(name)):
            if any("image/png" in output.get("data", {}) for output in cell.outputs):
                assert len(cell.metadata["mystnb"]["image"]["alt"]) > 20, cell.source

    def test_pictures_are_there(self, name) -> None:
        kinds = [kind for cell in code_cells(read(name)) for output in cell.outputs for kind in output.get("data", {})]
        assert "image/png" in kinds

    def test_links_lead_to_files(self, name) -> None:
        for target in re.findall(r"\]\(([^)]+)\)", "\n".join(prose(read(name)))):
            assert (NOTEBOOKS / target).is_file() or target.startswith("https://"), target

    def test_convergence_is_said_before_anything_is_read_off(self, name) -> None:
        shown = written(read(name))
        assert re.search(r"[Cc]onverged", shown)
        assert ("Converged: **False**" in shown) == (name in UNCONVERGED)
        assert MARK not in shown.replace(f"words {MARK}", "")

    def test_every_interval_shown_is_named(self, name) -> None:
        text = " ".join(written(read(name)).split())
        assert "95% equal-tailed" in text


def test_example_tables_are_what_their_script_makes() -> None:
    for name, table in runpy.run_path(str(NOTEBOOKS / "data" / "make.py"))["tables"]().items():
        made = list(csv.reader(io.StringIO(table.to_csv(index=False))))
        with (NOTEBOOKS / "data" / name).open(encoding="utf-8", newline="") as file:
            assert list(csv.reader(file)) == made, name


def test_example_tables_are_all_used() -> None:
    sources = "\n".join(cell.source for cell in read("04-your-own-data").cells)
    assert {path.name for path in (NOTEBOOKS / "data").glob("*.csv")} == set(re.findall(r"data/([\w-]+\.csv)", sources))
