"""Cross references of docstrings, and the descriptions of public values.

A name that exists but has no page of its own is shown as code. One that doesn't exist stays a warning, and so an error.
"""

import inspect
import re
import sys
from functools import cache
from importlib import import_module
from typing import Any

from docutils import nodes
from sphinx.addnodes import pending_xref
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.pycode import ModuleAnalyzer
from sphinx.util.nodes import make_refnode

import bayes_scaling
from bayes_scaling import classical

ROLE = re.compile(r":(func|class|data|meth|attr|mod|exc):`([\w.]+)`")
MISSING = object()


def public_pages() -> dict[int, str]:
    """Identity of each public function and class to the name under which it has a page."""
    named = {id(getattr(classical, name)): f"bayes_scaling.classical.{name}" for name in classical.__all__}
    return named | {id(getattr(bayes_scaling, name)): f"bayes_scaling.{name}" for name in bayes_scaling.__all__}


def lookup(name: str) -> Any:
    """What a dotted name stands for, or :data:`MISSING`."""
    parts = name.split(".")
    for cut in range(len(parts), 0, -1):
        try:
            thing: Any = import_module(".".join(parts[:cut]))
        except ImportError:
            continue
        for part in parts[cut:]:
            fields = getattr(thing, "__dataclass_fields__", {})  # one without a default is no attribute of its class
            thing = fields[part] if part in fields else getattr(thing, part, MISSING)
        return thing
    return MISSING


def resolve(app: Sphinx, env: BuildEnvironment, node: pending_xref, text: nodes.TextElement) -> nodes.Node | None:
    """Link to the public page of what a name stands for; show as code what has none; leave alone what is not there."""
    if node.get("refdomain") != "py":
        return None
    thing = lookup(node["reftarget"])
    in_a_signature = not isinstance(text, nodes.literal)
    name = PAGES.get(id(thing), "")
    page = env.get_domain("py").objects.get(name)
    if page is not None:
        called = text.astext().endswith("()")
        if not in_a_signature and text.astext().removesuffix("()") == node["reftarget"]:
            text = nodes.literal("", name.replace("bayes_scaling.", "bs.", 1) + ("()" if called else ""))
        return make_refnode(app.builder, node["refdoc"], page.docname, page.node_id, text)
    return text if thing is not MISSING or in_a_signature else None


def complete(app: Sphinx, what: str, name: str, thing: Any, options: Any, lines: list[str]) -> None:
    """Take short names as the module meant them in which they were written, and describe public values."""
    if what == "data":
        lines[:] = value_text(name.rpartition(".")[2]).splitlines() or lines
    lines[:] = completed("\n".join(lines), thing).splitlines()


def text_of(name: str, thing: Any) -> str:
    """A public thing's description in reStructuredText: of a value, that under its definition."""
    is_value = not (inspect.isroutine(thing) or inspect.isclass(thing) or inspect.ismodule(thing))
    return value_text(name) if is_value else completed(inspect.getdoc(thing) or "", thing)


def completed(text: str, thing: Any) -> str:
    """A description with its references by whole names."""
    thing = getattr(thing, "fget", None) or getattr(thing, "func", None) or thing
    module = thing.__name__ if inspect.ismodule(thing) else getattr(thing, "__module__", None) or ""
    qualified = getattr(thing, "__qualname__", "")
    within = [f"{module}.{qualified.rpartition('.')[0]}", f"{module}.{qualified}", module]

    def whole(found: re.Match[str]) -> str:
        for prefix in within:
            if prefix.startswith("bayes_scaling") and lookup(f"{prefix}.{found[2]}") is not MISSING:
                return f":{found[1]}:`{found[2]} <{prefix}.{found[2]}>`"
        return found[0]

    return ROLE.sub(whole, text)


@cache
def value_text(name: str) -> str:
    """The text under the definition of a public value, which carries no docstring itself; empty if there is none."""
    homes = [module for module in sorted(sys.modules) if module.startswith("bayes_scaling.")]
    for home in homes:
        if name in vars(sys.modules[home]):
            lines = ModuleAnalyzer.for_module(home).find_attr_docs().get(("", name))
            if lines:
                return completed("\n".join(lines), sys.modules[home])
    return ""


PAGES = public_pages()


def setup(app: Sphinx) -> dict[str, bool]:
    """Connect."""
    app.connect("missing-reference", resolve)
    app.connect("autodoc-process-docstring", complete)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
