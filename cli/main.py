"""`sparsey-trace`: what the command line says is done, and any fault is told in one line."""

import errno
import re
import sys
import warnings
from collections.abc import Sequence
from typing import Any

import typer

from sparsey_trace.errors import OutputError, SparseyTraceError, UsageError
from sparsey_trace.support.suggest import hint

from . import ctrl_c
from .app import VERBS, command
from .arguments import checked
from .error_chain import chain_of
from .output import printing
from .output.exits import COMMAND_AT_FAULT, DATA_AT_FAULT, DONE, INTERRUPTED

_NOT_ALLOWED = frozenset({errno.EACCES, errno.EPERM, errno.EROFS})

# Typer keeps the base of what it raises about a command line to itself.
_UsageFault: type[Exception] = typer.BadParameter.__mro__[1]


def run() -> None:
    """Do what the command line says, and exit."""
    for stream in (sys.stdout, sys.stderr):
        # A layer's name may hold what the terminal's encoding doesn't.
        stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
    warnings.formatwarning = printing.format_warning
    sys.exit(main(sys.argv[1:]))


def main(arguments: Sequence[str]) -> int:
    """Do what the arguments say.

    Returns:
        The exit code: 0 done, 1 the trace or the data are at fault, 2 the command line is, 130 stopped
        by Ctrl-C.
    """
    try:
        verb = next((word for word in arguments[:1] if word in VERBS), None)
        code = command(verb).main(checked(arguments), prog_name="sparsey-trace", standalone_mode=False)
        printing.flush()
    except (KeyboardInterrupt, typer.Abort):
        return INTERRUPTED
    except SystemExit as leaving:
        # Typer answers a closed pipe with exit(1); a reader who has seen enough (`| head`) is no fault.
        return DONE if isinstance(leaving.__context__, BrokenPipeError) else int(leaving.code or DONE)
    except Exception as error:  # noqa: BLE001 - whatever it is, the user gets one line
        if "--debug" in arguments:
            printing.traceback(error)
        return INTERRUPTED if ctrl_c.is_behind(error) else _explain(error)
    return int(code or DONE)


def _explain(error: Exception) -> int:
    """Say in one line what went wrong; whose fault it is."""
    if isinstance(error, _UsageFault):
        context = getattr(error, "ctx", None)
        command = "sparsey-trace" if context is None else context.command_path
        printing.error(f"{_fault(error)}; see `{command} --help`")
        return COMMAND_AT_FAULT
    if not isinstance(error, SparseyTraceError):
        found = f"{type(error).__name__}: {error}"
        printing.error(f"unexpected {found}; run it again with --debug to see where it comes from")
        return DATA_AT_FAULT
    printing.error(f"{error}{_elsewhere(error)}")
    return COMMAND_AT_FAULT if isinstance(error, (UsageError, OutputError)) else DATA_AT_FAULT


def _elsewhere(error: BaseException) -> str:
    """What to do where results may not be written; empty where that isn't what went wrong."""
    found = any(isinstance(one, OSError) and one.errno in _NOT_ALLOWED for one in chain_of(error))
    return "; choose another place with -o" if found and isinstance(error, OutputError) else ""


def _fault(error: Any) -> str:
    """What is wrong with the command line, and which verb or option may be meant."""
    if nearest := getattr(error, "possibilities", None):
        return f"{error.message}{hint(error.option_name, nearest)}"
    text = str(error.format_message()).rstrip(".").replace("Value error, ", "")
    if choice := re.search(r"'([^']*)' is not one of (.*)", text):
        return text + hint(choice[1], re.findall(r"'(.*?)'", choice[2]))
    return re.sub(r"\. Did you mean '(.*?)'.*", r" (did you mean \1?)", text)
