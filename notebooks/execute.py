"""Execute notebooks in place, top to bottom, and keep their pictures small: python notebooks/execute.py [FILE ...].

By default all of this directory. Pictures are stored with a palette, which makes their files a third as large.
"""

import base64
import io
import sys
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from PIL import Image

HERE = Path(__file__).parent
COLOURS = 128
TIMEOUT = 900
"""Seconds a cell, for a busy machine."""


def execute(path: Path) -> None:
    """Run one notebook in a kernel of its own and write it with its outputs.

    Raises
    ------
    nbclient.exceptions.CellExecutionError
        If a cell raises; the file stays as it was.
    """
    notebook = nbformat.read(path, as_version=4)
    kernel = {"metadata": {"path": str(HERE)}}
    NotebookClient(notebook, timeout=TIMEOUT, record_timing=False, resources=kernel).execute()
    notebook.metadata["language_info"] = {"name": "python"}  # of its version, files would differ between machines
    shrink(notebook)
    nbformat.write(notebook, path)


def shrink(notebook: nbformat.NotebookNode) -> None:
    """Give every picture a palette."""
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            content = output.get("data", {}).get("image/png")
            if content:
                output["data"]["image/png"] = with_palette(content)


def with_palette(content: str) -> str:
    """A PNG in base64 with few colours; as it was if that is no smaller."""
    packed = io.BytesIO()
    with Image.open(io.BytesIO(base64.b64decode(content))) as picture:
        picture.convert("RGB").quantize(COLOURS, dither=Image.Dither.NONE).save(packed, format="PNG", optimize=True)
    small = base64.b64encode(packed.getvalue()).decode()
    return min(small, content, key=len)


if __name__ == "__main__":
    for file in map(Path, sys.argv[1:] or sorted(HERE.glob("*.ipynb"))):
        execute(file)
