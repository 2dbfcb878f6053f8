"""Verbs about traces: `info`, `watch`, `validate`, `repair`, `demo`.

Annotations are not deferred, because typer reads them when it runs; what a verb needs is imported when
it is called, so that `--help` answers at once.
"""

from pathlib import Path

from sparsey_trace.errors import TraceError

from . import options, render
from .app import app
from .computing import analyze


@app.command(
    epilog="""\b
Examples:
  sparsey-trace info run.h5
  sparsey-trace info run.h5 --json | jq .layers"""
)
def info(runs: options.Runs, *, as_json: options.Json = False, debug: options.Debug = False) -> None:
    """Show what is in a trace.

    And which metrics can be computed from it; also of an empty trace, and of one that is still being written.
    """
    from sparsey_trace.replay.describe import facts
    from sparsey_trace.trace.reading.open_trace import open_trace

    with open_trace(runs) as trace:
        render.facts(facts(trace), as_json=as_json)


@app.command(
    epilog="""\b
Examples:
  sparsey-trace watch run.h5
  sparsey-trace watch run.h5 --json | jq .samples"""
)
def watch(
    run: options.Run,
    *,
    interval: options.Interval = 2.0,
    once: options.Once = False,
    as_json: options.JsonLines = False,
    debug: options.Debug = False,
) -> None:
    """Follow a run while it is recorded.

    Shows how long it is and, for each layer, how many codes were learnt, how much of the input gets there
    and how many MACs take part; until the trace is closed or its writer is no more.
    """
    from .watch import follow, shown

    with shown(as_json=as_json) as show:
        for sight in follow(run, interval=interval, once=once):
            show(sight)


@app.command(
    epilog="""\b
Examples:
  sparsey-trace validate run.h5
  sparsey-trace validate run.h5 && sparsey-trace analyze run.h5
  sparsey-trace validate run.h5 --json | jq .sound"""
)
def validate(runs: options.Runs, *, as_json: options.Json = False, debug: options.Debug = False) -> None:
    """Read all of a trace and check it; of several files, also whether they make one run.

    The exit code is 0 if it is sound; else 1, with a line that says what is wrong and where.
    """
    from sparsey_trace.trace.rescue.validate import validate as check

    named = ", ".join(map(str, runs))
    try:
        with render.progress("checking", unit="samples") as on_progress:
            report = check(runs, on_progress=on_progress)
    except TraceError as fault:
        if as_json:
            render.json_object({"trace": named, "sound": False, "fault": str(fault)})
        raise
    render.soundness(named, report, as_json=as_json)


@app.command(
    epilog="""\b
Examples:
  sparsey-trace repair run.h5 -o repaired.h5
  sparsey-trace repair run.h5 -o repaired.h5 && sparsey-trace analyze repaired.h5"""
)
def repair(
    run: options.Run,
    *,
    out: options.Repaired,
    overwrite: options.Overwrite = False,
    as_json: options.Json = False,
    debug: options.Debug = False,
) -> None:
    """Save what can be had of a broken or unclosed trace in a new one.

    The trace itself is only read. The exit code is 1 where nothing can be had.
    """
    from sparsey_trace.trace.rescue.repair import repair as save

    with render.progress("repairing", unit="samples") as on_progress:
        found = save(run, out, overwrite=overwrite, on_progress=on_progress)
    render.repaired(run, out, found, as_json=as_json)


@app.command(
    epilog="""\b
Examples:
  sparsey-trace demo
  sparsey-trace demo --dataset mnist --samples 1000 -o mnist-demo
It needs torch: pip install "sparsey-trace[demo]\""""
)
def demo(
    *,
    out: options.DemoFolder = Path("sparsey-demo"),
    dataset: options.DemoDataset = options.Dataset.DIGITS,
    epochs: options.Epochs = 2,
    samples: options.Samples = None,
    seed: options.Seed = 0,
    as_json: options.Json = False,
    debug: options.Debug = False,
) -> None:
    """Record a small Sparsey, analyse it and make a report.

    It trains on real digits; an earlier demo run in the folder is replaced.
    """
    from .demo import has_earlier, load_demo, record_demo
    from .report import demo_report

    run_demo = load_demo()
    run = out / f"{dataset.value}.h5"
    draw = demo_report(run, said_by=render.note if as_json else render.write)
    if has_earlier(run):
        render.note(f"{run}: replacing the earlier demo run and its results")
    render.note(f"{run}: recording a small Sparsey while it trains on {dataset.value}")
    wanted = {"dataset": dataset.value, "epochs": epochs, "samples": samples, "seed": seed}
    with render.progress("training", unit="steps") as on_step:
        record_demo(run_demo, run, **wanted, on_step=on_step)
    analyze([run], as_json=as_json)
    draw()
