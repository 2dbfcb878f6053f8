"""Formulae as MathML, made when the site is built: no script, no font and no network when it is read."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from docutils import nodes
from docutils.utils.math import MathError
from docutils.utils.math.latex2mathml import tex2mathml
from sphinx.util import logging

if TYPE_CHECKING:
    from sphinx.application import Sphinx

logger = logging.getLogger(__name__)


def setup(app: Sphinx) -> dict[str, bool]:
    """Offer the renderer to Sphinx."""
    app.add_html_math_renderer("mathml", inline_renderers=(_inline, None), block_renderers=(_block, None))
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def _inline(writer: Any, node: nodes.math) -> None:
    writer.body.append(_mathml(node.astext(), node, as_block=False))
    raise nodes.SkipNode


def _block(writer: Any, node: nodes.math_block) -> None:
    # Browsers break no line within a formula: what wide spaces part are formulae of their own.
    parts = re.split(r"\s*\\q?quad\b\s*", node.astext())
    body = " ".join(_mathml(part, node, as_block=True) for part in parts)
    writer.body.append(f'<div class="math">{body}</div>')
    raise nodes.SkipNode


def _mathml(formula: str, node: nodes.Element, *, as_block: bool) -> str:
    try:
        return str(tex2mathml(formula, as_block=as_block))
    except MathError as error:
        logger.warning("formula %r: %s", formula, error, location=node)
        return ""
