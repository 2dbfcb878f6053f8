"""The site: Sphinx, over the Markdown pages of this folder. `make docs` builds it, with warnings as errors."""

from __future__ import annotations

import re
import sys
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sphinx.application import Sphinx

sys.path.insert(0, str(Path(__file__).parent / "_extensions"))

project = "sparsey-trace"
release = version = metadata.version("sparsey-trace")

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "cli_reference",
    "mathml",
    "notebook_pages",
]
exclude_patterns = ["_build"]

myst_enable_extensions = ["dollarmath"]
myst_heading_anchors = 4
myst_fence_as_directive = ["math"]  # as GitHub writes it

default_role = "literal"
autodoc_typehints_format = "short"
napoleon_attr_annotations = False
napoleon_custom_sections = [("Class attributes", "Attributes")]
napoleon_use_ivar = True

html_theme = "pydata_sphinx_theme"
html_title = f"sparsey-trace {release}"
html_math_renderer = "mathml"
html_show_sourcelink = False
html_copy_source = False
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_sidebars = {"**": ["globaltoc.html"]}
html_theme_options = {
    "navbar_center": [],
    "navbar_end": ["theme-switcher"],
    "footer_start": [],
    "footer_end": [],
    "show_toc_level": 2,
}


def setup(app: Sphinx) -> None:
    """Have docstrings read as they are meant."""
    app.connect("autodoc-process-docstring", _as_meant, priority=400)


def _as_meant(app: Sphinx, what: str, name: str, thing: Any, options: Any, lines: list[str]) -> None:
    if what == "property":
        # Napoleon takes what stands before a colon in the first line for a type.
        lines.insert(0, "")
    if what == "module":
        text = "\n".join(lines)
        # What is indented is code, as in Markdown.
        lines[:] = re.sub(r"^(\S.*\n)\n(?=    )", r"\1\n::\n\n", text, flags=re.MULTILINE).splitlines()
