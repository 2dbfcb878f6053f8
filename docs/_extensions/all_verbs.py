"""The command with all its verbs, where typer looks for it."""

from __future__ import annotations

from sparsey_trace.cli.app import VERBS, put_together

app = put_together(VERBS)
