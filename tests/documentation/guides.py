"""Blocks of code of guides, which tests run as they stand."""

import re
from typing import Any

from documentation.quoted import page


def blocks(guide: str) -> list[tuple[str, str, str]]:
    """Mark above it (or nothing), language and text of each block of a guide, in order."""
    text = page(f"notebooks/site/{guide}.md")
    return re.findall(r"(?:<!-- ([\w.-]+) -->\n)?```(\w+)\n(.*?)```", text, re.DOTALL)


def code_of(guide: str, mark: str) -> dict[str, Any]:
    """What the block of Python under a mark defines."""
    (code,) = [text for found, language, text in blocks(guide) if (found, language) == (mark, "python")]
    defined: dict[str, Any] = {}
    exec(code, defined)
    return defined
