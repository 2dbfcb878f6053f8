"""From sections to one HTML file that runs nothing but its own two scripts, and asks no network for anything."""

from __future__ import annotations

import base64
import functools
import hashlib
import json
from importlib import metadata, resources
from typing import TYPE_CHECKING, Any

import numpy as np
from jinja2 import Environment, StrictUndefined, Template
from markupsafe import Markup
from plotly.offline import get_plotlyjs

from sparsey_trace.charts.panels.gallery import colours
from sparsey_trace.support.printable import printable

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sparsey_trace.reporting.finding import Finding
    from sparsey_trace.reporting.sections import Section
    from sparsey_trace.reporting.tables import Table


def page(
    runs: Sequence[str],
    sections: Sequence[Section],
    *,
    generator: str,
    findings: Sequence[Finding],
    facts: Sequence[Table],
    summary: Mapping[str, Any],
    title: str | None = None,
) -> bytes:
    """The report.

    Args:
        runs: what they are called.
        sections: those with charts.
        generator: what makes it, without its version.
        findings: in words, which stand first.
        facts: of the runs; see `tables.facts_of`.
        summary: figures, and what is to be known of them; see `tables.summary_of`.
        title: what the page is called; by default the runs.
    """
    scripts = {"plotly": get_plotlyjs(), "report": _asset("report.js")}
    made = _template().render(
        title=", ".join(runs) if title is None else title,
        runs=runs,
        generator=f"{generator} {metadata.version('sparsey-trace')}",
        policy=_policy(scripts.values()),
        style=Markup(_asset("report.css")),
        scripts={name: Markup(script) for name, script in scripts.items()},
        data=embedded(_data(sections)),
        sections=sections,
        findings=findings,
        facts=facts,
        summary=summary,
    )
    # Text of a trace may hold halves of surrogate pairs, which no encoding of Unicode knows.
    return made.encode("utf-8", "backslashreplace")


@functools.cache
def _template() -> Template:
    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters["printable"] = printable
    return environment.from_string(_asset("report.html"))


def _asset(name: str) -> str:
    return resources.files("sparsey_trace.reporting").joinpath("page", name).read_text(encoding="utf-8")


def _policy(scripts: Any) -> str:
    """What the page may do: the two scripts, and nothing else, by their checksums."""
    sums = (base64.b64encode(hashlib.sha256(script.encode()).digest()).decode() for script in scripts)
    sources = " ".join(f"'sha256-{checksum}'" for checksum in sums)
    return (
        f"default-src 'none'; script-src {sources}; style-src 'unsafe-inline'; img-src data: blob:; "
        "base-uri 'none'; form-action 'none'"
    )


def _data(sections: Sequence[Section]) -> dict[str, Any]:
    groups = [group for section in sections for group in section.groups]
    return {
        "charts": [panel.figure for group in groups for panel in group.panels],
        "maps": [gallery.content for group in groups for gallery in group.maps],
        "pairs": [pairs.content for group in groups for pairs in group.pairs],
        "colours": colours(),
    }


def embedded(data: Any) -> Markup:
    r"""JSON that may stand in a script element: nothing in it ends the element, whatever text it holds.

    >>> embedded(["</script>\u2028&"])
    Markup('["\\u003c/script\\u003e\\u2028\\u0026"]')
    """
    # Plotly leaves arrays without values as they are.
    written = json.dumps(data, allow_nan=False, separators=(",", ":"), default=np.ndarray.tolist)
    for sign in "<>&":
        written = written.replace(sign, f"\\u{ord(sign):04x}")
    # Nothing is left that HTML would read as anything but text.
    return Markup(written)
