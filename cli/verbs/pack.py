"""`pack`: a closed trace as one file for stores."""

from dataclasses import asdict

from sparsey_trace.support.printable import count, printable

from ..options.common import Debug, Json, Overwrite
from ..options.runs import CompleteSteps, NewTrace, RepeatedSteps, Runs
from ..output.printing import progress, write, write_json

EXAMPLES = """\b
Examples:
  sparsey-trace pack run.h5 -o packed.h5
  sparsey-trace pack "run.rank*.h5" -o run.h5      many ranks' files, or a resumed run's, as one
  sparsey-trace pack run.h5 -o packed.h5 && aws s3 cp packed.h5 s3://bucket/run.h5"""


def pack(
    runs: Runs,
    *,
    out: NewTrace,
    complete_steps: CompleteSteps = False,
    repeated_steps: RepeatedSteps = "all",
    overwrite: Overwrite = False,
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """Write a closed trace as one file, for an object store or a web server.

    What tells of it stands in front, and each column in one piece, so that little has to be fetched. It is the same
    run: its id, its values and its tables stay. The trace itself is only read.
    """
    from sparsey_trace.trace.rescue.pack import pack as write_packed

    with progress("packing", unit="parts") as on_progress:
        found = write_packed(
            runs,
            out,
            overwrite=overwrite,
            complete_steps=complete_steps,
            repeated_steps=repeated_steps,
            on_progress=on_progress,
        )
    if as_json:
        write_json({"traces": [str(run) for run in runs], "out": str(out), **asdict(found)})
        return
    size = f"{found.before:,} bytes in {count(found.files, 'file')} before, {found.after:,} now"
    write(printable(f"{out}: {count(found.samples, 'sample')}; {size}"))
