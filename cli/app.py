"""The command itself: its own help and version, and the list of verbs.

Annotations are not deferred, because typer reads them when it runs.
"""

import functools
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperCommand, TyperGroup

from sparsey_trace.support.printable import printable

from .output.printing import write
from .output.streams import printing_results
from .plain_values import spare_pydantic

VERBS = (
    "analyze",
    "compare",
    "metrics",
    "report",
    "plot",
    "export",
    "info",
    "runs",
    "watch",
    "validate",
    "repair",
    "relabel",
    "pack",
    "demo",
)
"""In the order of the help."""

_NEXT = """\b
Start here:
  sparsey-trace demo                    record and analyse a small Sparsey on real digits
  sparsey-trace info RUN.h5             see what a trace holds
  sparsey-trace analyze RUN.h5          compute every metric from it
  sparsey-trace report RUN.h5           look at it, in one HTML file
  sparsey-trace VERB --help             options and examples"""


class _Verb(TyperCommand):
    """A verb. Typer prints help while it parses; what goes wrong there is told as of all that is printed."""

    def get_params(self, *given: Any) -> Any:
        return spare_pydantic(super().get_params(*given))

    def parse_args(self, *given: Any) -> Any:
        with printing_results():
            return super().parse_args(*given)


class _Verbs(TyperGroup):
    """The command as a whole, likewise."""

    def get_params(self, *given: Any) -> Any:
        return spare_pydantic(super().get_params(*given))

    def parse_args(self, *given: Any) -> Any:
        with printing_results():
            return super().parse_args(*given)


def _show_version(wanted: bool) -> None:  # noqa: FBT001 - typer's own protocol
    if wanted:
        from importlib import metadata

        write(f"sparsey-trace {metadata.version('sparsey-trace')}")
        raise typer.Exit


def _begin(
    context: typer.Context,
    *,
    version: Annotated[
        bool,
        typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version and exit."),
    ] = False,
) -> None:
    """Record the codes of a Sparsey while it trains; compute every metric afterwards, from one file."""
    if context.invoked_subcommand is None:
        from .here import suggestions

        write(context.get_help())
        if lines := suggestions(Path()):
            write("\n  In this folder:")
            for line in lines:
                write(f"    {printable(line)}")


@functools.cache
def command(verb: str | None = None) -> Any:
    """The command with all its verbs and their options, or with one verb.

    To put all of them together takes longer than most have to do.

    Args:
        verb: the only one that is wanted; None where that isn't known, or where the others are told of.
    """
    return typer.main.get_command(put_together(VERBS if verb is None else (verb,)))


def put_together(verbs: Sequence[str]) -> typer.Typer:
    """The command with these verbs, as typer takes it."""
    app = typer.Typer(
        name="sparsey-trace",
        cls=_Verbs,
        epilog=_NEXT,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["--help", "-h"]},
    )
    app.callback(invoke_without_command=True)(_begin)
    for name in verbs:
        module = import_module(f".verbs.{name}", __package__)
        app.command(cls=_Verb, epilog=module.EXAMPLES)(getattr(module, name))
    return app
