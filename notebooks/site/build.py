"""Build the documentation site: gather its pages in one folder, write those that code knows best, and run Sphinx.

    python notebooks/site/build.py .site

The folder gets `source/` (what Sphinx reads) and `html/` (the site; open `html/index.html`). Nothing is downloaded, and
the site asks for nothing when it is read. Ends with 0 if there was no warning.
"""

import argparse
import re
import shutil
import sys
from pathlib import Path

from sphinx.cmd.build import build_main

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
SIGNATURE = re.compile(r'<dl>(\s*<dd><em class="sig-param".*?)</dl>', re.DOTALL)


def gather(source: Path) -> None:
    """Copy what people wrote: the site's own pages, README, notebooks with their pictures, the tables' README."""
    shutil.rmtree(source, ignore_errors=True)
    shutil.copytree(HERE, source, ignore=shutil.ignore_patterns("build.py", "__pycache__"))
    for page in source.glob("*.md"):  # whose links are those of the repository
        page.write_text(page.read_text(encoding="utf-8").replace("](../", "](notebooks/"), encoding="utf-8")
    shutil.copy2(ROOT / "README.md", source)
    for pattern in ("*.md", "*.ipynb", "images/*"):
        for path in (ROOT / "notebooks").glob(pattern):
            target = source / "notebooks" / path.relative_to(ROOT / "notebooks")
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(path, target)
    shutil.copy2(ROOT / "bayes_scaling" / "data" / "README.md", source / "packaged-tables.md")


def main() -> int:
    """Gather, write, build."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("output", type=Path, nargs="?", default=ROOT / ".site")
    output = parser.parse_args().output.resolve()
    source, html = output / "source", output / "html"
    gather(source)
    sys.path.insert(0, str(source / "extensions"))
    from pages import write_pages

    write_pages(source)
    shutil.rmtree(html, ignore_errors=True)
    strict = ["-b", "html", "-W", "--keep-going", "-q"]
    failed = build_main([*strict, "-d", str(output / "doctrees"), str(source), str(html)])
    finish(html)
    return failed


def finish(html: Path) -> None:
    """Mend what screen readers stumble over in the theme's markup: nameless switches, lists without terms."""
    for page in html.rglob("*.html"):
        text = page.read_text(encoding="utf-8")
        text = text.replace("<summary><span", '<summary aria-label="Show or hide the pages below"><span')
        page.write_text(SIGNATURE.sub(_without_list, text), encoding="utf-8")


def _without_list(found: re.Match[str]) -> str:
    inside = re.sub(r"<(/?)dd>", r"<\1div>", found[1])
    return f'<div class="sig-params">{inside}</div>'


if __name__ == "__main__":
    sys.exit(main())
