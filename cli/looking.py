"""Verbs that show a run, here or in other programs: `report`, `plot`, `export`.

Annotations are not deferred, because typer reads them when it runs; what a verb needs is imported when
it is called, so that `--help` answers at once.
"""

from . import options, render
from .app import app


@app.command(
    epilog="""\b
Examples:
  sparsey-trace report run.h5
  sparsey-trace report before.h5 after.h5 -o comparison.html
It needs plotly and jinja2: pip install "sparsey-trace[report]\""""
)
def report(
    runs: options.RunsToShow,
    *,
    out: options.ReportOut = None,
    overwrite: options.Overwrite = False,
    n_jobs: options.Jobs = None,
    progress_bar: options.ProgressBar = None,
    debug: options.Debug = False,
) -> None:
    """Make one HTML file that shows a run, or several side by side.

    With curves, maps and basis averages; it opens in any browser and fetches nothing. What isn't analysed yet is
    analysed now, into the folders of `analyze`.
    """
    from .report import make_report

    shown = render.wants_progress(asked=progress_bar)
    make_report(runs, out, overwrite=overwrite, n_jobs=n_jobs, progress_bar=shown)


@app.command(
    epilog="""\b
Examples:
  sparsey-trace plot                        which pictures there are, and what they mean
  sparsey-trace plot run.h5 basis_set_size -o growth.pdf --width 85mm --font-size 8
  sparsey-trace plot run.h5 basis_average -o stands-for.svg --layer v1 --no-title
It needs matplotlib: pip install "sparsey-trace[plot]\""""
)
def plot(
    runs: options.RunsToPlot = None,
    picture: options.Picture = None,
    *,
    out: options.PictureOut = None,
    layer: options.Layer = None,
    width: options.Width = None,
    height: options.Height = None,
    font: options.Font = None,
    font_size: options.FontSize = 10,
    dpi: options.Dpi = 200,
    title: options.Title = True,
    overwrite: options.Overwrite = False,
    debug: options.Debug = False,
) -> None:
    """Draw a picture of a run for a paper.

    The same trace gives the same bytes. The table that it needs is taken from RUN.metrics, or made there.
    """
    from sparsey_trace.plotting.paper import Paper

    from . import plot as plotting

    if picture is None or (not runs and picture not in dict(options.picture_names())):
        plotting.list_pictures()
        return
    paper = Paper(
        width=plotting.parse_size(width, "--width"),
        height=plotting.parse_size(height, "--height"),
        font=font,
        font_size=font_size,
        dpi=dpi,
    )
    plotting.plot(runs or [], picture, out, layer=layer, paper=paper, title=title, overwrite=overwrite)


@app.command(
    epilog="""\b
Examples:
  sparsey-trace export run.h5 --to tensorboard && tensorboard --logdir run.tensorboard
  sparsey-trace export run.h5 --to csv -m basis_set_size -o tables
  sparsey-trace export run.h5 --to netcdf  then: xarray.open_datatree("run.nc")
It needs more packages: pip install "sparsey-trace[export]\""""
)
def export(
    runs: options.Runs,
    *,
    to: options.ExportTo,
    out: options.ExportOut = None,
    metric: options.Metrics = None,
    n_jobs: options.Jobs = None,
    progress_bar: options.ProgressBar = None,
    debug: options.Debug = False,
) -> None:
    """Write a run in the form of another program: TensorBoard, CSV, netCDF or Zarr.

    tensorboard and csv hold metrics: what isn't analysed yet is analysed now, into the folder of `analyze`.
    netcdf and zarr hold the trace itself: inputs, codes, which MACs were active, the wiring, and of each
    sample its step, epoch, phase, label and time.
    """
    from sparsey_trace.exporting.export import export as write
    from sparsey_trace.trace.reading.open_trace import open_trace

    metrics = [options.parse_metric(text) for text in metric] if metric else None
    with open_trace(runs) as trace:
        path, remarks = write(
            trace,
            to=to,
            out=out,
            metrics=metrics,
            n_jobs=options.default_jobs(len(trace)) if n_jobs is None else n_jobs,
            progress_bar=render.wants_progress(asked=progress_bar),
        )
    for remark in remarks:
        render.note(remark)
    render.write(render.printable(str(path)))
